// pnpm soak [minutes] [share]: 300 requests a second, or a share of them, for so long, and what grows meanwhile. What
// people finished a minute ago is made a month older in the database, so that housekeeping has to keep up with what
// comes. Started by a test it answers with the figures; else it prints them, and a long run draws docs/soak.svg.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { drawPlots } from './plot.js';
import { makeDatabase, startServer } from './process.js';
import { memberOf, PASSWORD, Stories } from './stories.js';
import { startVendors } from './vendors.js';

const [minutes = 20, share = 1] = process.argv.slice(2).map(Number);
const isShort = minutes < 5;
const MEMBERS = 3_000;
const SAMPLE_SECONDS = isShort ? 3 : 5;
/** Collecting garbage stops the server for a moment, which a long run must not show all the time. */
const SAMPLES_A_COLLECTION = isShort ? 1 : 12;
const OVER_AFTER_SECONDS = isShort ? 10 : 60;
/** Until the code is compiled, and the first rows are removed. */
const WARM_UP_SECONDS = isShort ? 20 : 120;
/** Longer than a connection without requests is kept. */
const CALM_MS = 7_000;
/** Rows for each request, at the end. */
const LITTLE = 0.1;
const CLEAR_SECONDS = 35;
const TABLES = ['challenges', 'messages', 'sessions', 'devices', 'account_events'];

/** Ages what is over, by more than housekeeping waits for. */
const AGE = [
  `update challenges set issued_at = issued_at - interval '3 days', expires_at = expires_at - interval '3 days',
     sends_since = sends_since - interval '3 days', failures_since = failures_since - interval '3 days',
     resend_at = resend_at - interval '3 days', consumed_at = consumed_at - interval '3 days'
   where consumed_at between now() - interval '1 day' and now() - make_interval(secs => $1)`,
  `update messages set finished_at = finished_at - interval '40 days'
   where finished_at between now() - interval '20 days' and now() - make_interval(secs => $1)`,
  `update sessions set expires_at = expires_at - interval '90 days'
   where ended_at < now() - make_interval(secs => $1) and expires_at > now() - interval '1 day'`,
  `update devices set last_used_at = last_used_at - interval '400 days'
   where last_used_at between now() - interval '1 day' and now() - make_interval(secs => $1)`,
  `update account_events set at = at - interval '100 days'
   where at between now() - interval '1 day' and now() - make_interval(secs => $1)`,
];

const vendors = await startVendors();
const database = await makeDatabase('otp_soak');
const db = new pg.Client({ connectionString: database.url });
await db.connect();
let logBytes = 0;
const server = await startServer(
  { ...vendors.settings, DATABASE_URL: database.url },
  ['--expose-gc', 'bench/soak-server.js'],
  ['ignore', 'pipe', 'inherit', 'ipc'],
);
server.child.stdout.on('data', (chunk) => (logBytes += chunk.length));
try {
  await makeMembers();
  const report = await soak();
  if (process.send) process.send(report);
  else publish(report);
} finally {
  await server.stop();
  await db.end();
  await database.drop();
  vendors.stop();
  process.disconnect?.();
}

/** One registers, and the others get a copy of its password. */
async function makeMembers() {
  const post = async (path, body) => {
    const reply = await fetch(server.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!reply.ok) throw new Error(`${path} answered ${reply.status}`);
  };
  const email = memberOf(0);
  await post('/auth/register', { email, password: PASSWORD });
  await post('/auth/verify', { email, otp: await vendors.codeOf(email) });
  await db.query(
    `insert into users (id, email, password_hash)
     select gen_random_uuid(), name, (select password_hash from users where email = $2) from unnest($1::text[]) as name`,
    [Array.from({ length: MEMBERS - 1 }, (_, i) => memberOf(i + 1)), email],
  );
}

async function soak() {
  const calmBefore = await look();
  const stories = new Stories(server.url, vendors, MEMBERS, share);
  const started = performance.now();
  const samples = [];
  let answered = 0;
  let logged = logBytes;
  stories.start();
  for (let next = SAMPLE_SECONDS; next <= minutes * 60; next += SAMPLE_SECONDS) {
    await wait(started + next * 1000 - performance.now());
    const seconds = (performance.now() - started) / 1000;
    const latencies = stories.latencies.splice(0).sort((a, b) => a - b);
    answered += latencies.length;
    const at = (share) => latencies[Math.ceil(share * latencies.length) - 1] ?? NaN;
    samples.push({
      seconds,
      requests: latencies.length,
      p50: at(0.5),
      p99: at(0.99),
      rss: server.memory().now,
      logPerRequest: (logBytes - logged) / latencies.length,
      ...(samples.length % SAMPLES_A_COLLECTION === 0 && { heap: (await look()).heap / 2 ** 20 }),
      tables: await sizes(),
      connections: await connections(),
    });
    logged = logBytes;
    for (const statement of AGE) await db.query(statement, [OVER_AFTER_SECONDS]);
  }
  await stories.stop();
  const rowsLeft = await cleared(answered);
  await wait(CALM_MS);
  const calmAfter = await look();
  const warm = samples.filter(({ seconds }) => seconds > WARM_UP_SECONDS);
  const mebibytes = (sample) => TABLES.reduce((sum, table) => sum + sample.tables[table].bytes, 0) / 2 ** 20;
  return {
    minutes,
    requests: answered,
    answers: stories.answers,
    unexpected: stories.unexpected.slice(0, 20),
    slopes: {
      'RSS, MiB/h': slope(warm, ({ rss }) => rss) * 3600,
      'heap, MiB/h': slope(warm, ({ heap }) => heap) * 3600,
      'heap, bytes/request': (slope(warm, ({ heap }) => heap) * 2 ** 20) / (answered / (minutes * 60)),
      'rows/s': slope(warm, rows),
      'tables and indexes, MiB/h': slope(warm, mebibytes) * 3600,
      'p99, ms/h': slope(warm, ({ p99 }) => p99) * 3600,
    },
    rowsLeft,
    handles: { before: calmBefore.handles, after: calmAfter.handles },
    samples: samples.map((sample) => ({ ...sample, rows: rows(sample), mebibytes: mebibytes(sample) })),
  };
}

