// Processor time and write-ahead log, as /proc and PostgreSQL count them.
import { readFile } from 'node:fs/promises';
import os from 'node:os';

/** One clock tick of /proc, on every Linux that Node supports. */
const TICK_MS = 10;

/** A backend reports its flushes once a second, so their number is slightly late. */
const WAL = `
  select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 as bytes, wal_sync::float8 as flushes
  from pg_stat_wal`;

/** Processor time is NaN without /proc, and PostgreSQL's also if it runs on another machine. */
export async function readUsage(db, serverPid, postmasterPid) {
  const { rows } = await db.query(WAL);
  return {
    serverMs: await processMs(serverPid),
    databaseMs: await processTreeMs(postmasterPid),
    machineMs: await busyMs(),
    ...rows[0],
  };
}

/** Processor time of 1000 requests, and write-ahead log of one request. */
export function usagePerRequest(before, after, { requests }) {
  const perRequest = (key) => (after[key] - before[key]) / requests;
  return {
    serverMs: perRequest('serverMs') * 1000,
    databaseMs: perRequest('databaseMs') * 1000,
    walBytes: perRequest('bytes'),
    walFlushes: perRequest('flushes'),
  };
}

/** The share of all processors taken by programs outside the measurement. */
export function otherProgramsShare(before, after, loadMs, elapsedMs) {
  const spent = (key) => after[key] - before[key];
  const otherMs = spent('machineMs') - spent('serverMs') - spent('databaseMs') - loadMs;
  return Math.max(0, otherMs / elapsedMs / os.cpus().length);
}

/** The parent process of all backends, if PostgreSQL runs on this machine. */
export async function findPostmaster(db) {
  const { rows } = await db.query('select pg_backend_pid() as pid');
  const backend = await readStat(rows[0].pid);
  return backend?.name.startsWith('postgres') ? backend.parent : undefined;
}

export async function residentMiB(pid) {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? NaN) / 1024;
}

/** All processor time of the machine except idle and I/O wait. */
async function busyMs() {
  const text = await readFile('/proc/stat', 'utf8').catch(() => '');
  const [user, nice, system, , , interrupts, softInterrupts, steal] = text
    .split('\n')[0]
    .split(/ +/)
    .slice(1)
    .map(Number);
  return (user + nice + system + interrupts + softInterrupts + steal) * TICK_MS;
}

async function processMs(pid) {
  const stat = await readStat(pid);
  return stat ? stat.ticks * TICK_MS : NaN;
}

/** Processor time of a process, its children, and its children that have ended. */
async function processTreeMs(pid) {
  const root = pid && (await readStat(pid));
  if (!root) return NaN;
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const children = await Promise.all(list.trim().split(' ').map(readStat));
  const ticks = children.reduce(
    (sum, child) => sum + (child?.ticks ?? 0),
    root.ticks + root.endedChildrenTicks,
  );
  return ticks * TICK_MS;
}

async function readStat(pid) {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (text === null) return null;
  // The name may contain spaces and parentheses.
  const nameEnd = text.lastIndexOf(')');
  const fields = text
    .slice(nameEnd + 2)
    .split(' ')
    .map(Number);
  const [utime, stime, childrenUtime, childrenStime] = fields.slice(11, 15);
  return {
    name: text.slice(text.indexOf('(') + 1, nameEnd),
    parent: fields[1],
    ticks: utime + stime,
    endedChildrenTicks: childrenUtime + childrenStime,
  };
}
