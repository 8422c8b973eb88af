// pnpm bench:start [starts] [seconds of load]: from spawn to the first 200 of /health/ready, and resident memory.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CONNECTIONS, load, stopLoader } from './pass.js';
import { makeDatabase, startServer } from './process.js';
import { startVendors } from './vendors.js';

const [starts = 10, seconds = 60] = process.argv.slice(2).map(Number);
const IDLE_MS = 5_000;
const BUNDLE_BYTES = 1_000_000;

// The same program from its two thousand files starts more slowly and is larger.
if (statSync('dist/main.js').size < BUNDLE_BYTES)
  throw new Error('dist/main.js is not bundled: pnpm bench:start does that first');

const vendors = await startVendors();
const database = await makeDatabase('otp_bench_start');
const onPostgres = { ...vendors.settings, DATABASE_URL: database.url };
// Production refuses the embedded database.
const embedded = (folder) => ({ ...vendors.settings, NODE_ENV: 'test', DATA_DIR: folder });
const folders = [];
const newFolder = () => {
  folders.push(mkdtempSync(join(os.tmpdir(), 'otp-bench-')));
  return folders.at(-1);
};

console.log(`\n${os.cpus().length} cores, node ${process.version}, ${starts} starts each\n`);
console.log(
  'database              to ready, ms: median (min to max)   processor, ms   RSS at idle, MiB (peak)',
);
try {
  await measure('PostgreSQL, new', () => onPostgres, 1);
  await measure('PostgreSQL, existing', () => onPostgres, starts);
  await measure('embedded, new', () => embedded(newFolder()), Math.ceil(starts / 3));
  await measure('embedded, existing', () => embedded(folders[0]), starts);
  if (seconds > 0) await underLoad();
} finally {
  stopLoader();
  vendors.stop();
  await database.drop();
  for (const folder of folders) rmSync(folder, { recursive: true });
}

async function measure(name, settings, times) {
  const runs = [];
  for (let run = 1; run <= times; run++) {
    const server = await startServer(settings());
    // Once a series, for it needs the wait.
    if (run === times) await wait(IDLE_MS);
    runs.push({ ...server, memory: server.memory() });
    await server.stop();
  }
  const sorted = (key) => runs.map((run) => run[key]).sort((a, b) => a - b);
  const [min, median, max] = [0, Math.floor(times / 2), times - 1].map((i) =>
    sorted('milliseconds')[i].toFixed(0),
  );
  const { now, peak } = runs.at(-1).memory;
  const processor = sorted('cpuMilliseconds')[Math.floor(times / 2)];
  console.log(
    `${name.padEnd(22)}${`${median} (${min} to ${max})`.padEnd(38)}${String(processor).padEnd(16)}${now} (${peak})`,
  );
}

/** Sends, then a wrong guess at each code, as fast as the machine can. */
async function underLoad() {
  const server = await startServer(onPostgres);
  const plan = {
    port: new URL(server.url).port,
    method: 'POST',
    connections: CONNECTIONS,
    seconds: seconds / 2,
  };
  const sends = await load({
    ...plan,
    path: '/auth/send_otp',
    body: '{"email":"s{n}@bench.test"}',
    status: 201,
    includes: 'pending',
  });
  const guesses = await load({
    ...plan,
    path: '/auth/verify_otp',
    body: '{"email":"s{n}@bench.test","otp":"000000"}',
    status: 400,
    includes: 'otp_invalid',
    limit: sends.requests,
  });
  const loaded = server.memory();
  await wait(IDLE_MS);
  const { now } = server.memory();
  console.log(
    `\nafter ${seconds} s of load (${sends.requests + guesses.requests} requests): ${loaded.now} MiB, ${now} MiB once idle, peak ${loaded.peak} MiB`,
  );
  await server.stop();
}
