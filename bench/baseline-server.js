// The baseline: a bare node:http server that runs one named prepared statement per request.
import { createServer } from 'node:http';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { countStatements } from './count-statements.js';

countStatements(pg);
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 8 });
await pool.query(`create table if not exists baseline (
  recipient text primary key, id uuid not null, code text not null, attempts int not null default 0, consumed_at timestamptz)`);

const SEND = {
  name: 'baseline_send',
  text: `insert into baseline (recipient, id, code) values ($1, $2, $3)
    on conflict (recipient) do update set id = excluded.id, code = excluded.code, attempts = 0, consumed_at = null
    returning id`,
};
const VERIFY = {
  name: 'baseline_verify',
  text: `update baseline set attempts = attempts + 1, consumed_at = case when code = $2 then now() end
    where recipient = $1 and consumed_at is null returning consumed_at is not null as approved`,
};

const server = createServer(async (request, response) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  const { email, otp } = JSON.parse(text);
  const { rows } =
    request.url === '/send'
      ? await pool.query({ ...SEND, values: [email, randomUUID(), '123456'] })
      : await pool.query({ ...VERIFY, values: [email, otp] });
  response
    .writeHead(rows.length > 0 ? 200 : 404, { 'content-type': 'application/json' })
    .end(JSON.stringify(rows[0] ?? {}));
});
process.on('disconnect', () => process.exit());
server.listen(Number(process.env.PORT), '127.0.0.1', () => process.send?.('ready'));
