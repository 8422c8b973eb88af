// The same server, asked by people who are spread over all rows of a database that `grow.sql` filled.
import { ask, hashOf, post, RIGHT, server } from './server.js';

/** A prime beyond any number of people, so that its multiples come to each of them before they come to one again. */
const STRIDE = 15_485_863;

/** Used in turn, by all passes. */
let next = 0;

const emailsOf = (people, count) =>
  Array.from({ length: count }, () => `person-${(next++ * STRIDE) % people}@bench.test`);

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
  const some = (perSecond, seconds) => emailsOf(people, Math.min(people, perSecond * seconds));
  const users = (count) => emailsOf(people / 5, Math.min(people / 5, count));
  const each = (values, plan) => ({ ...plan, values, limit: values.length });
  return {
    ...server,
    name,
    people,
    operations: {
      async send({ db, seconds }) {
        const emails = some(3_000, seconds);
        await readyToSend(db, emails);
        return each(emails, {
          ...post('/auth/send_otp', 201, '"VerificationStatus":"pending"'),
          body: '{"email":"{value}"}',
        });
      },
      async verify({ db, seconds }) {
        const emails = some(5_000, seconds);
        await readyToVerify(db, emails);
        return each(emails, {
          ...post('/auth/verify_otp', 201, '"VerificationStatus":"approved"'),
          body: `{"email":"{value}","otp":"${RIGHT}"}`,
        });
      },
      async signin({ db, seconds }) {
        const emails = users(2_000 * seconds);
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