/** What is left when everything is over: little, once housekeeping had a few of its rounds. */
async function cleared(answered) {
  for (let second = 0; ; second++) {
    for (const statement of AGE) await db.query(statement, [0]);
    await wait(1_000);
    const left = rows({ tables: await sizes() });
    if (left < LITTLE * answered || second === CLEAR_SECONDS) return left;
  }
}

function rows({ tables }) {
  return TABLES.reduce((sum, table) => sum + tables[table].rows, 0);
}

/** The server's own view, after its garbage is collected, and how many of its sockets are the database's. */
async function look() {
  server.child.send('look');
  const [{ heap, handles }] = await once(server.child, 'message');
  return { heap, handles: { ...handles, 'of the database': await connections() } };
}

async function sizes() {
  const counts = TABLES.map(
    (table) => `select '${table}' as name, (select count(*)::int from ${table}) as rows,
      pg_total_relation_size('${table}')::int as bytes`,
  );
  const { rows } = await db.query(counts.join(' union all '));
  return Object.fromEntries(rows.map(({ name, ...size }) => [name, size]));
}

async function connections() {
  const { rows } = await db.query(`select count(*)::int from pg_stat_activity
    where datname = current_database() and application_name = 'otp-auth-server'`);
  return rows[0].count;
}

/** Of the straight line that is nearest to all (least squares), a second. */
function slope(samples, value) {
  const points = samples.map((sample) => [sample.seconds, value(sample)]).filter(([, y]) => y !== undefined);
  const mean = (index) => points.reduce((sum, point) => sum + point[index], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const over = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return over / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}

function publish({ samples, ...report }) {
  const warm = samples.filter(({ seconds }) => seconds > WARM_UP_SECONDS);
  const range = (name, digits = 0) => {
    const values = warm.map((sample) => sample[name]).filter((value) => value !== undefined);
    return `${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)}`;
  };
  console.log(`\n${os.cpus().length} cores, node ${process.version}, ${minutes} minutes`);
  console.log(
    `${report.requests} requests, ${Math.round(report.requests / minutes / 60)} a second: ${JSON.stringify(report.answers)}`,
  );
  for (const text of report.unexpected) console.log(`  unexpected: ${text}`);
  console.log(`after ${WARM_UP_SECONDS} s:`);
  console.log(`  RSS ${range('rss')} MiB, heap after collection ${range('heap', 1)} MiB`);
  console.log(`  p50 ${range('p50', 1)} ms, p99 ${range('p99', 1)} ms (windows of ${SAMPLE_SECONDS} s)`);
  console.log(`  rows ${range('rows')}, tables and indexes ${range('mebibytes', 1)} MiB`);
  console.log(
    `  log ${range('logPerRequest')} bytes a request, database connections ${range('connections')}`,
  );
  for (const [name, value] of Object.entries(report.slopes))
    console.log(`  slope of ${name}: ${value.toFixed(2)}`);
  console.log(`rows left at the end: ${report.rowsLeft}`);
  console.log(`open before: ${JSON.stringify(report.handles.before)}`);
  console.log(`open after:  ${JSON.stringify(report.handles.after)}`);
  if (isShort) return;
  writeFileSync(
    'docs/soak.svg',
    drawPlots(`${Math.round(report.requests / minutes / 60)} requests a second for ${minutes} minutes`, [
      { title: 'memory, MiB', lines: { RSS: of('rss'), 'heap after collection': of('heap') } },
      { title: 'answer time, ms', lines: { p99: of('p99'), p50: of('p50') } },
      { title: 'tables and indexes, MiB', lines: { all: of('mebibytes') } },
      { title: 'rows, thousands', lines: { all: of('rows', 1000) } },
    ]),
  );
  function of(name, by = 1) {
    return samples
      .filter((sample) => sample[name] !== undefined)
      .map((sample) => [sample.seconds / 60, sample[name] / by]);
  }
}
