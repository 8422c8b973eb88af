// pnpm bench:churn [cycles]: a thousand people who ask for a code and use it, again and again, as fast as one process can
// have the heart's two statements; and what their rows become meanwhile. Of a PostgreSQL whose autovacuum is on.
import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { createApp } from '../dist/app.setup.js';
import { Config } from '../dist/config/config.js';
import { ChallengeRepository } from '../dist/otp/challenge.repository.js';
import { Purposes, withoutLimits } from '../dist/otp/purposes.js';
import { makeDatabase } from './process.js';
import { table } from './report.js';

const cycles = Number(process.argv[2] ?? 1_000_000);
const PEOPLE = 1_000;
const LOOKS = 10;
/** Updates so far are told to PostgreSQL's statistics within about a second. */
const LOOK = `
  select n_tup_upd::float8 as updates, n_tup_hot_upd::float8 as hot, n_live_tup::int as live, n_dead_tup::int as dead,
    autovacuum_count::int as vacuums, pg_relation_size('challenges') / 1024 as "tableKb",
    pg_relation_size('challenges_pkey') / 1024 as "pkeyKb", pg_relation_size('challenges_expiry') / 1024 as "expiryKb"
  from pg_stat_user_tables where relname = 'challenges'`;

const database = await makeDatabase('otp_churn');
const db = new pg.Client({ connectionString: database.url });
await db.connect();
const app = await createApp(Config.from({ DATABASE_URL: database.url, LOG_LEVEL: 'warn' }));
await app.init();
try {
  const { rows } = await db.query(
    `select current_setting('autovacuum') as autovacuum, current_setting('server_version') as version`,
  );
  console.log(
    `PostgreSQL ${rows[0].version}, autovacuum ${rows[0].autovacuum}, ${PEOPLE} people, two updates a cycle\n`,
  );
  await churn();
} finally {
  await app.close();
  await db.end();
  await database.drop();
}

async function churn() {
  const challenges = app.get(ChallengeRepository, { strict: false });
  const policy = withoutLimits(app.get(Purposes, { strict: false }).policy('login'));
  let begun = 0;

  async function live(person) {
    const key = { recipient: `email:person${person}@bench.test`, purpose: 'login', lane: '', policy };
    while (begun++ < cycles) {
      const hash = randomBytes(32);
      const issued = await challenges.issue({
        ...key,
        id: randomUUID(),
        messageId: randomUUID(),
        channel: 'email',
        codeHash: hash,
        codeSealed: randomBytes(80),
        contextHash: null,
        template: 'code',
        resend: false,
        isTest: true,
      });
      const verdict = await challenges.verify({ ...key, hashes: [hash] });
      if (!issued || !verdict?.approved) throw new Error('a code was refused');
    }
  }

  const lines = [];
  const people = Promise.all(Array.from({ length: PEOPLE }, (_, person) => live(person)));
  for (let look = 1; look <= LOOKS; look++) {
    while (begun < (cycles / LOOKS) * look)
      await Promise.race([people, new Promise((done) => setTimeout(done, 200))]);
    if (look === LOOKS) await people;
    await db.query('select pg_sleep(1.5)');
    const { rows } = await db.query(LOOK);
    const { updates, hot, dead, vacuums, tableKb, pkeyKb, expiryKb } = rows[0];
    lines.push([updates, (hot / updates).toFixed(2), dead, vacuums, tableKb, pkeyKb, expiryKb].map(String));
  }
  const header = [
    'updates',
    'HOT',
    'dead rows',
    'autovacuums',
    'table kB',
    'primary key kB',
    'expiry index kB',
  ];
  console.log(table([header, ...lines]));
}
