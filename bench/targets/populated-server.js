// Requests to this server for recipients spread over all rows of a database filled by `grow.sql`.
import { call, CODE, hashOf, post, server } from './server.js';

/** A prime above any number of recipients, so its multiples visit all of them before repeating. */
const STRIDE = 15_485_863;

/** Shared by all measurements, so that they use different recipients. */
let next = 0;

/** At most `count` addresses of the recipients numbered from `first` up to, excluding, `end`. */
const pickEmails = (first, end, count) =>
  Array.from({ length: Math.min(end - first, count) }, () => {
    const n = first + ((next++ * STRIDE) % (end - first));
    return `person-${n}@bench.test`;
  });

/** Puts the recipients outside the cooldown and below the daily limit. */
async function allowSends(db, emails) {
  await db.query(
    `update challenges set resend_at = now() - interval '1 s' where recipient = any ($1::text[])`,
    [emails.map((email) => `email:${email}`)],
  );
  await db.query('delete from budget_counters where key = any ($1::text[])', [
    emails.map((email) => `to:email:${email}`),
  ]);
}

/** Gives each recipient an active challenge. */
async function issueCodes(db, emails) {
  await db.query(
    `update challenges c set code_hash = t.hash, issued_at = now(), expires_at = now() + interval '5 min',
       resend_at = now() + interval '1 min', consumed_at = null, attempts = 0
     from unnest($1::text[], $2::bytea[]) as t(email, hash) where c.recipient = 'email:' || t.email`,
    [emails, emails.map(hashOf)],
  );
}

async function signIn({ db, url }, emails) {
  await issueCodes(db, emails);
  return Promise.all(emails.map((email) => call(`${url}/auth/verify_otp`, 'POST', { email, otp: CODE })));
}

/** In `grow.sql` the first fifth of the recipients have an account. */
export function populatedServer(name, recipients) {
  const firstGuest = recipients / 5;
  const anyEmails = (count) => pickEmails(0, recipients, count);
  const userEmails = (count) => pickEmails(0, firstGuest, count);
  const guestEmails = (count) => pickEmails(firstGuest, recipients, count);
  const oncePerEmail = (values, plan) => ({ ...plan, values, limit: values.length });
  return {
    ...server,
    name,
    recipients,
    operations: {
      async send({ db, seconds }) {
        const emails = anyEmails(7_500 * seconds);
        await allowSends(db, emails);
        return oncePerEmail(emails, {
          ...post('/auth/send_otp', 201, '"VerificationStatus":"pending"'),
          body: '{"email":"{value}"}',
        });
      },
      async verify({ db, seconds }) {
        const emails = guestEmails(12_500 * seconds);
        await issueCodes(db, emails);
        return oncePerEmail(emails, {
          ...post('/auth/verify_otp', 201, '"VerificationStatus":"approved"'),
          body: `{"email":"{value}","otp":"${CODE}"}`,
        });
      },
      async signin({ db, seconds }) {
        const emails = userEmails(3_000 * seconds);
        await issueCodes(db, emails);
        return oncePerEmail(emails, {
          ...post('/auth/verify_otp', 201, '"refreshToken":'),
          body: `{"email":"{value}","otp":"${CODE}"}`,
        });
      },
      async refresh(context) {
        const tokens = await signIn(context, userEmails(100));
        return {
          ...post('/auth/refresh', 200, '"accessToken":'),
          body: '{"refreshToken":"{value}"}',
          values: tokens.map(({ refreshToken }) => refreshToken),
          replaceValueWith: 'refreshToken',
        };
      },
      async authenticated(context) {
        const tokens = await signIn(context, userEmails(100));
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
