// pnpm bench [rounds] [seconds]: send and verify on this server and on the floor, interleaved, on one PostgreSQL.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createHmac, hkdfSync } from 'node:crypto';
import { openSync } from 'node:fs';
import os from 'node:os';
import autocannon from 'autocannon';
import pg from 'pg';

const [rounds = 5, seconds = 5] = process.argv.slice(2).map(Number);
const CONNECTIONS = 16;
const adminUrl = process.env.BENCH_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';
const database = `otp_bench_${process.pid}`;
const admin = new pg.Client({ connectionString: adminUrl });
await admin.connect();
await admin.query(`create database ${database}`);
const url = new URL(adminUrl);
url.pathname = `/${database}`;
const db = new pg.Client({ connectionString: url.href });

const PORTS = { floor: 3901, server: 3902 };
const log = openSync('/dev/null', 'w');
const children = {};
for (const [name, file] of [
  ['floor', 'bench/floor.js'],
  ['server', 'bench/server.js'],
]) {
  children[name] = fork(file, {
    env: { PATH: process.env.PATH, DATABASE_URL: url.href, PORT: String(PORTS[name]) },
    stdio: ['ignore', log, 'inherit', 'ipc'],
  });
  await once(children[name], 'message');
}
await db.connect();

// The code that seeded challenges hold: the server's own key, from its secret.
const mac = Buffer.from(
  hkdfSync('sha256', 'bench-7f3k9w2m5x8q1v4b6n0z-only-for-this-run', '', 'otp-auth-server mac', 32),
);
const hashOf = (recipient) =>
  createHmac('sha256', mac)
    .update(JSON.stringify([recipient, 'login', '', '', '123456']))
    .digest();

const ops = {
  async send(name, round) {
    let sent = 0;
    const path = name === 'floor' ? '/send' : '/auth/send_otp';
    return load(
      name,
      path,
      () => ({ email: `s${round}-${sent++}@bench.test` }),
      name === 'floor' ? 200 : 201,
    );
  },
  async verify(name, round) {
    const count = 20_000 * seconds;
    const emails = Array.from({ length: count }, (_, i) => `v${round}-${i}@bench.test`);
    if (name === 'floor') {
      await db.query(
        `insert into floor (recipient, id, code) select e, gen_random_uuid(), '123456' from unnest($1::text[]) e`,
        [emails],
      );
    } else {
      await db.query(
        `insert into challenges (recipient, purpose, id, channel, code_hash, issued_at, expires_at, resend_at)
         select 'email:' || e, 'login', gen_random_uuid(), 'email', h, now(), now() + interval '5 min', now()
         from unnest($1::text[], $2::bytea[]) as t(e, h)`,
        [emails, emails.map((email) => hashOf(`email:${email}`))],
      );
    }
    let done = 0;
    const path = name === 'floor' ? '/verify' : '/auth/verify_otp';
    return load(
      name,
      path,
      () => ({ email: emails[done++ % count], otp: '123456' }),
      name === 'floor' ? 200 : 201,
    );
  },
};

async function load(name, path, body, expected) {
  await db.query('checkpoint');
  const before = await cost(name);
  const result = await autocannon({
    url: `http://127.0.0.1:${PORTS[name]}${path}`,
    connections: CONNECTIONS,
    duration: seconds,
    requests: [
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        setupRequest: (r) => ({ ...r, body: JSON.stringify(body()) }),
      },
    ],
  });
  const after = await cost(name);
  const right = result.statusCodeStats[expected]?.count ?? 0;
  const wrong = result.requests.total - right;
  if (wrong > result.requests.total / 1000)
    throw new Error(`${name} ${path}: ${wrong} answers other than ${expected}`);
  return {
    perSecond: right / result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
    walPerRequest: (after.wal - before.wal) / right,
  };
}

async function cost() {
  const { rows } = await db.query('select wal_bytes::float8 as wal from pg_stat_wal');
  return rows[0];
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const results = {};
for (let round = -1; round < rounds; round++) {
  for (const op of Object.keys(ops)) {
    for (const name of round % 2 ? ['floor', 'server'] : ['server', 'floor']) {
      const result = await ops[op](name, round + 1);
      if (round >= 0) ((results[op] ??= {})[name] ??= []).push(result);
    }
  }
}

console.log(
  `\n${os.cpus().length} cores, node ${process.version}, ${CONNECTIONS} connections, ${rounds} rounds of ${seconds} s\n`,
);
console.log(
  'operation  target   req/s  p50 ms  p99 ms  WAL bytes/req  ratio to the floor: median (min to max)',
);
for (const [op, targets] of Object.entries(results)) {
  const ratios = targets.server.map((result, i) => result.perSecond / targets.floor[i].perSecond);
  for (const [name, runs] of Object.entries(targets)) {
    const column = (key, digits = 0) => median(runs.map((run) => run[key])).toFixed(digits);
    const ratio =
      name === 'server'
        ? `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`
        : '1';
    console.log(
      [
        op.padEnd(10),
        name.padEnd(7),
        column('perSecond').padStart(6),
        column('p50', 1).padStart(7),
        column('p99', 1).padStart(7),
        column('walPerRequest').padStart(14),
        ` ${ratio}`,
      ].join(' '),
    );
  }
}

for (const child of Object.values(children)) child.kill();
await db.end();
await admin.query(`drop database ${database} with (force)`);
await admin.end();
