// node bench/plans.js: how PostgreSQL finds the rows of the statements that requests wait for, on a new database, with the
// server's settings. `test/races/plans.spec.ts` judges the plans of all statements.
import pg from 'pg';
import { createApp } from '../dist/app.setup.js';
import { Config } from '../dist/config/config.js';
import { statements } from '../dist/database/sql.js';
import { makeDatabase } from './process.js';

const HOT = [
  ...['challenges_issue', 'challenges_verify', 'messages_finish', 'messages_claim'],
  ...['sessions_check', 'sessions_open', 'sessions_refresh', 'users_by_id', 'users_by_email'],
];

const database = await makeDatabase('otp_plans');
const app = await createApp(Config.from({ DATABASE_URL: database.url, LOG_LEVEL: 'warn' }));
await app.init();
const db = new pg.Client({
  connectionString: database.url,
  options: '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off',
});
await db.connect();
for (const name of HOT) {
  const { text } = statements.get(name);
  await db.query(`prepare ${name} as ${text}`);
  const { rows: known } = await db.query(
    'select cardinality(parameter_types) as count from pg_prepared_statements where name = $1',
    [name],
  );
  const nulls = Array.from({ length: known[0].count }, () => 'null');
  const { rows } = await db.query(`explain (costs off) execute ${name} (${nulls.join()})`);
  console.log(`\n### ${name}\n\n\`\`\`text\n${rows.map((row) => row['QUERY PLAN']).join('\n')}\n\`\`\``);
}
await db.end();
await app.close();
await database.drop();
