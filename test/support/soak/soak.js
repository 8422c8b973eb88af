// Steady load on the built server while the growth of memory, rows, log and connections is sampled.
// Rows that are finished are made older in the database, so that housekeeping removes them within
// the run. JavaScript, because the benchmarks import it without a build.
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { startAcceptingVendors } from '../accepting-vendors.js';
import { startServer } from '../start-server.js';
import { memberEmail, PASSWORD, Traffic } from './traffic.js';

const SERVER = fileURLToPath(new URL('observed-server.js', import.meta.url));
const MEMBERS = 3_000;
/** Longer than an idle database connection is kept. */
const IDLE_MS = 7_000;
/** Cleared means at most this many rows per request are left. */
const MAX_ROWS_PER_REQUEST = 0.1;
const MAX_CLEARING_SECONDS = 35;
const TABLES = ['challenges', 'messages', 'sessions', 'devices', 'account_events'];

/** The warm-up lasts until the code is compiled and the first rows are removed. */
const SHORT_RUN = {
  warmUpSeconds: 20,
  sampleSeconds: 3,
  finishedAfterSeconds: 10,
  samplesPerCollection: 1,
};
/** Collecting garbage stops the server for a moment, so a long run does it less often. */
const LONG_RUN = {
  warmUpSeconds: 120,
  sampleSeconds: 5,
  finishedAfterSeconds: 60,
  samplesPerCollection: 12,
};
const LONG_RUN_MINUTES = 5;

