// pnpm bench [rounds] [seconds] [--only send,verify] [--targets baseline,server] [--cpu-prof]
import { parseArgs } from 'node:util';
import pg from 'pg';
import { ADMIN_URL, databaseUrl } from './database.js';
import { CONNECTIONS, measure, stopLoadGenerator } from './measure.js';
import { operations } from './operations.js';
import { report } from './report.js';
import { TargetProcess } from './target-process.js';
import { baseline } from './targets/baseline.js';
import { betterAuth } from './targets/better-auth.js';
import { server } from './targets/server.js';

/**
 * Code is slow until V8 has compiled it, which takes ten seconds and more. A second pass follows
 * because each operation makes V8 deoptimise code that the next one shares.
 */
const WARM_UP_SECONDS = [10, 5];
const PROFILE_ARGS = ['--import', new URL('cpu-profile.js', import.meta.url).href];

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    targets: { type: 'string' },
    'cpu-prof': { type: 'boolean' },
  },
});
const [rounds = 5, seconds = 5] = positionals.map(Number);
const chosenOperations = choose(flags.only, Object.keys(operations));
/** A profile tells packages apart by their files, which the bundle does not have. */
const unbundledServer = { ...server, script: 'bench/bench-server.js' };
const allTargets = [baseline, flags['cpu-prof'] ? unbundledServer : server, betterAuth];
const chosenTargets = choose(
  flags.targets,
  allTargets.map(({ name }) => name),
);
const admin = new pg.Client({ connectionString: ADMIN_URL });
const targetProcesses = allTargets
  .filter(({ name }) => chosenTargets.includes(name))
  .map((target) => {
    const database = `otp_bench_${process.pid}_${target.name.replace('-', '_')}`;
    return new TargetProcess(target, databaseUrl(database));
  });

function choose(list, known) {
  const items = list?.split(',') ?? known;
  const unknown = items.filter((item) => !known.includes(item));
  if (unknown.length > 0) throw new Error(`${unknown.join()} is unknown; choose from ${known.join(', ')}`);
  return items;
}

/** The baseline runs the operations that the chosen ones are compared with. */
function isWanted(target, operation) {
  const wanted =
    target === baseline ? chosenOperations.map((name) => operations[name].baseline) : chosenOperations;
  return wanted.includes(operation) && operation in target.operations;
}

/** All targets do an operation one after the other, in an order that alternates by round. */
async function measureRounds() {
  const results = [];
  for (let round = 1; round <= rounds; round++) {
    const order = round % 2 ? targetProcesses : targetProcesses.toReversed();
    for (const operation of Object.keys(operations))
      for (const targetProcess of order)
        if (isWanted(targetProcess.target, operation))
          results.push(await measure(targetProcess, operation, round, seconds));
  }
  return results;
}

async function warmUp() {
  for (const targetProcess of targetProcesses) {
    for (const [pass, warmUpSeconds] of WARM_UP_SECONDS.entries())
      for (const operation of Object.keys(operations))
        if (isWanted(targetProcess.target, operation))
          await measure(targetProcess, operation, -pass, warmUpSeconds);
    targetProcess.warmedUp();
  }
}

async function main() {
  for (const targetProcess of targetProcesses) {
    targetProcess.target.prepare?.();
    await admin.query(`create database ${targetProcess.databaseName}`);
    const isProfiled = flags['cpu-prof'] && targetProcess.target.name === server.name;
    await targetProcess.start(isProfiled ? PROFILE_ARGS : []);
  }
  await warmUp();
  const results = await measureRounds();
  const { rows } = await admin.query(`select current_setting('server_version') as version`);
  const postgresVersion = rows[0].version;
  console.log(report({ rounds, seconds, connections: CONNECTIONS, postgresVersion, results }));
}

async function cleanUp() {
  stopLoadGenerator();
  for (const targetProcess of targetProcesses) {
    await targetProcess.stop();
    await targetProcess.db?.end();
    await admin.query(`drop database if exists ${targetProcess.databaseName} with (force)`);
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
