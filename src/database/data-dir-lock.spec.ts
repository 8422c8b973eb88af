import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { DataDirInUseError, DataDirLock } from './data-dir-lock.js';

const ELSEWHERE = JSON.stringify({ pid: 1, started: '', host: 'another-host', nonce: 'n' });

describe('DataDirLock', () => {
  let folder: string;
  let file: string;
  const taken: DataDirLock[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'otp-lock-'));
    file = join(folder, 'server.lock');
  });
  afterEach(() => {
    taken.splice(0).forEach((lock) => lock.release());
    rmSync(folder, { recursive: true });
  });

  async function take(dataDir = folder): Promise<DataDirLock> {
    const lock = await DataDirLock.take(dataDir);
    taken.push(lock);
    return lock;
  }

  function expectHeld(): void {
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ pid: process.pid, host: hostname() });
    expect(existsSync(`${file}.stale`)).toBe(false);
  }

  it('makes the folder, names its holder, and leaves nothing behind', async () => {
    folder = join(folder, 'of', 'its', 'own');
    file = join(folder, 'server.lock');
    const lock = await take();
    expectHeld();
    lock.release();
    expect(existsSync(file)).toBe(false);
  });

  it('refuses a second holder, with a message that helps, until the first one is done', async () => {
    const first = await take();
    await expect(take()).rejects.toThrow(DataDirInUseError);
    await expect(take()).rejects.toThrow(
      `The data directory is in use by process ${process.pid} on ${hostname()}. Stop that server, choose another DATA_DIR`,
    );
    expectHeld();
    first.release();
    await take();
  });

  it.each<[string, () => string]>([
    ['a dead process', () => holder(spawnSync(process.execPath, ['--version']).pid)],
    ['a process whose id another has by now', () => holder(process.pid)],
    ['a process that died while it wrote the lock', () => ''],
  ])('takes over the lock of %s', async (_, content) => {
    writeFileSync(file, content());
    await take();
    expectHeld();
  });

  // Where /proc tells.
  (process.platform === 'linux' ? it : it.skip)(
    'takes over the lock of a killed process that its parent has not reaped',
    async () => {
      const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 30']);
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

  it('lets one of two in that find the same stale lock', async () => {
    writeFileSync(file, '');
    const outcomes = await Promise.allSettled([take(), take()]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expectHeld();
  });

  it('respects the lock of another host, such as a container on the same volume, while its heart beats', async () => {
    writeFileSync(file, ELSEWHERE);
    await expect(take()).rejects.toThrow('in use by process 1 on another-host');
    expect(readFileSync(file, 'utf8')).toBe(ELSEWHERE);

    const halfAMinuteAgo = Date.now() / 1_000 - 31;
    utimesSync(file, halfAMinuteAgo, halfAMinuteAgo);
    await take();
    expectHeld();
  });
});

function holder(pid: number, started = 'some boot 1'): string {
  return JSON.stringify({ pid, started, host: hostname(), nonce: 'n' });
}
