import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inParallel, post, type Call } from '../support/parallel.js';
import { ServerProcess } from '../support/server.js';
import { until } from '../support/until.js';

const SENDS_PER_LIFE = 150;

/** The embedded database, also when the rest of the suite runs on PostgreSQL. */
describe('the embedded database', () => {
  const folder = mkdtempSync(join(tmpdir(), 'otp-embedded-'));
  const lock = join(folder, 'server.lock');
  const servers: ServerProcess[] = [];
  const agent = new Agent({ keepAlive: true });
  let phones = 0;
  afterAll(async () => {
    agent.destroy();
    await Promise.all(servers.map((server) => server.stop('SIGKILL')));
    rmSync(folder, { recursive: true });
  });

  it('is made anew where the first start was killed before it was whole', async () => {
    const server = await launch();
    const some = join(folder, 'postgres', 'global');
    await until('some of it is there', () => existsSync(some), 60);
    server.child.kill('SIGKILL');
    await server.ended;
    expect(existsSync(join(folder, 'postgres.unfinished'))).toBe(true);
    await expectToWork(await running());
    expect(existsSync(join(folder, 'postgres.unfinished'))).toBe(false);
  });

  it('loses nothing that was acknowledged when its process is killed, and opens again at once', async () => {
    const codes = new Map<string, string>();
    const consumed = new Set<string>();
    const uncertain = new Set<string>();
    for (let life = 1; life <= 2; life++) {
      const server = await running();
      const goal = codes.size + SENDS_PER_LIFE + Math.floor(Math.random() * 50);
      // Of the codes that an earlier process left, all but some.
      const toConsume = [...codes.keys()].slice(20);
      await inParallel(8, async () => {
        const phone = nextPhone();
        // The kill cuts off those that are under way.
        const sent = await post(server.url, generate(phone), agent).catch(() => undefined);
        if (sent?.status === 200) codes.set(phone, sent.body.otp as string);
        if (codes.size >= goal) server.child.kill('SIGKILL');
        const old = toConsume.pop();
        if (!old) return sent !== undefined;
        const checked = await post(server.url, verify(old, codes.get(old)), agent).catch(() => undefined);
        if (checked) expect(checked.status).toBe(200);
        (checked ? consumed : uncertain).add(old);
        return checked !== undefined;
      });
      expect(await server.stop('SIGKILL')).toBe(null);
    }

    const started = performance.now();
    const server = await running();
    // A start, on a machine that other tests use too, and no wait for the dead one's lock.
    expect(performance.now() - started).toBeLessThan(30_000);
    // It has taken over the lock of a dead process.
    expect(JSON.parse(readFileSync(lock, 'utf8'))).toMatchObject({ pid: server.child.pid });
    const wrong: object[] = [];
    const entries = [...codes].filter(([phone]) => !uncertain.has(phone));
    await inParallel(8, async () => {
      const [phone, otp] = entries.pop() ?? [];
      if (!phone) return false;
      const { status } = await post(server.url, verify(phone, otp), agent);
      if (status !== (consumed.has(phone) ? 404 : 200)) wrong.push({ phone, status });
      return true;
    });
    expect(codes.size).toBeGreaterThanOrEqual(2 * SENDS_PER_LIFE);
    expect(consumed.size).toBeGreaterThanOrEqual(100);
    expect(wrong).toEqual([]);
  });

  it('refuses a second process with a message that helps, and the first one goes on', async () => {
    const first = await running();
    const second = await launch();
    expect(await second.ended).toBe(1);
    expect(second.log).toContain(`The data directory is in use by process ${first.child.pid}`);
    expect(second.log).toContain('choose another DATA_DIR');
    await expectToWork(first);
    expect(existsSync(lock)).toBe(true);
  });

  it('ends with code 0 within 10 seconds of SIGTERM and gives its lock back', async () => {
    const server = await running();
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

  it('lets one of two processes in that start at the same time', async () => {
    const both = await Promise.all([launch(), launch()]);
    expect(await Promise.race(both.map(({ ended }) => ended))).toBe(1);
    const winner = both.find(({ isRunning }) => isRunning);
    if (!winner) throw new Error('no process is left');
    await winner.ready();
    await expectToWork(winner);
  });

  /** The process that has the folder, or a new one. */
  async function running(): Promise<ServerProcess> {
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
    return `+1415${6_000_000 + phones++}`;
  }
});

function generate(phone_number: string): Call {
  return { path: '/otp/generate', body: { phone_number } };
}

function verify(phone_number: string, otp = ''): Call {
  return { path: '/otp/verify', body: { phone_number, otp } };
}
