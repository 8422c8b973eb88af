// Measures one target doing one operation for some seconds.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { otherProgramsShare, usagePerRequest } from './resource-usage.js';

export const CONNECTIONS = 16;

const loadGenerator = fork(fileURLToPath(new URL('load.js', import.meta.url)));

/** `round` 0 or less is a warm-up. Every round has new recipients. */
export async function measure(targetProcess, operation, round, seconds) {
  const { target, db, url } = targetProcess;
  const tag = `${operation}${round}`;
  const plan = await target.operations[operation]({ db, url, tag, seconds });
  await target.settle?.(db);
  // Tables as autovacuum would leave them, and no checkpoint of the preparation in the measurement.
  await db.query('vacuum analyze');
  await db.query('checkpoint');
  // Otherwise PostgreSQL may count flushes of the preparation during the measurement.
  await db.query('select pg_stat_force_next_flush()');
  const statementsBefore = await targetProcess.statements();
  const before = await targetProcess.usage();
  const result = await runLoad({
    connections: CONNECTIONS,
    seconds,
    port: targetProcess.port,
    ...plan,
  });
  const otherShare = otherProgramsShare(before, await targetProcess.usage(), result.loadMs, result.elapsedMs);
  process.stderr.write(
    `${round > 0 ? round : 'warm-up'} ${operation} ${target.name}: ${Math.round(result.perSecond)}/s\n`,
  );
  await target.settle?.(db);
  const after = await targetProcess.usage();
  return {
    target: target.name,
    operation,
    round,
    ...result,
    ...usagePerRequest(before, after, result),
    statements: ((await targetProcess.statements()) - statementsBefore) / result.requests,
    mib: await targetProcess.residentMiB(),
    loadShare: result.loadMs / result.elapsedMs / os.cpus().length,
    otherShare,
  };
}

/** Lets the load generator run a plan and returns its result. */
export async function runLoad(plan) {
  loadGenerator.send(plan);
  const [{ result, error }] = await once(loadGenerator, 'message');
  if (error) throw new Error(error);
  return result;
}

export function stopLoadGenerator() {
  if (loadGenerator.connected) loadGenerator.disconnect();
}