/** Makes finished rows older than housekeeping keeps them. */
const AGE_FINISHED_ROWS = [
  `update challenges set issued_at = issued_at - interval '3 days', expires_at = expires_at - interval '3 days',
     failures_since = failures_since - interval '3 days',
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

export async function soak({ databaseUrl, minutes, share = 1 }) {
  const vendors = await startAcceptingVendors();
  const db = new pg.Client({ connectionString: databaseUrl });
  let server;
  try {
    await db.connect();
    server = await startServer(
      { ...vendors.settings, DATABASE_URL: databaseUrl },
      { args: ['--expose-gc', SERVER], stdio: ['ignore', 'pipe', 'inherit', 'ipc'] },
    );
    return await new Soak({ server, vendors, db, minutes, share }).run();
  } finally {
    await server?.stop();
    await db.end();
    vendors.stop();
  }
}

class Soak {
  #logBytes = 0;

  constructor({ server, vendors, db, minutes, share }) {
    Object.assign(this, { server, vendors, db, minutes });
    this.pace = minutes < LONG_RUN_MINUTES ? SHORT_RUN : LONG_RUN;
    this.traffic = new Traffic(server.url, vendors, MEMBERS, share);
    server.child.stdout.on('data', (chunk) => (this.#logBytes += chunk.length));
  }

  async run() {
    await this.#createMembers();
    const before = await this.#inspectServer();
    const samples = await this.#sampleUnderLoad();
    const requests = samples.reduce((sum, sample) => sum + sample.requests, 0);
    const rowsLeft = await this.#rowsLeftAfterHousekeeping(requests);
    await wait(IDLE_MS);
    const after = await this.#inspectServer();
    const { warmUpSeconds, sampleSeconds } = this.pace;
    return {
      minutes: this.minutes,
      warmUpSeconds,
      sampleSeconds,
      requests,
      answers: this.traffic.answers,
      unexpected: this.traffic.unexpected.slice(0, 20),
      slopes: this.#slopes(samples, requests),
      rowsLeft,
      handles: { before: before.handles, after: after.handles },
      samples,
    };
  }

  /** Registers one member. The others get a copy of its password hash. */
  async #createMembers() {
    const post = async (path, body) => {
      const reply = await fetch(this.server.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (!reply.ok) throw new Error(`${path} answered ${reply.status}`);
    };
    const email = memberEmail(0);
    await post('/auth/register', { email, password: PASSWORD });
    await post('/auth/verify', { email, otp: await this.vendors.takeCode(email) });
    await this.db.query(
      `insert into users (id, email, password_hash)
       select gen_random_uuid(), name, (select password_hash from users where email = $2)
       from unnest($1::text[]) as name`,
      [Array.from({ length: MEMBERS - 1 }, (_, i) => memberEmail(i + 1)), email],
    );
  }

  async #sampleUnderLoad() {
    const { sampleSeconds, samplesPerCollection, finishedAfterSeconds } = this.pace;
    const started = performance.now();
    const samples = [];
    let loggedBefore = this.#logBytes;
    this.traffic.start();
    for (let next = sampleSeconds; next <= this.minutes * 60; next += sampleSeconds) {
      await wait(started + next * 1000 - performance.now());
      const seconds = (performance.now() - started) / 1000;
      const latencies = this.traffic.latencies.splice(0).sort((a, b) => a - b);
      const percentile = (rank) => latencies[Math.ceil(rank * latencies.length) - 1] ?? NaN;
      samples.push({
        seconds,
        requests: latencies.length,
        p50: percentile(0.5),
        p99: percentile(0.99),
        rss: this.server.memory().now,
        logPerRequest: (this.#logBytes - loggedBefore) / latencies.length,
        ...(samples.length % samplesPerCollection === 0 && {
          heap: (await this.#inspectServer()).heap / 2 ** 20,
        }),
        ...(await this.#tableSizes()),
        connections: await this.#serverConnections(),
      });
      loggedBefore = this.#logBytes;
      await this.#ageFinishedRows(finishedAfterSeconds);
    }
    await this.traffic.stop();
    return samples;
  }

  /** The rows that are left once housekeeping had a few of its rounds. */
  async #rowsLeftAfterHousekeeping(requests) {
    for (let second = 0; ; second++) {
      await this.#ageFinishedRows(0);
      await wait(1_000);
      const { rows } = await this.#tableSizes();
      if (rows < MAX_ROWS_PER_REQUEST * requests || second === MAX_CLEARING_SECONDS) return rows;
    }
  }

  async #ageFinishedRows(finishedAfterSeconds) {
    for (const statement of AGE_FINISHED_ROWS) await this.db.query(statement, [finishedAfterSeconds]);
  }

  /** Heap and open handles of the server after a garbage collection. */
  async #inspectServer() {
    this.server.child.send('inspect');
    const [{ heap, handles }] = await once(this.server.child, 'message');
    return { heap, handles: { ...handles, databaseConnections: await this.#serverConnections() } };
  }

  async #tableSizes() {
    const counts = TABLES.map(
      (table) => `select (select count(*)::int from ${table}) as rows,
        pg_total_relation_size('${table}')::int as bytes`,
    );
    const { rows: tables } = await this.db.query(counts.join(' union all '));
    return {
      rows: tables.reduce((sum, { rows }) => sum + rows, 0),
      mebibytes: tables.reduce((sum, { bytes }) => sum + bytes, 0) / 2 ** 20,
    };
  }

  async #serverConnections() {
    const { rows } = await this.db.query(`select count(*)::int from pg_stat_activity
      where datname = current_database() and application_name = 'otp-auth-server'`);
    return rows[0].count;
  }

  #slopes(samples, requests) {
    const warm = samples.filter(({ seconds }) => seconds > this.pace.warmUpSeconds);
    const perSecond = (value) => slope(warm, value);
    const heapBytesPerSecond = perSecond(({ heap }) => heap) * 2 ** 20;
    return {
      'RSS, MiB/h': perSecond(({ rss }) => rss) * 3600,
      'heap, MiB/h': perSecond(({ heap }) => heap) * 3600,
      'heap, bytes/request': heapBytesPerSecond / (requests / (this.minutes * 60)),
      'rows/s': perSecond(({ rows }) => rows),
      'tables and indexes, MiB/h': perSecond(({ mebibytes }) => mebibytes) * 3600,
      'p99, ms/h': perSecond(({ p99 }) => p99) * 3600,
    };
  }
}

/** Change per second, by linear regression. */
function slope(samples, value) {
  const points = samples.map((sample) => [sample.seconds, value(sample)]).filter(([, y]) => y !== undefined);
  const mean = (index) => points.reduce((sum, point) => sum + point[index], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const covariance = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return covariance / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}
