import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { inParallel, post } from '../support/parallel.js';
import { ServerProcess } from '../support/server.js';

/** The embedded database, also when the rest of the suite runs on PostgreSQL. */
describe('the embedded database', () => {
  const servers: ServerProcess[] = [];
  const folders: string[] = [];
  const agent = new Agent({ keepAlive: true });
  let template: string;

  beforeAll(async () => {
    template = newFolder();
    const server = await start(template);
    expect(await server.stop()).toBe(0);
  }, 60_000);
  afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop('SIGKILL'))));
  afterAll(() => {
    agent.destroy();
    folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }));
  });

  it('loses nothing that was acknowledged when its process is killed, and opens again at once', async () => {
    const folder = copyOfTemplate();
    const codes = new Map<string, string>();
    let next = 0;
    for (let kill = 0; kill < 3; kill++) {
      const server = await start(folder);
      const goal = codes.size + 100 + Math.floor(Math.random() * 100);
      await inParallel(8, async () => {
        const phone = `+1415${6_000_000 + next++}`;
        // The kill cuts off those that are under way.
        const reply = await post(server.url, generate(phone), agent).catch(() => undefined);
        if (reply?.status === 200) codes.set(phone, reply.body.otp as string);
        if (codes.size >= goal) server.child.kill('SIGKILL');
        return reply !== undefined;
      });
      await server.stop('SIGKILL');
    }
    const started = performance.now();
    const server = await start(folder);
    expect(performance.now() - started).toBeLessThan(10_000);
    const lost: string[] = [];
    const entries = [...codes];
    await inParallel(8, async () => {
      const entry = entries.pop();
      if (!entry) return false;
      const [phone, otp] = entry;
      const { status } = await post(server.url, verify(phone, otp), agent);
      if (status !== 200) lost.push(phone);
      return true;
    });
    expect(codes.size).toBeGreaterThanOrEqual(300);
    expect(lost).toEqual([]);
    // And what was consumed stays so.
    const [[phone, otp] = ['', '']] = codes;
    await server.stop('SIGKILL');
    const { status } = await post((await start(folder)).url, verify(phone, otp), agent);
    expect(status).toBe(404);
  }, 120_000);

  it('refuses a second process with a message that helps, and the first one goes on', async () => {
    const folder = copyOfTemplate();
    const first = await start(folder);
    const second = launch(folder);
    const [code] = (await once(second.child, 'close')) as [number];
    expect(code).toBe(1);
    expect(second.log).toContain(`The data directory is in use by process ${first.child.pid}`);
    expect(second.log).toContain('choose another DATA_DIR');
    expect(await post(first.url, generate('+14156999999'), agent)).toMatchObject({ status: 200 });
    expect(existsSync(join(folder, 'server.lock'))).toBe(true);
  }, 60_000);

  it('lets one of two processes in that start at the same time', async () => {
    const folder = copyOfTemplate();
    const both = [launch(folder), launch(folder)];
    const ends = both.map(async ({ child }) => ((await once(child, 'close')) as [number])[0]);
    expect(await Promise.race(ends)).toBe(1);
    const winner = both.find(({ child }) => child.exitCode === null);
    if (!winner) throw new Error('no process is left');
    await ready(winner);
    expect(await post(winner.url, generate('+14156999998'), agent)).toMatchObject({ status: 200 });
  }, 60_000);

  it('ends with code 0 within 10 seconds of SIGTERM and gives its lock back', async () => {
    const folder = copyOfTemplate();
    const server = await start(folder);
    let next = 0;
    const load = inParallel(8, async () => {
      const sent = await post(server.url, generate(`+1415${6_500_000 + next++}`), agent).catch(
        () => undefined,
      );
      return sent?.status === 200;
    });
    const started = performance.now();
    expect(await server.stop('SIGTERM')).toBe(0);
    expect(performance.now() - started).toBeLessThan(10_000);
    await load;
    expect(existsSync(join(folder, 'server.lock'))).toBe(false);
    expect(await post((await start(folder)).url, generate('+14156999997'), agent)).toMatchObject({
      status: 200,
    });
  }, 60_000);

  it.each([
    ['a dead process', () => ({ pid: deadPid(), started: 'some boot 1', host: hostname(), nonce: 'n' })],
    [
      'a process whose id another has by now',
      () => ({ pid: process.pid, started: 'some boot 1', host: hostname(), nonce: 'n' }),
    ],
    ['a process that died while it wrote the lock', () => undefined],
  ])(
    'takes over the lock of %s',
    async (_, holder) => {
      const folder = copyOfTemplate();
      const lock = join(folder, 'server.lock');
      writeFileSync(lock, JSON.stringify(holder()) ?? '');
      const server = await start(folder);
      expect(JSON.parse(readFileSync(lock, 'utf8'))).toMatchObject({ pid: server.child.pid });
      expect(existsSync(`${lock}.stale`)).toBe(false);
    },
    60_000,
  );

  it('respects the fresh lock of another host, such as a container on the same volume', async () => {
    const folder = copyOfTemplate();
    const holder = { pid: 1, started: '', host: 'another-host', nonce: 'n' };
    writeFileSync(join(folder, 'server.lock'), JSON.stringify(holder));
    const server = launch(folder);
    expect(((await once(server.child, 'close')) as [number])[0]).toBe(1);
    expect(server.log).toContain('in use by process 1 on another-host');
  }, 60_000);

  function newFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'otp-embedded-'));
    folders.push(folder);
    return folder;
  }

  function copyOfTemplate(): string {
    const folder = newFolder();
    cpSync(template, folder, { recursive: true });
    return folder;
  }

  async function start(folder: string): Promise<ServerProcess> {
    const server = await ServerProcess.start(settings(folder));
    servers.push(server);
    return server;
  }

  function launch(folder: string): ServerProcess {
    const server = ServerProcess.launch({ ...settings(folder), PORT: String(port++) });
    servers.push(server);
    return server;
  }
});

let port = 20_000 + Math.floor(Math.random() * 10_000);

function settings(folder: string): Record<string, string> {
  return {
    NODE_ENV: 'test',
    LOG_LEVEL: 'error',
    OTP_EXPOSE_CODE: 'true',
    IP_RATE_LIMIT: '0',
    DATA_DIR: folder,
  };
}

async function ready({ url }: ServerProcess): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    const answer = await fetch(`${url}/health/ready`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('not ready');
}

/** The id of a process that has ended. */
function deadPid(): number {
  return spawnSync(process.execPath, ['--version']).pid;
}

function generate(phone_number: string) {
  return { path: '/otp/generate', body: { phone_number } };
}

function verify(phone_number: string, otp: string) {
  return { path: '/otp/verify', body: { phone_number, otp } };
}
