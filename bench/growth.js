// pnpm bench:growth [rounds] [seconds] [people] [operation]: this server on a database of 10,000 recipients and on one of so many, in turn.
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { pass, stopLoader } from './pass.js';
import { format, median, table } from './report.js';
import { TargetProcess } from './target-process.js';
import { serverWith } from './targets/people.js';

const [rounds = 5, seconds = 5, people = 5_000_000] = process.argv.slice(2, 5).map(Number);
const [only] = process.argv.slice(5);
const FEW = 10_000;
const WARM_UP_SECONDS = 10;
/** Of each operation: a pass with few people ends when all had their turn. */
const WARM_UP_REQUESTS = 20_000;
/** What housekeeping is given to remove. */
const OLD_ROWS = 100_000;
const GROW = readFileSync(new URL('grow.sql', import.meta.url), 'utf8');

/** Rows that are of no use any more, spread over the old and the new ends of their indexes. */
const AGE = {
  challenges: `insert into challenges (recipient, purpose, id, channel, code_hash, issued_at, expires_at, resend_at, sends_since, failures_since)
    select 'email:' || md5(n || $1) || '@old.test', 'login', gen_random_uuid(), 'email', '\\x00', at, at, at, at, at
    from generate_series(1, ${OLD_ROWS}) n, (select now() - interval '3 days' as at) _`,
  messages: `insert into messages (id, recipient, purpose, challenge_id, channel, template, state, created_at, due_at, expires_at, finished_at)
    select id, 'email:' || md5(n || $1) || '@old.test', 'login', id, 'email', 'code', 'sent', at, at, at, at
    from (select n, gen_random_uuid() as id, now() - interval '60 days' as at
          from generate_series(1, ${OLD_ROWS}) n offset 0) _`,
};
const OLD = `select (select count(*) from challenges where expires_at < now() - interval '2 days')
  + (select count(*) from messages where finished_at < now() - interval '50 days') as old`;

const adminUrl = process.env.BENCH_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';
const admin = new pg.Client({ connectionString: adminUrl });
const subjects = [serverWith('few', FEW), serverWith('many', people)].map((target) => {
  const url = new URL(adminUrl);
  url.pathname = `/otp_growth_${process.pid}_${target.name}`;
  return new TargetProcess(target, url.href);
});
const databaseOf = ({ databaseUrl }) => new URL(databaseUrl).pathname.slice(1);

async function fill({ db, target }) {
  const since = performance.now();
  await db.query(`set bench.people = '${target.people}'`);
  await db.query(GROW);
  await db.query('vacuum (freeze, analyze)');
  await db.query('checkpoint');
  const { rows } = await db.query(`select pg_size_pretty(pg_database_size(current_database())) as size`);
  const took = Math.round((performance.now() - since) / 1000);
  console.log(`${target.name}: ${target.people} recipients, ${rows[0].size}, filled in ${took} s`);
}

/** Rows a second, from the last moment that all were there. */
async function housekeeping({ db, target }, round) {
  await db.query('begin');
  for (const statement of Object.values(AGE)) await db.query(statement, [round]);
  await db.query('commit');
  const old = async () => Number((await db.query(OLD)).rows[0].old);
  const all = 2 * OLD_ROWS;
  let since = performance.now();
  for (let left = all; left > 0; left = await old()) {
    if (left === all) since = performance.now();
    await wait(20);
  }
  const perSecond = (1000 * all) / (performance.now() - since);
  process.stderr.write(`${round} housekeeping ${target.name}: ${Math.round(perSecond)}/s\n`);
  return { target: target.name, operation: 'housekeeping', round, perSecond };
}

async function measure() {
  const results = [];
  const names = Object.keys(subjects[0].target.operations).filter((name) => !only || name === only);
  for (const subject of subjects)
    for (const name of names)
      for (let done = 0; done < WARM_UP_REQUESTS;)
        done += (await pass(subject, name, 0, WARM_UP_SECONDS)).requests;
  for (let round = 1; round <= rounds; round++) {
    const order = round % 2 ? subjects : subjects.toReversed();
    for (const name of names)
      for (const subject of order) results.push({ round, ...(await pass(subject, name, round, seconds)) });
    if (!only) for (const subject of order) results.push(await housekeeping(subject, round));
  }
  return results;
}

function lines(results) {
  return [...new Set(results.map(({ operation }) => operation))].map((operation) => {
    const [few, many] = subjects.map(({ target }) =>
      results.filter((one) => one.operation === operation && one.target === target.name),
    );
    const ratios = many.map(({ perSecond }, i) => perSecond / few[i].perSecond);
    const of = (runs, key, digits = 0) => format(median(runs.map((run) => run[key] ?? NaN)), digits);
    return [
      operation,
      `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`,
      ...[few, many].flatMap((runs) => [of(runs, 'perSecond'), of(runs, 'p99', 1), of(runs, 'databaseMs')]),
    ];
  });
}

await admin.connect();
try {
  for (const subject of subjects) {
    await admin.query(`create database ${databaseOf(subject)}`);
    await subject.start();
    await fill(subject);
  }
  const results = await measure();
  const { rows } = await admin.query(`select current_setting('server_version') as version`);
  console.log(
    `${os.cpus().length} × ${os.cpus()[0]?.model.trim()}, Node ${process.version}, PostgreSQL ${rows[0].version}, ` +
      `${rounds} rounds of ${seconds} s, ${new Date().toISOString().slice(0, 10)}\n`,
  );
  const columns = ['req/s', 'p99 ms', 'database ms'];
  const header = ['operation', 'many : few', ...columns.map((name) => `${name}, few`), ...columns];
  console.log(table([header, ...lines(results)]));
} finally {
  stopLoader();
  for (const subject of subjects) {
    await subject.stop();
    await subject.db?.end();
    await admin.query(`drop database if exists ${databaseOf(subject)} with (force)`);
  }
  await admin.end();
}
