import type { Test } from 'supertest';
import { logIn, PASSWORD, signUp, type Person, type SignedInReply } from '../support/accounts.js';
import { Client } from '../support/client.js';
import { Cluster } from '../support/cluster.js';
import { decode } from '../support/jws.js';
import { tally, Volley, type Call, type Reply } from '../support/parallel.js';

/** Statements that two processes have on the database at most: their pools. */
const STATEMENTS = 16;
const OTHER_PASSWORD = 'quite another horse battery';
const GUESSES = 20;

describe('sessions, over two processes', () => {
  let cluster: Cluster;
  let here: Client;
  let there: Client;
  let people = 0;
  beforeAll(async () => {
    cluster = await Cluster.start(2, { BCRYPT_COST: '4', PUBLIC_URL: 'https://auth.acme.test' });
    [here, there] = cluster.clients as [Client, Client];
  });
  afterAll(() => cluster?.stop());

  const newAddress = () => `somebody-${++people}@example.com`;
  const somebody = () => signUp(here, newAddress());
  const sessionOf = ({ accessToken }: { accessToken: string }) =>
    decode(accessToken.split('.')[1]).sid as string;
  const refreshes = (refreshToken: string, count: number): Call[] =>
    Array.from({ length: count }, () => ({ path: '/auth/refresh', body: { refreshToken } }));
  const logins = (email: string, count: number, password = PASSWORD): Call[] =>
    Array.from({ length: count }, () => ({ path: '/auth/login', body: { email, password } }));

  async function fire(calls: Call[]): Promise<Reply[]> {
    const volley = await Volley.open(cluster.urls, calls.length);
    try {
      return await volley.fire(calls);
    } finally {
      volley.close();
    }
  }

  const me = (client: Client, accessToken: string) =>
    client.get('/users/me').set('authorization', `Bearer ${accessToken}`);

  async function administrator(): Promise<Person> {
    const { email, user } = await somebody();
    await cluster.sql(`update users set roles = '{user,admin}' where id = $1`, [user.id]);
    return logIn(here, email);
  }

  async function live(userId: string): Promise<string[]> {
    const rows = await cluster.sql<{ id: string }>(
      'select id from sessions where user_id = $1 and ended_at is null and expires_at > now()',
      [userId],
    );
    return rows.map(({ id }) => id);
  }

  describe('100 refreshes of one token at once', () => {
    async function expectOneLineage(person: Person, replies: Reply[]): Promise<void> {
      expect(tally(replies)).toEqual({ '200': replies.length });
      const successors = new Set(replies.map(({ body }) => body.refreshToken as string));
      expect(successors.size).toBe(1);
      expect(await live(person.user.id)).toEqual([sessionOf(person)]);
      const [successor = ''] = successors;
      const { body } = await there.post('/auth/refresh', { refreshToken: successor }).expect(200);
      const newest = body as SignedInReply;
      await me(here, newest.accessToken).expect(200);

      // Later each of them is a replay, and nothing of the family is left.
      await cluster.age(11);
      await here.post('/auth/refresh', { refreshToken: person.refreshToken }).expect(401);
      for (const client of [there, here]) await me(client, newest.accessToken).expect(401);
      await there.post('/auth/refresh', { refreshToken: newest.refreshToken }).expect(401);
      expect(await live(person.user.id)).toEqual([]);
    }

    it('give one successor, in 10 of 10 runs, and a replay afterwards ends it (T1, T2)', async () => {
      for (let run = 0; run < 10; run++) {
        const person = await somebody();
        await expectOneLineage(person, await fire(refreshes(person.refreshToken, 100)));
      }
    });

    it('give one successor when they pile up behind the locked session (T1, T2)', async () => {
      const person = await somebody();
      const lock = 'select from sessions where user_id = $1 for update';
      const replies = await cluster.whileHeld({ lock, key: person.user.id }, STATEMENTS, () =>
        fire(refreshes(person.refreshToken, 100)),
      );
      await expectOneLineage(person, replies);
    });
  });

  const endings: Record<string, (person: Person, admin: Person) => Promise<unknown>> = {
    'a sign-out': (person) => person.post('/auth/logout').expect(201),
    'a new password': (person) => person.patch('/auth/reset', { password: OTHER_PASSWORD }).expect(200),
    'a disabled account': ({ user }, admin) =>
      admin.patch(`/users/${user.id}`, { disabled: true }).expect(200),
    'other roles': ({ user }, admin) =>
      admin.patch(`/users/${user.id}`, { roles: ['user', 'admin'] }).expect(200),
    'a deleted account': (person) => person.delete('/users/me').expect(204),
  };

  it.each(Object.keys(endings))(
    'are over for both processes on the very next call after %s (J5, V23, V24)',
    async (name) => {
      const admin = await administrator();
      for (const first of [here, there]) {
        const person = await somebody();
        // Both have seen it good.
        for (const client of [here, there]) await me(client, person.accessToken).expect(200);
        await endings[name]?.(person, admin);
        for (const client of [first, here, there]) await me(client, person.accessToken).expect(401);
        await there.post('/auth/refresh', { refreshToken: person.refreshToken }).expect(401);
      }
    },
  );

  describe('a sign-in at the same moment as', () => {
    const changes: Record<string, (person: Person, admin: Person, otp: string) => Test> = {
      'a reset': ({ email }, _, otp) =>
        there.patch('/auth/reset', { email, otp, password: OTHER_PASSWORD }).expect(200),
      'a disabling': ({ user }, admin) => admin.patch(`/users/${user.id}`, { disabled: true }).expect(200),
      'a change of roles': ({ user }, admin) =>
        admin.patch(`/users/${user.id}`, { roles: ['user'] }).expect(200),
      'a deletion': (person) => person.delete('/users/me').expect(204),
    };
    const SIGN_INS = 8;

    it.each(
      Object.keys(changes).flatMap((name) => [
        [name, 'behind'],
        [name, 'ahead of'],
      ]),
    )('%s leaves no live session, %s it in the queue for the account (V24)', async (name = '', place) => {
      const admin = await administrator();
      const person = await somebody();
      const { otp } = await forgot(person.email);
      const change = async () => void (await changes[name]?.(person, admin, otp));
      const held = { lock: 'select from users where id = $1 for no key update', key: person.user.id };
      let signIns: Promise<Reply[]> = Promise.resolve([]);
      let changed: Promise<void> = Promise.resolve();
      const start = {
        signIns: () => (signIns = fire(logins(person.email, SIGN_INS))),
        change: () => (changed = change()),
      };
      const [first, second, waiting] =
        place === 'behind'
          ? ([start.change, start.signIns, 1] as const)
          : ([start.signIns, start.change, SIGN_INS] as const);
      await cluster.whileHeld<unknown>(held, waiting, first, async () => {
        void second();
        await cluster.untilWaiting(SIGN_INS + 1);
      });
      await changed;
      const replies = await signIns;

      // Each was in time and is over by now, or came too late.
      const { '200': signedIn = 0, '409 changed_meanwhile': late = 0, ...others } = tally(replies);
      expect(others).toEqual({});
      expect(signedIn + late).toBe(SIGN_INS);
      outcomes.push(signedIn);
      expect(await live(person.user.id)).toEqual([]);
      for (const { body } of replies.filter(({ status }) => status === 200))
        for (const client of [here, there]) await me(client, body.accessToken as string).expect(401);
    });

    const outcomes: number[] = [];
    it('comes in time in some of these runs and too late in others', () => {
      expect(Math.max(...outcomes)).toBe(SIGN_INS);
      expect(Math.min(...outcomes)).toBe(0);
    });
  });

  describe('one success and no more', () => {
    it('comes of two resets at once, by the link and by the code; the other’s password is none (U2)', async () => {
      for (let run = 0; run < 20; run++) {
        const person = await somebody();
        const { email } = person;
        const { otp, token } = await forgot(email);
        const passwords = ['set by the link, once', 'set by the code, once'] as const;
        const calls: Call[] = [
          { method: 'PATCH', path: '/auth/reset', body: { token, password: passwords[0] } },
          { method: 'PATCH', path: '/auth/reset', body: { email, otp, password: passwords[1] } },
        ];
        if (run % 2) calls.reverse();
        const both = () => fire(calls);
        // Every other time both wait for the same row.
        const replies = await (run % 4 < 2 ? both() : cluster.whileLocked(`email:${email}`, 2, both));
        const won = replies.findIndex(({ status }) => status === 200);
        expect(tally(replies)).toEqual({
          '200': 1,
          [tallied(replies[1 - won])]: 1,
        });
        expect(tallied(replies[1 - won])).toMatch(/^40[04] (reset_link_invalid|otp_not_found)$/);
        for (const { password } of calls.map(({ body }) => body as { password: string })) {
          const expected = password === (calls[won]?.body as { password: string }).password ? 200 : 401;
          await there.post('/auth/login', { email, password }).expect(expected);
        }
        await here.post('/auth/login', { email, password: PASSWORD }).expect(401);
        await me(there, person.accessToken).expect(401);
      }
    });

    it('comes of 50 right codes of a registration at once: one account, one session (B3)', async () => {
      for (let run = 0; run < 10; run++) {
        const email = newAddress();
        await here.post('/auth/register', { email, password: PASSWORD }).expect(201);
        const otp = await here.code(email);
        const calls = Array.from({ length: 50 }, () => ({ path: '/auth/verify', body: { email, otp } }));
        const replies = await fire(calls);
        expect(tally(replies)).toEqual({ '200': 1, '404 otp_not_found': 49 });
        const users = await cluster.sql<{ id: string }>('select id from users where email = $1', [email]);
        expect(users).toHaveLength(1);
        expect(await live(users[0]?.id ?? '')).toHaveLength(1);
      }
    });
  });

  it('50 wrong passwords at once are never more judged guesses than a day has (B2, B5)', async () => {
    for (let run = 0; run < 3; run++) {
      const { email, deviceToken } = await somebody();
      let judged = 0;
      for (let volleys = 0; volleys < 3; volleys++) {
        const wrong = logins(email, 50).map((call, i) => ({
          ...call,
          body: { email, password: `wrong ${volleys} ${i}` },
        }));
        const {
          '401 invalid_credentials': refused = 0,
          '429 password_guess_limit': limited = 0,
          '503 passwords_busy': shed = 0,
          ...others
        } = tally(await fire(wrong));
        expect(others).toEqual({});
        expect(refused + limited + shed).toBe(50);
        judged += refused;
      }
      expect(judged).toBe(GUESSES);
      for (const client of [here, there])
        await client.post('/auth/login', { email, password: PASSWORD }).expect(429);
      await logIn(there, email, { deviceToken });
      // The hour of the network that they all came from.
      await cluster.age(3_600);
    }
  });

  it('are good at processes that run under the APP_SECRET before, from their first calls on', async () => {
    const newer = await cluster.add({
      APP_SECRET: 'the next one for all of them',
      APP_SECRET_PREVIOUS: 'one for all of them',
    });
    const { accessToken } = await signUp(new Client(newer.url), newAddress());
    const calls = [here, there].flatMap((client) => Array.from({ length: 8 }, () => me(client, accessToken)));
    const replies = await Promise.all(calls);
    expect(tally(replies)).toEqual({ '200': calls.length });
    await newer.stop();
  });

  async function forgot(email: string): Promise<{ otp: string; token: string }> {
    const { otp, text } = await here.codeOf(email, () => here.post('/auth/forgot', { email }).expect(202));
    return { otp, token: /#token=(\S+)/.exec(text)?.[1] ?? '' };
  }
});

function tallied(reply?: Reply): string {
  return Object.keys(tally(reply ? [reply] : []))[0] ?? '';
}
