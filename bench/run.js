// pnpm bench [rounds] [seconds] [--only send,verify] [--targets floor,server] [--cpu-prof]
import { parseArgs } from 'node:util';
import pg from 'pg';
import { operations } from './operations.js';
import { CONNECTIONS, pass, stopLoader } from './pass.js';
import { report } from './report.js';
import { TargetProcess } from './target-process.js';
import { betterAuth } from './targets/better-auth.js';
import { floor } from './targets/floor.js';
import { server } from './targets/server.js';

/** Twice: what V8 learns from one operation it unlearns of the code that the next one shares. */
const WARM_UP_SECONDS = [10, 5];
const PROFILE = ['--import', './bench/cpu-profile.js'];

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, targets: { type: 'string' }, 'cpu-prof': { type: 'boolean' } },
});
const [rounds = 5, seconds = 5] = positionals.map(Number);
const only = chosen(flags.only, Object.keys(operations));
/** A profile tells packages apart by their files. */
const inFiles = { ...server, script: 'bench/bench-server.js' };
const all = [floor, flags['cpu-prof'] ? inFiles : server, betterAuth];
const names = chosen(
  flags.targets,
  all.map(({ name }) => name),
);

const adminUrl = process.env.BENCH_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';
const admin = new pg.Client({ connectionString: adminUrl });
const subjects = all
  .filter(({ name }) => names.includes(name))
  .map((target) => new TargetProcess(target, databaseUrl(target)));

function chosen(list, known) {
  const items = list?.split(',') ?? known;
  const unknown = items.filter((item) => !known.includes(item));
  if (unknown.length > 0) throw new Error(`${unknown.join()}: there are ${known.join(', ')}`);
  return items;
}

function databaseUrl({ name }) {
  const url = new URL(adminUrl);
  url.pathname = `/otp_bench_${process.pid}_${name.replace('-', '_')}`;
  return url.href;
}

const databaseOf = ({ databaseUrl: url }) => new URL(url).pathname.slice(1);

/** Of the floor those that the others' are compared with. */
function isWanted({ name, operations: able }, operation) {
  const wanted = name === floor.name ? only.map((one) => operations[one].yardstick) : only;
  return wanted.includes(operation) && operation in able;
}

/** Every target does an operation right after the other ones, first or last in turn. */
async function measure() {
  const results = [];
  for (let round = 1; round <= rounds; round++) {
    const order = round % 2 ? subjects : subjects.toReversed();
    for (const operation of Object.keys(operations))
      for (const subject of order)
        if (isWanted(subject.target, operation))
          results.push({ round, ...(await pass(subject, operation, round, seconds)) });
  }
  return results;
}

/** Code that has not run often is slow, for ten seconds and more. */
async function warmUp() {
  for (const subject of subjects) {
    for (const [turn, seconds] of WARM_UP_SECONDS.entries())
      for (const operation of Object.keys(operations))
        if (isWanted(subject.target, operation)) await pass(subject, operation, -turn, seconds);
    subject.warmedUp();
  }
}

async function main() {
  for (const subject of subjects) {
    subject.target.prepare?.();
    await admin.query(`create database ${databaseOf(subject)}`);
    await subject.start(flags['cpu-prof'] && subject.target.name === server.name ? PROFILE : []);
  }
  await warmUp();
  const results = await measure();
  const { rows } = await admin.query(`select current_setting('server_version') as version`);
  const setting = { rounds, seconds, connections: CONNECTIONS, postgres: rows[0].version };
  console.log(report({ setting, results }));
}

async function cleanUp() {
  stopLoader();
  for (const subject of subjects) {
    await subject.stop();
    await subject.db?.end();
    await admin.query(`drop database if exists ${databaseOf(subject)} with (force)`);
  }
  await admin.end();
}

const interrupted = new Promise((_resolve, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => reject(new Error(signal)));
});
await admin.connect();
try {
  await Promise.race([main(), interrupted]);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
