// Requests to this server, and the rows that they need.
import { createHmac, hkdfSync } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';

const SECRET = 'bench-7f3k9w2m5x8q1v4b6n0z-only-for-this-run';

const PASSWORD = 'correct horse battery staple 7';
export const CODE = '123456';

/** Hashes a code as the server does, with a key derived from its secret. */
const mac = Buffer.from(hkdfSync('sha256', SECRET, '', 'otp-auth-server mac', 32));
export const hashOf = (email) =>
  createHmac('sha256', mac)
    .update(JSON.stringify([`email:${email}`, 'login', '', '', CODE]))
    .digest();

export const post = (path, status, includes) => ({ method: 'POST', path, status, includes });

/** Adds active challenges within their cooldown. */
async function addChallenges(db, emails) {
  await db.query(
    `insert into challenges (recipient, purpose, id, channel, code_hash, issued_at, expires_at, resend_at)
     select 'email:' || e, 'login', gen_random_uuid(), 'email', h, now(), now() + interval '5 min', now() + interval '1 min'
     from unnest($1::text[], $2::bytea[]) as t(e, h)`,
    [emails, emails.map(hashOf)],
  );
}

async function addAccounts(db, emails) {
  await db.query(`insert into users (id, email) select gen_random_uuid(), e from unnest($1::text[]) e`, [
    emails,
  ]);
}

const emailsOf = (prefix, count) => Array.from({ length: count }, (_, n) => `${prefix}-${n}@bench.test`);

/** Creates accounts and signs them in with codes. */
async function signIn({ db, tag, url }, count) {
  const emails = emailsOf(tag, count);
  await addAccounts(db, emails);
  await addChallenges(db, emails);
  const tokens = await Promise.all(
    emails.map((email) => call(`${url}/auth/verify_otp`, 'POST', { email, otp: CODE })),
  );
  return { emails, tokens };
}

export async function call(url, method, body, token) {
  const headers = {
    'content-type': 'application/json',
    ...(token && { authorization: `Bearer ${token}` }),
  };
  const response = await fetch(url, { method, headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
  return response.json();
}

export const server = {
  name: 'server',
  /** `bench/bench-server.js`, bundled as in production. */
  script: 'dist/bench-server.js',
  env: { APP_SECRET: SECRET },
  operations: {
    send: ({ tag }) => ({
      ...post('/auth/send_otp', 201, '"VerificationStatus":"pending"'),
      body: `{"email":"${tag}-{n}@bench.test"}`,
    }),
    async cooldown({ db, tag, seconds }) {
      const limit = 20_000 * seconds;
      await addChallenges(db, emailsOf(tag, limit));
      return {
        ...post('/auth/send_otp', 429, '"code":"otp_cooldown"'),
        body: `{"email":"${tag}-{n}@bench.test"}`,
        limit,
      };
    },
    async verify({ db, tag, seconds }) {
      const limit = 20_000 * seconds;
      await addChallenges(db, emailsOf(tag, limit));
      return {
        ...post('/auth/verify_otp', 201, '"VerificationStatus":"approved"'),
        body: `{"email":"${tag}-{n}@bench.test","otp":"${CODE}"}`,
        limit,
      };
    },
    async wrong({ db, tag, seconds }) {
      const limit = 15_000 * seconds;
      await addChallenges(db, emailsOf(tag, limit));
      return {
        ...post('/auth/verify_otp', 400, '"code":"otp_invalid"'),
        body: `{"email":"${tag}-{n}@bench.test","otp":"000000"}`,
        limit,
      };
    },
    async signin({ db, tag, seconds }) {
      const limit = 10_000 * seconds;
      const emails = emailsOf(tag, limit);
      await addAccounts(db, emails);
      await addChallenges(db, emails);
      return {
        ...post('/auth/verify_otp', 201, '"refreshToken":'),
        body: `{"email":"${tag}-{n}@bench.test","otp":"${CODE}"}`,
        limit,
      };
    },
    async refresh(context) {
      const { tokens } = await signIn(context, 100);
      return {
        ...post('/auth/refresh', 200, '"accessToken":'),
        body: '{"refreshToken":"{value}"}',
        values: tokens.map(({ refreshToken }) => refreshToken),
        replaceValueWith: 'refreshToken',
      };
    },
    async authenticated(context) {
      const { tokens } = await signIn(context, 100);
      return {
        method: 'GET',
        path: '/users/me',
        status: 200,
        includes: '"email":"a',
        headers: { authorization: 'Bearer {value}' },
        values: tokens.map(({ accessToken }) => accessToken),
      };
    },
    async password(context) {
      const { emails, tokens } = await signIn(context, 8);
      for (const { accessToken } of tokens)
        await call(`${context.url}/auth/reset`, 'PATCH', { password: PASSWORD }, accessToken);
      return {
        ...post('/auth/login', 200, '"accessToken":'),
        body: `{"email":"{value}","password":"${PASSWORD}"}`,
        values: emails,
        connections: 4,
      };
    },
  },
  /** Waits until the outcome of every message is stored, which is part of the cost of a send. */
  async settle(db) {
    const selectPending = `select 1 from messages where state in ('queued', 'sending') limit 1`;
    for (let tries = 0; (await db.query(selectPending)).rows.length > 0; tries++) {
      if (tries === 600) throw new Error('messages are still pending after half a minute');
      await wait(50);
    }
  },
};
