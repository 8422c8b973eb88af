// node bench/plans.js: prints the query plans of the most frequent statements, on a new database
// with the server's settings. `test/races/plans.spec.ts` checks the plans of all statements.
import pg from 'pg';
import { createApp } from '../dist/server.js';
import { Config } from '../dist/config/config.js';
import { statements } from '../dist/database/sql.js';
import { createDatabase } from './database.js';

const FREQUENT = [
  ...['challenges_issue', 'challenges_verify', 'messages_finish', 'messages_claim'],
  ...['sessions_check', 'sessions_open', 'sessions_refresh', 'users_by_id', 'users_by_email'],
];

const database = await createDatabase('otp_plans');
const app = await createApp(Config.from({ DATABASE_URL: database.url, LOG_LEVEL: 'warn' }));
await app.init();
const db = new pg.Client({
  connectionString: database.url,
  options: '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off',
});
await db.connect();
for (const name of FREQUENT) {
  const { text } = statements.get(name);
  await db.query(`prepare ${name} as ${text}`);
  const { rows: prepared } = await db.query(
    'select cardinality(parameter_types) as count from pg_prepared_statements where name = $1',
    [name],
  );
  const nulls = Array.from({ length: prepared[0].count }, () => 'null');
  const { rows } = await db.query(`explain (costs off) execute ${name} (${nulls.join()})`);
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  console.log(`\n### ${name}\n\n\`\`\`text\n${plan}\n\`\`\``);
}
await db.end();
await app.close();
await database.drop();
