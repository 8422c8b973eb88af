// Requests to Better Auth, which has no cooldown and no refresh.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../better-auth', import.meta.url));
const PASSWORD = 'correct horse battery staple 7';
const CODE = '123456';

const post = (path, status, includes) => ({
  method: 'POST',
  path: `/api/auth${path}`,
  status,
  includes,
});

/** Adds users with a verified address. */
async function addUsers(db, prefix, count) {
  await db.query(
    `insert into "user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
     select $1 || n, '', $1 || '-' || n || '@bench.test', true, now(), now() from generate_series(0, $2 - 1) n`,
    [prefix, count],
  );
}

/**
 * Adds codes. Better Auth deletes expired codes with every check, and two deletions may deadlock,
 * so this removes the codes that would expire during the measurement.
 */
async function addCodes(db, type, prefix, count) {
  await db.query(`delete from verification where "expiresAt" < now() + interval '1 min'`);
  await db.query(
    `insert into verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt")
     select $1 || $2 || n, $1 || '-otp-' || $2 || '-' || n || '@bench.test', $4, now() + interval '5 min', now(), now()
     from generate_series(0, $3 - 1) n`,
    [type, prefix, count, `${CODE}:0`],
  );
}

/** Signs in and returns the session cookie. */
async function sessionCookie(url, path, body) {
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
  script: 'bench/better-auth/server.js',
  prepare() {
    if (existsSync(`${FOLDER}/node_modules`)) return;
    const install = ['install', '--ignore-workspace', '--frozen-lockfile', '--dir', FOLDER];
    execFileSync('npx', ['-y', 'pnpm@12', ...install], { stdio: 'inherit' });
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
        body: `{"email":"${tag}-{n}@bench.test","otp":"${CODE}"}`,
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
        body: `{"email":"${tag}-{n}@bench.test","otp":"${CODE}"}`,
        limit,
      };
    },
    async authenticated({ db, tag, url }) {
      const count = 100;
      await addUsers(db, tag, count);
      await addCodes(db, 'sign-in', tag, count);
      const emails = Array.from({ length: count }, (_, n) => `${tag}-${n}@bench.test`);
      const cookies = await Promise.all(
        emails.map((email) => sessionCookie(url, '/sign-in/email-otp', { email, otp: CODE })),
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
        emails.map((email) => sessionCookie(url, '/sign-up/email', { name: 'p', email, password: PASSWORD })),
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
