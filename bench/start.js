// pnpm bench:start [starts] [seconds of load]: time from spawn to the first 200 of /health/ready,
// and resident memory.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startAcceptingVendors } from '../test/support/accepting-vendors.js';
import { startServer } from '../test/support/start-server.js';
import { createDatabase } from './database.js';
import { CONNECTIONS, runLoad, stopLoadGenerator } from './measure.js';

const [starts = 10, seconds = 60] = process.argv.slice(2).map(Number);
const IDLE_MS = 5_000;
const MIN_BUNDLE_BYTES = 1_000_000;

// Unbundled, the server starts more slowly and takes more memory.
if (statSync(new URL('../dist/main.js', import.meta.url)).size < MIN_BUNDLE_BYTES)
  throw new Error('dist/main.js is not bundled; run pnpm bench:start, which builds it');

const vendors = await startAcceptingVendors();
const database = await createDatabase('otp_bench_start');
const onPostgres = { ...vendors.settings, DATABASE_URL: database.url };
// NODE_ENV is test because production refuses the embedded database.
const embedded = (folder) => ({ ...vendors.settings, NODE_ENV: 'test', DATA_DIR: folder });
const folders = [];
const newFolder = () => {
  folders.push(mkdtempSync(join(os.tmpdir(), 'otp-bench-')));
  return folders.at(-1);
};

console.log(`\n${os.cpus().length} cores, node ${process.version}, ${starts} starts each\n`);
printRow('database', 'to ready, ms: median (min to max)', 'processor, ms', 'RSS at idle, MiB (peak)');
try {
  await measureStarts('PostgreSQL, new', () => onPostgres, 1);
  await measureStarts('PostgreSQL, existing', () => onPostgres, starts);
  await measureStarts('embedded, new', () => embedded(newFolder()), Math.ceil(starts / 3));
  await measureStarts('embedded, existing', () => embedded(folders[0]), starts);
  if (seconds > 0) await measureMemoryUnderLoad();
} finally {
  stopLoadGenerator();
  vendors.stop();
  await database.drop();
  for (const folder of folders) rmSync(folder, { recursive: true });
}

async function measureStarts(name, settings, count) {
  const runs = [];
  for (let run = 1; run <= count; run++) {
    const server = await startServer(settings());
    // Memory is taken from the last start only, because it needs the wait.
    if (run === count) await wait(IDLE_MS);
    runs.push({ ...server, memory: server.memory() });
    await server.stop();
  }
  const sorted = (key) => runs.map((run) => run[key]).sort((a, b) => a - b);
  const middle = Math.floor(count / 2);
  const [min, median, max] = [0, middle, count - 1].map((i) => sorted('milliseconds')[i].toFixed(0));
  const { now, peak } = runs.at(-1).memory;
  const processorMs = String(sorted('cpuMilliseconds')[middle]);
  printRow(name, `${median} (${min} to ${max})`, processorMs, `${now} (${peak})`);
}

/** Sends codes as fast as the machine can, then guesses each of them wrong once. */
async function measureMemoryUnderLoad() {
  const server = await startServer(onPostgres);
  const plan = {
    port: new URL(server.url).port,
    method: 'POST',
    connections: CONNECTIONS,
    seconds: seconds / 2,
  };
  const sends = await runLoad({
    ...plan,
    path: '/auth/send_otp',
    body: '{"email":"s{n}@bench.test"}',
    status: 201,
    includes: 'pending',
  });
  const guesses = await runLoad({
    ...plan,
    path: '/auth/verify_otp',
    body: '{"email":"s{n}@bench.test","otp":"000000"}',
    status: 400,
    includes: 'otp_invalid',
    limit: sends.requests,
  });
  const loaded = server.memory();
  await wait(IDLE_MS);
  const idle = server.memory();
  const requests = sends.requests + guesses.requests;
  console.log(
    `\nafter ${seconds} s of load (${requests} requests): ${loaded.now} MiB, ${idle.now} MiB once idle, peak ${loaded.peak} MiB`,
  );
  await server.stop();
}

function printRow(name, toReady, processor, memory) {
  console.log(`${name.padEnd(22)}${toReady.padEnd(38)}${processor.padEnd(16)}${memory}`);
}
