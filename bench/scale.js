// pnpm bench:scale [seconds]: several processes behind HAProxy on one PostgreSQL, with and without
// PgBouncer in between. Measures throughput, and what is lost when one of the processes is killed.
import { setTimeout as wait } from 'node:timers/promises';
import { startHaproxy, startPgbouncer } from '../test/support/proxies.js';
import { createDatabase } from './database.js';
import { runLoad, stopLoadGenerator } from './measure.js';
import { describeMachine, table, today } from './report.js';
import { TargetProcess } from './target-process.js';
import { server } from './targets/server.js';

const seconds = Number(process.argv[2] ?? 5);
const CONNECTIONS = 32;
const WARM_UP_SECONDS = 6;
const KILL_SECONDS = 6;
/** Messages that a killed process had claimed go out once its leases end and they are swept up. */
const RECOVERY_MS = 60_000;
const SETUPS = [
  { processes: 1, through: 'HAProxy' },
  { processes: 2, through: 'HAProxy' },
  { processes: 4, through: 'HAProxy' },
  { processes: 2, through: 'HAProxy, PgBouncer' },
  { processes: 4, through: 'HAProxy, PgBouncer' },
];
const HEADER = [
  ...['processes', 'through', 'sends/s', 'p99 ms', 'verifies/s', 'p99 ms'],
  ...['acknowledged', 'failed', 'lost'],
];

async function measureSetup({ processes, through }) {
  const database = await createDatabase('otp_scale');
  const stops = [];
  try {
    const pgbouncer = through.includes('PgBouncer') ? await startPgbouncer(database.url) : undefined;
    if (pgbouncer) stops.push(pgbouncer.stop);
    const target = { ...server, env: { ...server.env, TRUST_PROXY: 'loopback' } };
    const targetProcesses = Array.from({ length: processes }, () => {
      const targetProcess = new TargetProcess(target, pgbouncer?.url ?? database.url);
      stops.unshift(async () => {
        await targetProcess.stop();
        await targetProcess.db?.end();
      });
      return targetProcess;
    });
    for (const targetProcess of targetProcesses) await targetProcess.start();
    const haproxy = await startHaproxy(targetProcesses.map(({ url }) => url));
    stops.unshift(haproxy.stop);
    const [{ db }] = targetProcesses;
    const cells = [String(processes), through];
    for (const operation of ['send', 'verify']) {
      const warmUpTag = `warm${operation}`;
      await measureOperation(operation, warmUpTag, WARM_UP_SECONDS, haproxy.url, db);
      const result = await measureOperation(operation, operation, seconds, haproxy.url, db);
      cells.push(result.perSecond.toFixed(0), result.p99.toFixed(1));
    }
    if (processes > 1) cells.push(...(await killOneUnderLoad(targetProcesses, haproxy.url, db)));
    else cells.push('–', '–', '–');
    return cells;
  } finally {
    for (const stop of stops) await stop();
    await database.drop();
  }
}

async function measureOperation(operation, tag, durationSeconds, url, db) {
  const plan = await server.operations[operation]({ db, url, tag, seconds: durationSeconds });
  await db.query('vacuum analyze');
  await db.query('checkpoint');
  const result = await runLoad({
    port: new URL(url).port,
    connections: CONNECTIONS,
    seconds: durationSeconds,
    ...plan,
  });
  await server.settle(db);
  return result;
}

async function killOneUnderLoad([victim], url, db) {
  const acknowledged = [];
  let failed = 0;
  let next = 0;
  const end = performance.now() + KILL_SECONDS * 1000;
  const sendUntilEnd = async () => {
    while (performance.now() < end) {
      const email = `kill-${next++}@bench.test`;
      const reply = await fetch(`${url}/auth/send_otp`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email }),
      }).catch(() => undefined);
      await reply?.text().catch(() => undefined);
      if (reply?.status === 201) acknowledged.push(`email:${email}`);
      else failed++;
    }
  };
  const clients = Array.from({ length: CONNECTIONS }, sendUntilEnd);
  await wait((KILL_SECONDS * 1000) / 3);
  victim.child.kill('SIGKILL');
  await Promise.all(clients);

  const countSent = `select count(*)::int as count from messages
    where recipient = any ($1::text[]) and state = 'sent'`;
  const started = performance.now();
  let lost = acknowledged.length;
  while (lost > 0 && performance.now() - started < RECOVERY_MS) {
    lost = acknowledged.length - (await db.query(countSent, [acknowledged])).rows[0].count;
    await wait(200);
  }
  return [String(acknowledged.length), String(failed), String(lost)];
}

try {
  const rows = [];
  for (const setup of SETUPS) {
    rows.push(await measureSetup(setup));
    process.stderr.write(`${rows.at(-1).join(' | ')}\n`);
  }
  console.log(`${describeMachine()}, ${CONNECTIONS} connections, ${seconds} s each, ${today()}\n`);
  console.log(table([HEADER, ...rows]));
} finally {
  stopLoadGenerator();
}
