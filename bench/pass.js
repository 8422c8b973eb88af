// One target doing one operation for some seconds.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import { othersShare, perRequest } from './costs.js';

export const CONNECTIONS = 16;

const loader = fork('bench/load.js');

/** New recipients each time, and tables as autovacuum would have left them. */
export async function pass(subject, operation, round, seconds) {
  const { target, db, url } = subject;
  const tag = `${operation}${round}`;
  const plan = await target.operations[operation]({ db, url, tag, seconds });
  await target.settle?.(db);
  await db.query('vacuum analyze');
  await db.query('checkpoint');
  // What the preparation wrote is not counted late, among what is measured.
  await db.query('select pg_stat_force_next_flush()');
  const statements = await subject.statements();
  const before = await subject.costs();
  const result = await load({ connections: CONNECTIONS, seconds, port: subject.port, ...plan });
  const others = othersShare(before, await subject.costs(), result.loadMs, result.elapsedMs);
  process.stderr.write(
    `${round > 0 ? round : 'warm-up'} ${operation} ${target.name}: ${Math.round(result.perSecond)}/s\n`,
  );
  await target.settle?.(db);
  const after = await subject.costs();
  return {
    target: target.name,
    operation,
    ...result,
    ...perRequest(before, after, result),
    statements: ((await subject.statements()) - statements) / result.requests,
    mib: await subject.residentMiB(),
    loadShare: result.loadMs / result.elapsedMs / os.cpus().length,
    others,
  };
}

/** Runs a plan of `load.js`. */
export async function load(plan) {
  loader.send(plan);
  const [{ result, error }] = await once(loader, 'message');
  if (error) throw new Error(error);
  return result;
}

export function stopLoader() {
  if (loader.connected) loader.disconnect();
}
