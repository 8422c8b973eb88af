// pnpm bench:growth [rounds] [seconds] [recipients] [operation]: compares the server on a database
// of 10,000 recipients with the server on a database of many, by default five million.
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { ADMIN_URL, databaseUrl } from './database.js';
import { measure, stopLoadGenerator } from './measure.js';
import { describeMachine, format, median, table, today, withRange } from './report.js';
import { TargetProcess } from './target-process.js';
import { populatedServer } from './targets/populated-server.js';

const [rounds = 5, seconds = 5, recipients = 5_000_000] = process.argv.slice(2, 5).map(Number);
const [only] = process.argv.slice(5);
const FEW_RECIPIENTS = 10_000;
const WARM_UP_SECONDS = 10;
/** Counted too, because a run with few recipients ends early, when all had their turn. */
const WARM_UP_REQUESTS = 20_000;
/** Added to each table for housekeeping to remove. */
const EXPIRED_ROWS = 100_000;
const FILL_DATABASE = readFileSync(new URL('grow.sql', import.meta.url), 'utf8');

/** Rows that housekeeping removes, spread over the old and the new ends of their indexes. */
const ADD_EXPIRED_ROWS = [
  `insert into challenges (recipient, purpose, id, channel, code_hash, issued_at, expires_at, resend_at, failures_since)
    select 'email:' || md5(n || $1) || '@old.test', 'login', gen_random_uuid(), 'email', '\\x00', at, at, at, at
    from generate_series(1, ${EXPIRED_ROWS}) n, (select now() - interval '3 days' as at) _`,
  `insert into messages (id, recipient, purpose, challenge_id, channel, template, state, created_at, due_at, expires_at, finished_at)
    select id, 'email:' || md5(n || $1) || '@old.test', 'login', id, 'email', 'code', 'sent', at, at, at, at
    from (select n, gen_random_uuid() as id, now() - interval '60 days' as at
          from generate_series(1, ${EXPIRED_ROWS}) n offset 0) _`,
];
const COUNT_EXPIRED_ROWS = `select
  (select count(*) from challenges where expires_at < now() - interval '2 days')
  + (select count(*) from messages where finished_at < now() - interval '50 days') as count`;

const admin = new pg.Client({ connectionString: ADMIN_URL });
const targetProcesses = [populatedServer('few', FEW_RECIPIENTS), populatedServer('many', recipients)].map(
  (target) => new TargetProcess(target, databaseUrl(`otp_growth_${process.pid}_${target.name}`)),
);

async function fillDatabase({ db, target }) {
  const started = performance.now();
  await db.query(`set bench.recipients = '${target.recipients}'`);
  await db.query(FILL_DATABASE);
  await db.query('vacuum (freeze, analyze)');
  await db.query('checkpoint');
  const { rows } = await db.query(`select pg_size_pretty(pg_database_size(current_database())) as size`);
  const elapsed = Math.round((performance.now() - started) / 1000);
  console.log(`${target.name}: ${target.recipients} recipients, ${rows[0].size}, filled in ${elapsed} s`);
}

/** Rows removed per second, from the last moment that all of them were there. */
async function measureHousekeeping({ db, target }, round) {
  await db.query('begin');
  for (const statement of ADD_EXPIRED_ROWS) await db.query(statement, [round]);
  await db.query('commit');
  const added = ADD_EXPIRED_ROWS.length * EXPIRED_ROWS;
  let started = performance.now();
  for (let left = added; left > 0;) {
    if (left === added) started = performance.now();
    await wait(20);
    left = Number((await db.query(COUNT_EXPIRED_ROWS)).rows[0].count);
  }
  const perSecond = (1000 * added) / (performance.now() - started);
  process.stderr.write(`${round} housekeeping ${target.name}: ${Math.round(perSecond)}/s\n`);
  return { target: target.name, operation: 'housekeeping', round, perSecond };
}

async function measureRounds() {
  const results = [];
  const operations = Object.keys(targetProcesses[0].target.operations).filter(
    (name) => !only || name === only,
  );
  for (const targetProcess of targetProcesses)
    for (const operation of operations)
      for (let done = 0; done < WARM_UP_REQUESTS;)
        done += (await measure(targetProcess, operation, 0, WARM_UP_SECONDS)).requests;
  for (let round = 1; round <= rounds; round++) {
    const order = round % 2 ? targetProcesses : targetProcesses.toReversed();
    for (const operation of operations)
      for (const targetProcess of order)
        results.push(await measure(targetProcess, operation, round, seconds));
    if (!only)
      for (const targetProcess of order) results.push(await measureHousekeeping(targetProcess, round));
  }
  return results;
}

function rowsOf(results) {
  return [...new Set(results.map(({ operation }) => operation))].map((operation) => {
    const [few, many] = ['few', 'many'].map((name) =>
      results.filter((result) => result.operation === operation && result.target === name),
    );
    const ratios = many.map(({ perSecond }, i) => perSecond / few[i].perSecond);
    const middle = (runs, key, digits = 0) => format(median(runs.map((run) => run[key] ?? NaN)), digits);
    return [
      operation,
      withRange(ratios, 2),
      ...[few, many].flatMap((runs) => [
        middle(runs, 'perSecond'),
        middle(runs, 'p99', 1),
        middle(runs, 'databaseMs'),
      ]),
    ];
  });
}

await admin.connect();
try {
  for (const targetProcess of targetProcesses) {
    await admin.query(`create database ${targetProcess.databaseName}`);
    await targetProcess.start();
    await fillDatabase(targetProcess);
  }
  const results = await measureRounds();
  const { rows } = await admin.query(`select current_setting('server_version') as version`);
  console.log(
    `${describeMachine()}, PostgreSQL ${rows[0].version}, ${rounds} rounds of ${seconds} s, ${today()}\n`,
  );
  const columns = ['req/s', 'p99 ms', 'database ms'];
  const header = [
    'operation',
    'many : few',
    ...columns.map((name) => `${name}, few`),
    ...columns.map((name) => `${name}, many`),
  ];
  console.log(table([header, ...rowsOf(results)]));
} finally {
  stopLoadGenerator();
  for (const targetProcess of targetProcesses) {
    await targetProcess.stop();
    await targetProcess.db?.end();
    await admin.query(`drop database if exists ${targetProcess.databaseName} with (force)`);
  }
  await admin.end();
}
