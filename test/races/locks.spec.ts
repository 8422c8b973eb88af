import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { connectionOptions } from '../../src/database/connection.js';
import { databaseUrl } from '../../src/config/database-url.js';
import { PASSWORD, signUp } from '../support/accounts.js';
import { Client } from '../support/client.js';
import { Cluster } from '../support/cluster.js';
import { until } from '../support/until.js';

/** A lock that no reply frees ends after this time, so that a failing test ends too. */
const LOCK_MS = 6_000;
const OTHERS = 12;

interface Answer {
  status: number;
  code?: string;
  retryAfter: string | null;
  /** Whether the lock was still held when the reply arrived. */
  whileLocked: boolean;
}

describe('locks of other sessions of the database', () => {
  let cluster: Cluster;
  let url: string;
  let isLocked = false;
  beforeAll(async () => {
    cluster = await Cluster.start(1, { BCRYPT_COST: '4', OTP_EXPOSE_CODE: 'true' });
    url = cluster.urls[0] ?? '';
  });
  afterAll(() => cluster?.stop());

  async function send(path: string, { method = 'POST', body, token }: SendOptions = {}): Promise<Answer> {
    const reply = await fetch(url + path, {
      method,
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = (await reply.json()) as { code?: string };
    const retryAfter = reply.headers.get('retry-after');
    return { status: reply.status, code: text.code, retryAfter, whileLocked: isLocked };
  }

  /** Holds a lock until `meanwhile` is done, at most for LOCK_MS if `releases` is set. */
  async function whileHeld<T>(lock: string, meanwhile: () => Promise<T>, releases = true): Promise<T> {
    const holder = await cluster.pool.connect();
    try {
      await holder.query('begin');
      await holder.query(lock);
      isLocked = true;
      const done = meanwhile();
      await Promise.race([done, ...(releases ? [wait(LOCK_MS, undefined, { ref: false })] : [])]);
      isLocked = false;
      await holder.query('commit');
      return await done;
    } finally {
      isLocked = false;
      holder.release();
    }
  }

  it.each([
    ['sends', '/otp/generate', {}, 200],
    ['verifications', '/otp/verify', { otp: '000000' }, 400],
  ])('a locked row delays no %s for other recipients', async (_, path, fields, status) => {
    const email = (n: number) => `${path.slice(5)}-${n}@example.com`;
    const all = Array.from({ length: OTHERS + 1 }, (_, n) => n);
    await Promise.all(all.map((n) => send('/otp/generate', { body: { email: email(n) } })));
    await cluster.age(61);

    let locked: Promise<Answer> | undefined;
    const lock = `select from challenges where recipient = 'email:${email(0)}' for update`;
    const others = await whileHeld(lock, async () => {
      locked = send(path, { body: { email: email(0), ...fields } });
      await cluster.untilWaiting(1);
      const answers = [];
      // Two rounds: the second one finds the call for the locked row running alone.
      for (let round = 0; round < 2; round++) {
        const half = all.slice(1 + (round * OTHERS) / 2, 1 + ((round + 1) * OTHERS) / 2);
        answers.push(
          ...(await Promise.all(half.map((n) => send(path, { body: { email: email(n), ...fields } })))),
        );
      }
      return answers;
    });
    expect(others.map((answer) => [answer.status, answer.whileLocked])).toEqual(
      Array<unknown>(OTHERS).fill([status, true]),
    );
    expect(await locked).toMatchObject({ status, whileLocked: false });
    // The batch that timed out counted nothing, so each call counted once.
    const counts = await cluster.sql(
      `select distinct (select count(*)::int from messages m where m.recipient = c.recipient) as messages, attempts
       from challenges c where recipient like 'email:${path.slice(5)}-%'`,
    );
    expect(counts).toEqual([
      path === '/otp/generate' ? { messages: 2, attempts: 0 } : { messages: 1, attempts: 1 },
    ]);
  });

  it.each(['users', 'challenges', 'sessions'])(
    'requests behind the locked table %s get 503 with Retry-After, none is reset, and the server recovers',
    async (table) => {
      const person = await signUp(new Client(url), `${table}@example.com`);
      const token = person.accessToken;
      const calls: Record<string, (() => Promise<Answer>)[]> = {
        users: [
          () => send('/auth/login', { body: { email: 'x@example.com', password: PASSWORD } }),
          () => send('/auth/forgot', { body: { email: 'x@example.com' } }),
          () => send('/users/me', { method: 'GET', token }),
        ],
        challenges: [
          () => send('/otp/generate', { body: { email: 'x@example.com' } }),
          () => send('/auth/verify_otp', { body: { email: 'x@example.com', otp: '123456' } }),
          () => send('/otp/verify', { body: { email: 'x@example.com', otp: '123456' } }),
        ],
        sessions: [
          () => send('/users/me', { method: 'GET', token }),
          () => send('/auth/logout', { token }),
          () => send('/auth/refresh', { body: { refreshToken: person.refreshToken } }),
        ],
      };
      const kinds = calls[table] ?? [];
      const lock = `lock table ${table} in access exclusive mode`;
      const fire = () => Promise.all(Array.from({ length: 27 }, () => kinds.map((call) => call())).flat());
      const answers = await whileHeld(lock, fire, false);
      expect(answers).toHaveLength(81);
      for (const answer of answers)
        expect(answer).toEqual({
          status: 503,
          code: expect.stringMatching(/^(service_unavailable|passwords_busy)$/),
          retryAfter: '1',
          whileLocked: true,
        });
      await cluster.age(3_600);
      // Sign-ins that were admitted behind the lock still hash.
      for (const call of kinds) await until('it is served again', async () => (await call()).status < 500);
      expect(cluster.servers[0]?.isRunning).toBe(true);
    },
  );

  it('end with their transaction if its process hangs', async () => {
    const { extra } = connectionOptions({
      DATABASE_URL: databaseUrl.parse(cluster.url),
      DATABASE_POOL_SIZE: 1,
      DATA_DIR: '',
    }) as { extra: { options: string } };
    const client = new pg.Client({ connectionString: cluster.url, options: extra.options });
    await client.connect();
    const { rows } = await client.query('show idle_in_transaction_session_timeout');
    await client.end();
    expect(rows).toEqual([{ idle_in_transaction_session_timeout: '10s' }]);
  });
});

interface SendOptions {
  method?: string;
  body?: object;
  token?: string;
}
