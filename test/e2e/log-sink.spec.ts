import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { POSTGRES_URL, testDatabase, type TestDatabase } from '../support/database.js';
import { inParallel } from '../support/parallel.js';
import { until } from '../support/until.js';

/** More log lines than a pipe holds. */
const REQUESTS = 1_500;
const STOP_SECONDS = 10;

/** What the server needs for batched log lines. The embedded database is not allowed with it. */
const PRODUCTION = {
  NODE_ENV: 'production',
  PHONE_SPEND_PER_HOUR: '1000000',
  PHONE_SPEND_PER_DAY: '1000000',
  PUBLIC_URL: 'https://auth.example.test',
  APP_SECRET: 'Zm9yIHRlc3RzIG9ubHksIG1hZGUgYnkgaGFuZCA0Mg==',
  SMS_ALLOWED_COUNTRIES: 'US',
  MAIL_PROVIDER: 'webhook',
  SMS_PROVIDER: 'webhook',
  WEBHOOK_URL: 'http://127.0.0.1:9/',
  WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
};
const MODES: [string, Record<string, string>][] = [
  ['readable lines', { NODE_ENV: 'test' }],
  ...(POSTGRES_URL ? [['batched JSON lines', PRODUCTION] as [string, typeof PRODUCTION]] : []),
];

describe.each(MODES)('a standard output that fails, with %s', (_, settings) => {
  const folder = mkdtempSync(join(tmpdir(), 'otp-log-'));
  const tiny = tinyFileSystem(join(folder, 'tiny'));
  const onLinux = process.platform === 'linux' ? it : it.skip;
  const withTinyFileSystem = tiny ? it : it.skip;
  let database: TestDatabase;
  let server: ChildProcess | undefined;
  let url: string;
  beforeEach(async () => {
    database = await testDatabase();
  });
  afterEach(async () => {
    if (server && isRunning(server)) {
      server.kill('SIGKILL');
      await once(server, 'exit');
    }
    await database?.drop();
  });
  afterAll(() => {
    if (tiny) spawnSync('umount', ['-l', tiny]);
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(stdout: number | 'pipe'): Promise<ChildProcess> {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(process.execPath, ['dist/main.js'], {
      env: {
        PATH,
        HOME,
        IP_RATE_LIMIT: '0',
        ACCEPT_RISKS: 'no-ip-limit',
        ...settings,
        ...database.env,
        PORT: String(port),
      },
      stdio: ['ignore', stdout, 'ignore'],
    });
    server = child;
    await until(
      'the server is ready',
      async () => {
        if (!isRunning(child)) throw new Error('the server ended');
        return (await fetch(`${url}/health/ready`).catch(() => null))?.ok;
      },
      60,
    );
    return child;
  }

  async function expectRequestsAnswered(): Promise<void> {
    const statuses = new Set<number>();
    let left = REQUESTS;
    await inParallel(8, async () => {
      const reply = await fetch(`${url}/health`, { signal: AbortSignal.timeout(10_000) });
      await reply.arrayBuffer();
      statuses.add(reply.status);
      return --left > 0;
    });
    expect([...statuses]).toEqual([200]);
  }

  async function expectStop(child: ChildProcess): Promise<void> {
    child.kill('SIGTERM');
    await until('the server has ended', () => !isRunning(child), STOP_SECONDS);
    expect(child.exitCode).toBe(0);
  }

  onLinux('answers requests and stops when every write fails with ENOSPC', async () => {
    const full = openSync('/dev/full', 'w');
    const child = await start(full);
    closeSync(full);
    await expectRequestsAnswered();
    await expectStop(child);
  });

  it('answers requests and stops when the pipe is not read', async () => {
    const child = await start('pipe');
    await expectRequestsAnswered();
    await expectStop(child);
  });

  it('answers requests and stops when the reader of the pipe has gone', async () => {
    const child = await start('pipe');
    child.stdout?.destroy();
    await expectRequestsAnswered();
    await expectStop(child);
  });

  withTinyFileSystem('answers requests on a full disk, logs again after it has room, and stops', async () => {
    const log = join(tiny ?? '', 'server.log');
    const filler = join(tiny ?? '', 'filler');
    const file = openSync(log, 'a');
    const child = await start(file);
    closeSync(file);
    fillUp(filler);
    await expectRequestsAnswered();
    const linesWhenFull = countRequests(log);
    rmSync(filler);
    await until('the log goes on', () => countRequests(log) > linesWhenFull);
    await expectStop(child);
  });
});

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

/** A file system of one mebibyte, or null where the test may not mount one. */
function tinyFileSystem(folder: string): string | null {
  mkdirSync(folder);
  const options = ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder];
  return spawnSync('mount', options, { stdio: 'ignore' }).status === 0 ? folder : null;
}

function fillUp(file: string): void {
  for (const size of [65_536, 4_096, 1]) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
}

function countRequests(log: string): number {
  return readFileSync(log, 'utf8').split('/health').length - 1;
}
