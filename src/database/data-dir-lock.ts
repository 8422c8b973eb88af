import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, utimes, writeFileSync } from 'node:fs';
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
 * Keeps a second process out of the embedded database, which two writers would corrupt. Returns a
 * function that releases the lock.
 *
 * The lock file names its holder. On the same host, the lock of a dead process is taken over at
 * once. A lock of another host, such as a container on the same volume, is taken over when its
 * heartbeat stops.
 */
export async function lockDataDir(dataDir: string): Promise<() => void> {
  mkdirSync(dataDir, { recursive: true });
  const file = join(dataDir, 'server.lock');
  const { pid } = process;
  const me: Holder = { pid, started: startOf(pid), host: hostname(), nonce: randomUUID() };
  const holder = read(file);
  if (holder && isAlive(holder, file)) throw new DataDirInUseError(file, holder);
  if (holder !== undefined) rmSync(file, { force: true });
  create(file, me);
  // If two processes find the same stale lock, the second removes the lock of the first. Each one
  // therefore checks that its lock is still there.
  await wait(SETTLE_MS);
  const winner = read(file);
  if (winner?.nonce !== me.nonce) throw new DataDirInUseError(file, winner ?? me);
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(file, now, now, () => undefined); // fails if somebody deleted the file
  }, HEARTBEAT_MS).unref();
  return () => {
    clearInterval(heartbeat);
    rmSync(file, { force: true });
  };
}

function create(file: string, holder: Holder): void {
  try {
    writeFileSync(file, JSON.stringify(holder), { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new DataDirInUseError(file, read(file) ?? holder);
  }
}

/** Undefined without a lock, null for one whose process died while it wrote the file. */
function read(file: string): Holder | null | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : null;
  }
}

function isAlive({ pid, started, host }: Holder, file: string): boolean {
  if (host !== hostname()) return Date.now() - statSync(file).mtimeMs < LOST_AFTER_MS;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return startOf(pid) === started;
}

/**
 * Boot id and start time of a process (proc(5), fields 3 and 22 of stat). Empty for a zombie: in a
 * container without an init process it may stay forever.
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
