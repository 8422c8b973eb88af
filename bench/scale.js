// pnpm bench:scale [seconds]: several processes behind HAProxy on one PostgreSQL, with and without PgBouncer between them. How
// much they do, and what becomes of what was acknowledged when one of them is killed.
import os from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { balancer, pooler } from './middle.js';
import { load, stopLoader } from './pass.js';
import { makeDatabase } from './process.js';
import { table } from './report.js';
import { TargetProcess } from './target-process.js';
import { server } from './targets/server.js';

const seconds = Number(process.argv[2] ?? 5);
const CONNECTIONS = 32;
const WARM_UP_SECONDS = 6;
const KILL_SECONDS = 6;
/** The lease of a process that died, and the sweeps after it. */
const HEALING_MS = 60_000;
const SETUPS = [
  { processes: 1, through: 'HAProxy' },
  { processes: 2, through: 'HAProxy' },
  { processes: 4, through: 'HAProxy' },
  { processes: 2, through: 'HAProxy, PgBouncer' },
  { processes: 4, through: 'HAProxy, PgBouncer' },
];

async function measure({ processes, through }) {
  const database = await makeDatabase('otp_scale');
  const stops = [];
  try {
    const before = through.includes('PgBouncer') ? await pooler(database.url) : undefined;
    if (before) stops.push(before.stop);
    const target = { ...server, env: { ...server.env, TRUST_PROXY: 'loopback' } };
    const subjects = Array.from({ length: processes }, () => {
      const subject = new TargetProcess(target, before?.url ?? database.url);
      stops.unshift(async () => {
        await subject.stop();
        await subject.db.end();
      });
      return subject;
    });
    for (const subject of subjects) await subject.start();
    const front = await balancer(subjects.map(({ url }) => url));
    stops.unshift(front.stop);
    const [{ db }] = subjects;
    const cells = [String(processes), through];
    for (const operation of ['send', 'verify']) {
      const run = async (tag, time) => {
        const plan = await server.operations[operation]({ db, url: front.url, tag, seconds: time });
        await db.query('vacuum analyze');
        await db.query('checkpoint');
        const result = await load({
          port: new URL(front.url).port,
          connections: CONNECTIONS,
          seconds: time,
          ...plan,
        });
        await server.settle(db);
        return result;
      };
      await run(`warm${operation}`, WARM_UP_SECONDS);
      const { perSecond, p99 } = await run(operation, seconds);
      cells.push(perSecond.toFixed(0), p99.toFixed(1));
    }
    if (processes > 1) cells.push(...(await killOne(subjects, front.url, db)));
    else cells.push('–', '–', '–');
    return cells;
  } finally {
    for (const stop of stops) await stop();
    await database.drop();
  }
}

async function killOne([victim], url, db) {
  const acknowledged = [];
  let failed = 0;
  let next = 0;
  const end = performance.now() + KILL_SECONDS * 1000;
  const work = async () => {
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
  const working = Array.from({ length: CONNECTIONS }, work);
  await wait((KILL_SECONDS * 1000) / 3);
  victim.child.kill('SIGKILL');
  await Promise.all(working);

  const sent = `select count(*)::int as count from messages where recipient = any ($1::text[]) and state = 'sent'`;
  const since = performance.now();
  let lost = acknowledged.length;
  while (lost > 0 && performance.now() - since < HEALING_MS) {
    lost = acknowledged.length - (await db.query(sent, [acknowledged])).rows[0].count;
    await wait(200);
  }
  return [String(acknowledged.length), String(failed), String(lost)];
}

try {
  const rows = [];
  for (const setup of SETUPS) {
    rows.push(await measure(setup));
    process.stderr.write(`${rows.at(-1).join(' | ')}\n`);
  }
  console.log(
    `${os.cpus().length} × ${os.cpus()[0]?.model.trim()}, Node ${process.version}, ${CONNECTIONS} connections, ` +
      `${seconds} s each, ${new Date().toISOString().slice(0, 10)}\n`,
  );
  const header = ['processes', 'through', 'sends/s', 'p99 ms', 'verifies/s', 'p99 ms'];
  console.log(table([[...header, 'acknowledged', 'failed', 'lost'], ...rows]));
} finally {
  stopLoader();
}
