import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { StartError } from '../common/start-error.js';

interface Holder {
  pid: number;
  /** Tells a process from a later one with the same id (Linux; empty elsewhere). */
  started: string;
  host: string;
  nonce: string;
}

const HEARTBEAT_MS = 5_000;
const LOST_AFTER_MS = 30_000;
const SETTLE_MS = 50;

export class DataDirInUseError extends StartError {
  override name = 'DataDirInUseError';

  constructor(file: string, { pid, host }: Holder) {
    super(
      `The data directory is in use by process ${pid} on ${host}. Stop that server, choose another DATA_DIR, ` +
        `or set DATABASE_URL. If no such process runs, delete ${file}.`,
    );
  }
}

/**
 * Keeps a second process out of the embedded database, which two writers would corrupt. The lock file names its
 * holder, so that the lock of a killed process is known for stale at once and one of another host (a container on
 * the same volume) once its heartbeat stops.
 */
export class DataDirLock {
  private constructor(
    private readonly file: string,
    private readonly heartbeat: NodeJS.Timeout,
  ) {}

  static async take(dataDir: string): Promise<DataDirLock> {
    mkdirSync(dataDir, { recursive: true });
    const file = join(dataDir, 'server.lock');
    const me: Holder = {
      pid: process.pid,
      started: startOf(process.pid),
      host: hostname(),
      nonce: randomUUID(),
    };
    if (!create(file, me)) {
      const holder = read(file);
      if (holder && isAlive(holder, file)) throw new DataDirInUseError(file, holder);
      renameSync(file, `${file}.stale`);
      if (!create(file, me)) throw new DataDirInUseError(file, read(file) ?? me);
    }
    // Of two processes that both found a stale lock, the later one has moved the other's away by now.
    await wait(SETTLE_MS);
    const holder = read(file);
    if (holder?.nonce !== me.nonce) throw new DataDirInUseError(file, holder ?? me);
    rmSync(`${file}.stale`, { force: true });
    return new DataDirLock(file, setInterval(() => beat(file), HEARTBEAT_MS).unref());
  }

  release(): void {
    clearInterval(this.heartbeat);
    rmSync(this.file, { force: true });
  }
}

function create(file: string, holder: Holder): boolean {
  try {
    writeFileSync(file, JSON.stringify(holder), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function read(file: string): Holder | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder;
  } catch {
    return null;
  }
}

function isAlive(holder: Holder, file: string): boolean {
  if (holder.host !== hostname()) return Date.now() - statSync(file).mtimeMs < LOST_AFTER_MS;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return startOf(holder.pid) === holder.started;
}

/**
 * Boot id and start time in clock ticks of a process (proc(5), fields 3 and 22 of stat); none of one that is dead and
 * whose parent has not asked how it ended, which in a container may be forever.
 */
function startOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? '' : `${boot} ${fields[19]}`;
  } catch {
    return '';
  }
}

function beat(file: string): void {
  const now = new Date();
  try {
    utimesSync(file, now, now);
  } catch {
    // Somebody deleted the file by hand; the server goes on.
  }
}
