import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inParallel, post, type Call } from '../support/parallel.js';
import { ServerProcess } from '../support/server.js';
import { until } from '../support/until.js';

const SENDS_PER_ROUND = 150;

describe('embedded database', () => {
  const folder = mkdtempSync(join(tmpdir(), 'otp-embedded-'));
  const lock = join(folder, 'server.lock');
  const servers: ServerProcess[] = [];
  const agent = new Agent({ keepAlive: true });
  let phoneCount = 0;
  afterAll(async () => {
    agent.destroy();
    await Promise.all(servers.map((server) => server.stop('SIGKILL')));
    rmSync(folder, { recursive: true });
  });

  it('is created again when the first start was killed midway', async () => {
    const server = await launch();
    const databaseFiles = join(folder, 'postgres', 'global');
    await until('the first database files', () => existsSync(databaseFiles), 60);
    server.child.kill('SIGKILL');
    await server.ended;
    expect(existsSync(join(folder, 'postgres.unfinished'))).toBe(true);
    await expectToWork(await runningServer());
    expect(existsSync(join(folder, 'postgres.unfinished'))).toBe(false);
  });

  it('loses no acknowledged write when its process is killed, and reopens at once', async () => {
    const codes = new Map<string, string>();
    const consumed = new Set<string>();
    const unknownOutcome = new Set<string>();
    for (let round = 1; round <= 2; round++) {
      const server = await runningServer();
      const goal = codes.size + SENDS_PER_ROUND + Math.floor(Math.random() * 50);
      // Codes of earlier processes, except a few that stay unused.
      const toConsume = [...codes.keys()].slice(20);
      await inParallel(8, async () => {
        const phone = nextPhone();
        // The kill cuts off requests in flight.
        const sent = await post(server.url, generate(phone), agent).catch(() => undefined);
        if (sent?.status === 200) codes.set(phone, sent.body.otp as string);
        if (codes.size >= goal) server.child.kill('SIGKILL');
        const oldPhone = toConsume.pop();
        if (!oldPhone) return sent !== undefined;
        const checked = await post(server.url, verify(oldPhone, codes.get(oldPhone)), agent).catch(
          () => undefined,
        );
        if (checked) expect(checked.status).toBe(200);
        (checked ? consumed : unknownOutcome).add(oldPhone);
        return checked !== undefined;
      });
      expect(await server.stop('SIGKILL')).toBe(null);
    }

    const started = performance.now();
    const server = await runningServer();
    // No wait for the dead process's lock. The limit leaves room for a busy machine.
    expect(performance.now() - started).toBeLessThan(30_000);
    // It has taken over the lock of the dead process.
    expect(JSON.parse(readFileSync(lock, 'utf8'))).toMatchObject({ pid: server.child.pid });
    const mismatches: object[] = [];
    const entries = [...codes].filter(([phone]) => !unknownOutcome.has(phone));
    await inParallel(8, async () => {
      const [phone, otp] = entries.pop() ?? [];
      if (!phone) return false;
      const { status } = await post(server.url, verify(phone, otp), agent);
      if (status !== (consumed.has(phone) ? 404 : 200)) mismatches.push({ phone, status });
      return true;
    });
    expect(codes.size).toBeGreaterThanOrEqual(2 * SENDS_PER_ROUND);
    expect(consumed.size).toBeGreaterThanOrEqual(100);
    expect(mismatches).toEqual([]);
  });

  it('refuses a second process with a helpful message and keeps serving the first', async () => {
    const first = await runningServer();
    const second = await launch();
    expect(await second.ended).toBe(1);
    expect(second.log).toContain(`The data directory is in use by process ${first.child.pid}`);
    expect(second.log).toContain('choose another DATA_DIR');
    await expectToWork(first);
    expect(existsSync(lock)).toBe(true);
  });

  it('exits with code 0 within 10 seconds of SIGTERM and releases its lock', async () => {
    const server = await runningServer();
    const load = inParallel(8, async () => {
      const sent = await post(server.url, generate(nextPhone()), agent).catch(() => undefined);
      return sent?.status === 200;
    });
    const started = performance.now();
    expect(await server.stop('SIGTERM')).toBe(0);
    expect(performance.now() - started).toBeLessThan(10_000);
    await load;
    expect(existsSync(lock)).toBe(false);
  });

  it('admits only one of two processes that start at the same time', async () => {
    const processes = await Promise.all([launch(), launch()]);
    expect(await Promise.race(processes.map(({ ended }) => ended))).toBe(1);
    const winner = processes.find(({ isRunning }) => isRunning);
    if (!winner) throw new Error('no process is running');
    await winner.ready();
    await expectToWork(winner);
  });

  /** The process that holds the data directory, or a new one. */
  async function runningServer(): Promise<ServerProcess> {
    const server = servers.find(({ isRunning }) => isRunning) ?? (await launch());
    await server.ready();
    return server;
  }

  async function launch(): Promise<ServerProcess> {
    const server = await ServerProcess.launch({
      NODE_ENV: 'test',
      LOG_LEVEL: 'error',
      OTP_EXPOSE_CODE: 'true',
      DATA_DIR: folder,
    });
    servers.push(server);
    return server;
  }

  async function expectToWork({ url }: ServerProcess): Promise<void> {
    expect(await post(url, generate(nextPhone()), agent)).toMatchObject({ status: 200 });
  }

  function nextPhone(): string {
    return `+1415${6_000_000 + phoneCount++}`;
  }
});

function generate(phone_number: string): Call {
  return { path: '/otp/generate', body: { phone_number } };
}

function verify(phone_number: string, otp = ''): Call {
  return { path: '/otp/verify', body: { phone_number, otp } };
}
