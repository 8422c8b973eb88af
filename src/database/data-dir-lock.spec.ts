import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { DataDirInUseError, lockDataDir } from './data-dir-lock.js';

const OTHER_HOST = JSON.stringify({ pid: 1, started: '', host: 'another-host', nonce: 'n' });

describe('lockDataDir', () => {
  let folder: string;
  let file: string;
  const releases: (() => void)[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'otp-lock-'));
    file = join(folder, 'server.lock');
  });
  afterEach(() => {
    releases.splice(0).forEach((release) => release());
    rmSync(folder, { recursive: true });
  });

  async function take(): Promise<() => void> {
    const release = await lockDataDir(folder);
    releases.push(release);
    return release;
  }

  function expectHeld(): void {
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      pid: process.pid,
      host: hostname(),
    });
    expect(existsSync(`${file}.stale`)).toBe(false);
  }

  it('creates the folder, names the holder and removes the lock when it is released', async () => {
    folder = join(folder, 'new', 'folder');
    file = join(folder, 'server.lock');
    const release = await take();
    expectHeld();
    release();
    expect(existsSync(file)).toBe(false);
  });

  it('refuses a second holder and says what to do, until the first one releases the lock', async () => {
    const releaseFirst = await take();
    await expect(take()).rejects.toThrow(DataDirInUseError);
    await expect(take()).rejects.toThrow(
      `The data directory is in use by process ${process.pid} on ${hostname()}. Stop that server, choose another DATA_DIR`,
    );
    expectHeld();
    releaseFirst();
    await take();
  });

  it.each<[string, () => string]>([
    ['a dead process', () => holder(spawnSync(process.execPath, ['--version']).pid)],
    ['a dead process whose id another process has', () => holder(process.pid)],
    ['a process that died while it wrote the file', () => ''],
  ])('takes over the lock of %s', async (_, content) => {
    writeFileSync(file, content());
    await take();
    expectHeld();
  });

  // Other systems have no /proc.
  (process.platform === 'linux' ? it : it.skip)(
    'takes over the lock of a killed process that its parent has not reaped',
    async () => {
      // The shell must become `sleep` before its child ends, or it would reap the child.
      const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 30']);
      try {
        const pid = Number(await once(parent.stdout, 'data'));
        const stat = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ');
        while (stat()[2] !== 'Z') await wait(10);
        const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
        writeFileSync(file, holder(pid, `${boot} ${stat()[21]}`));
        await take();
        expectHeld();
      } finally {
        parent.kill();
      }
    },
  );

  it('lets one of two callers in that find the same stale lock', async () => {
    writeFileSync(file, '');
    const outcomes = await Promise.allSettled([take(), take()]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expectHeld();
  });

  it('refuses the lock of another host until its heartbeat has stopped for half a minute', async () => {
    writeFileSync(file, OTHER_HOST);
    await expect(take()).rejects.toThrow('in use by process 1 on another-host');
    expect(readFileSync(file, 'utf8')).toBe(OTHER_HOST);

    const halfAMinuteAgo = Date.now() / 1_000 - 31;
    utimesSync(file, halfAMinuteAgo, halfAMinuteAgo);
    await take();
    expectHeld();
  });
});

function holder(pid: number, started = 'some boot 1'): string {
  return JSON.stringify({ pid, started, host: hostname(), nonce: 'n' });
}
