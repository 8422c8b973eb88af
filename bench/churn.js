// pnpm bench:churn [cycles]: issues and verifies codes for a thousand recipients as fast as one
// process can, and shows what happens to table and index sizes. Autovacuum must be on.
import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { createApp } from '../dist/server.js';
import { Config } from '../dist/config/config.js';
import { ChallengeRepository } from '../dist/otp/challenge.repository.js';
import { Purposes, withoutLimits } from '../dist/otp/purposes.js';
import { createDatabase } from './database.js';
import { table } from './report.js';

const cycles = Number(process.argv[2] ?? 1_000_000);
const RECIPIENTS = 1_000;
const SAMPLES = 10;
const HEADER = [
  'updates',
  'HOT',
  'dead rows',
  'autovacuums',
  'table kB',
  'primary key kB',
  'expiry index kB',
];
const TABLE_STATISTICS = `
  select n_tup_upd::float8 as updates, n_tup_hot_upd::float8 as hot, n_dead_tup::int as dead,
    autovacuum_count::int as vacuums, pg_relation_size('challenges') / 1024 as "tableKb",
    pg_relation_size('challenges_pkey') / 1024 as "pkeyKb",
    pg_relation_size('challenges_expiry') / 1024 as "expiryKb"
  from pg_stat_user_tables where relname = 'challenges'`;

const database = await createDatabase('otp_churn');
const db = new pg.Client({ connectionString: database.url });
await db.connect();
const app = await createApp(Config.from({ DATABASE_URL: database.url, LOG_LEVEL: 'warn' }));
await app.init();
try {
  const { rows } = await db.query(
    `select current_setting('autovacuum') as autovacuum, current_setting('server_version') as version`,
  );
  const [{ version, autovacuum }] = rows;
  console.log(
    `PostgreSQL ${version}, autovacuum ${autovacuum}, ${RECIPIENTS} recipients, two updates a cycle\n`,
  );
  await churn();
} finally {
  await app.close();
  await db.end();
  await database.drop();
}

async function churn() {
  const challenges = app.get(ChallengeRepository, { strict: false });
  const policy = withoutLimits(app.get(Purposes, { strict: false }).policyOf('login'));
  let startedCycles = 0;

  async function issueAndVerify(number) {
    const recipient = `email:person${number}@bench.test`;
    const key = { recipient, purpose: 'login', lane: '', policy };
    while (startedCycles++ < cycles) {
      const hash = randomBytes(32);
      const issued = await challenges.issue({
        ...key,
        id: randomUUID(),
        channel: 'email',
        codeHash: hash,
        codeSealed: randomBytes(80),
        contextHash: null,
        applicationId: null,
        metadata: null,
        template: 'code',
        resend: false,
        isTest: true,
      });
      const verdict = await challenges.verify({ ...key, hashes: [hash] });
      if (!issued || !verdict?.approved) throw new Error('a code was refused');
    }
  }

  const samples = [];
  const finished = Promise.all(Array.from({ length: RECIPIENTS }, (_, number) => issueAndVerify(number)));
  for (let number = 1; number <= SAMPLES; number++) {
    while (startedCycles < (cycles / SAMPLES) * number)
      await Promise.race([finished, new Promise((resolve) => setTimeout(resolve, 200))]);
    if (number === SAMPLES) await finished;
    samples.push(await sample());
  }
  console.log(table([HEADER, ...samples]));
}

async function sample() {
  // Backends report to the statistics once a second.
  await db.query('select pg_sleep(1.5)');
  const { rows } = await db.query(TABLE_STATISTICS);
  const { updates, hot, dead, vacuums, tableKb, pkeyKb, expiryKb } = rows[0];
  const hotShare = (hot / updates).toFixed(2);
  return [updates, hotShare, dead, vacuums, tableKb, pkeyKb, expiryKb].map(String);
}
