// The same server, asked by people who are spread over all rows of a database that `grow.sql` filled.
import { ask, hashOf, post, RIGHT, server } from './server.js';

/** A prime beyond any number of people, so that its multiples come to each of them before they come to one again. */
const STRIDE = 15_485_863;

/** Used in turn, by all passes. */
let next = 0;

/** So many people of those with the numbers from `first` to before `end`. */
const emailsOf = (first, end, count) =>
  Array.from({ length: Math.min(end - first, count) }, () => {
    const n = first + ((next++ * STRIDE) % (end - first));
    return `person-${n}@bench.test`;
  });

/** Their last code was long ago, and few were sent today. */
async function readyToSend(db, emails) {
  await db.query(
    `update challenges set resend_at = now() - interval '1 s', sends = 1 where recipient = any ($1::text[])`,
    [emails.map((email) => `email:${email}`)],
  );
}

/** They have just been sent a code. */
async function readyToVerify(db, emails) {
  await db.query(
    `update challenges c set code_hash = t.hash, issued_at = now(), expires_at = now() + interval '5 min',
       resend_at = now() + interval '1 min', consumed_at = null, attempts = 0
     from unnest($1::text[], $2::bytea[]) as t(email, hash) where c.recipient = 'email:' || t.email`,
    [emails, emails.map(hashOf)],
  );
}

async function signedIn({ db, url }, emails) {
  await readyToVerify(db, emails);
  return Promise.all(emails.map((email) => ask(`${url}/auth/verify_otp`, 'POST', { email, otp: RIGHT })));
}

export function serverWith(name, people) {
  const anyone = (count) => emailsOf(0, people, count);
  const users = (count) => emailsOf(0, people / 5, count);
  const strangers = (count) => emailsOf(people / 5, people, count);
  const each = (values, plan) => ({ ...plan, values, limit: values.length });
  return {
    ...server,
    name,
    people,
    operations: {
      async send({ db, seconds }) {
        const emails = anyone(7_500 * seconds);
        await readyToSend(db, emails);
        return each(emails, {
          ...post('/auth/send_otp', 201, '"VerificationStatus":"pending"'),
          body: '{"email":"{value}"}',
        });
      },
      async verify({ db, seconds }) {
        const emails = strangers(12_500 * seconds);
        await readyToVerify(db, emails);
        return each(emails, {
          ...post('/auth/verify_otp', 201, '"VerificationStatus":"approved"'),
          body: `{"email":"{value}","otp":"${RIGHT}"}`,
        });
      },
      async signin({ db, seconds }) {
        const emails = users(3_000 * seconds);
        await readyToVerify(db, emails);
        return each(emails, {
          ...post('/auth/verify_otp', 201, '"refreshToken":'),
          body: `{"email":"{value}","otp":"${RIGHT}"}`,
        });
      },
      async refresh(context) {
        const tokens = await signedIn(context, users(100));
        return {
          ...post('/auth/refresh', 200, '"accessToken":'),
          body: '{"refreshToken":"{value}"}',
          values: tokens.map(({ refreshToken }) => refreshToken),
          takes: 'refreshToken',
        };
      },
      async authenticated(context) {
        const tokens = await signedIn(context, users(100));
        return {
          method: 'GET',
          path: '/users/me',
          status: 200,
          includes: '"email":"person',
          headers: { authorization: 'Bearer {value}' },
          values: tokens.map(({ accessToken }) => accessToken),
        };
      },
    },
  };
}
