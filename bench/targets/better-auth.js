// What Better Auth is asked to do: it has no cooldown and no refresh.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const DIR = 'bench/better-auth';
const PASSWORD = 'correct horse battery staple 7';
const RIGHT = '123456';

const post = (path, status, includes) => ({ method: 'POST', path: `/api/auth${path}`, status, includes });

/** Users with a proved address. */
async function addUsers(db, prefix, count) {
  await db.query(
    `insert into "user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
     select $1 || n, '', $1 || '-' || n || '@bench.test', true, now(), now() from generate_series(0, $2 - 1) n`,
    [prefix, count],
  );
}

/** It deletes what has expired with every check, and two that do may deadlock. None expires during a pass. */
async function addCodes(db, type, prefix, count) {
  await db.query(`delete from verification where "expiresAt" < now() + interval '1 min'`);
  await db.query(
    `insert into verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt")
     select $1 || $2 || n, $1 || '-otp-' || $2 || '-' || n || '@bench.test', $4, now() + interval '5 min', now(), now()
     from generate_series(0, $3 - 1) n`,
    [type, prefix, count, `${RIGHT}:0`],
  );
}

/** The cookie that a sign-in leaves. */
async function cookieOf(url, path, body) {
  const response = await fetch(`${url}/api/auth${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.headers.getSetCookie()[0].split(';')[0];
}

export const betterAuth = {
  name: 'better-auth',
  script: `${DIR}/server.js`,
  prepare() {
    if (existsSync(`${DIR}/node_modules`)) return;
    execFileSync(
      'npx',
      ['-y', 'pnpm@12', 'install', '--ignore-workspace', '--frozen-lockfile', '--dir', DIR],
      {
        stdio: 'inherit',
      },
    );
  },
  operations: {
    send: ({ tag }) => ({
      ...post('/email-otp/send-verification-otp', 200, '"success":true'),
      body: `{"email":"${tag}-{n}@bench.test","type":"sign-in"}`,
    }),
    async verify({ db, tag, seconds }) {
      const limit = 3_000 * seconds;
      await addUsers(db, tag, limit);
      await addCodes(db, 'email-verification', tag, limit);
      return {
        ...post('/email-otp/verify-email', 200, '"status":true'),
        body: `{"email":"${tag}-{n}@bench.test","otp":"${RIGHT}"}`,
        limit,
      };
    },
    async wrong({ db, tag, seconds }) {
      const limit = 3_000 * seconds;
      await addUsers(db, tag, limit);
      await addCodes(db, 'email-verification', tag, limit);
      return {
        ...post('/email-otp/verify-email', 400, '"code":"INVALID_OTP"'),
        body: `{"email":"${tag}-{n}@bench.test","otp":"000000"}`,
        limit,
      };
    },
    async signin({ db, tag, seconds }) {
      const limit = 3_000 * seconds;
      await addUsers(db, tag, limit);
      await addCodes(db, 'sign-in', tag, limit);
      return {
        ...post('/sign-in/email-otp', 200, '"token":'),
        body: `{"email":"${tag}-{n}@bench.test","otp":"${RIGHT}"}`,
        limit,
      };
    },
    async authenticated({ db, tag, url }) {
      const count = 100;
      await addUsers(db, tag, count);
      await addCodes(db, 'sign-in', tag, count);
      const emails = Array.from({ length: count }, (_, n) => `${tag}-${n}@bench.test`);
      const cookies = await Promise.all(
        emails.map((email) => cookieOf(url, '/sign-in/email-otp', { email, otp: RIGHT })),
      );
      return {
        method: 'GET',
        path: '/api/auth/get-session',
        status: 200,
        includes: '"email":"a',
        headers: { cookie: '{value}' },
        values: cookies,
      };
    },
    async password({ tag, url }) {
      const emails = Array.from({ length: 8 }, (_, n) => `${tag}-${n}@bench.test`);
      await Promise.all(
        emails.map((email) => cookieOf(url, '/sign-up/email', { name: 'p', email, password: PASSWORD })),
      );
      return {
        ...post('/sign-in/email', 200, '"token":'),
        body: `{"email":"{value}","password":"${PASSWORD}"}`,
        values: emails,
        connections: 4,
      };
    },
  },
};
