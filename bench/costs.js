// What a pass costs, in processor time and in write-ahead log, as the system and PostgreSQL count it.
import { readFile } from 'node:fs/promises';
import os from 'node:os';

/** Clock ticks of /proc, on every Linux that Node runs on. */
const TICK_MS = 10;

/** A backend reports its flushes once a second, so their number is a little late. */
const WAL = `
  select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 as bytes, wal_sync::float8 as flushes
  from pg_stat_wal`;

/** Processor time only where /proc shows the processes: a PostgreSQL elsewhere, or another system, has none. */
export async function costs(db, pid, postmaster) {
  const { rows } = await db.query(WAL);
  return {
    serverMs: await cpuMs(pid),
    databaseMs: await treeCpuMs(postmaster),
    machineMs: await busyMs(),
    ...rows[0],
  };
}

/** A thousand requests' processor time, and one request's write-ahead log. */
export function perRequest(before, after, { requests }) {
  const each = (key) => (after[key] - before[key]) / requests;
  return {
    serverMs: each('serverMs') * 1000,
    databaseMs: each('databaseMs') * 1000,
    walBytes: each('bytes'),
    walFlushes: each('flushes'),
  };
}

/** The share of the processors that programs took which have no part in the measurement. */
export function othersShare(before, after, loadMs, elapsedMs) {
  const spent = (key) => after[key] - before[key];
  const others = spent('machineMs') - spent('serverMs') - spent('databaseMs') - loadMs;
  return Math.max(0, others / elapsedMs / os.cpus().length);
}

/** The process that all backends of this cluster are children of, if it runs on this machine. */
export async function postmasterOf(db) {
  const { rows } = await db.query('select pg_backend_pid() as pid');
  const backend = await stat(rows[0].pid);
  return backend?.name.startsWith('postgres') ? backend.parent : undefined;
}

export async function residentMiB(pid) {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? NaN) / 1024;
}

/** Everything but idle and waiting for a disk. */
async function busyMs() {
  const text = await readFile('/proc/stat', 'utf8').catch(() => '');
  const [user, nice, system, , , interrupts, softInterrupts, steal] = text
    .split('\n')[0]
    .split(/ +/)
    .slice(1)
    .map(Number);
  return (user + nice + system + interrupts + softInterrupts + steal) * TICK_MS;
}

async function cpuMs(pid) {
  const found = await stat(pid);
  return found ? found.own * TICK_MS : NaN;
}

/** Of the process, of its children, and of the children that have ended. */
async function treeCpuMs(pid) {
  const root = pid && (await stat(pid));
  if (!root) return NaN;
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const children = await Promise.all(list.trim().split(' ').map(stat));
  return children.reduce((sum, child) => sum + (child?.own ?? 0), root.own + root.ended) * TICK_MS;
}

async function stat(pid) {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (text === null) return null;
  const nameEnd = text.lastIndexOf(')');
  const fields = text
    .slice(nameEnd + 2)
    .split(' ')
    .map(Number);
  const [utime, stime, endedUser, endedSystem] = fields.slice(11, 15);
  return {
    name: text.slice(text.indexOf('(') + 1, nameEnd),
    parent: fields[1],
    own: utime + stime,
    ended: endedUser + endedSystem,
  };
}
