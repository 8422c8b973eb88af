import type { Test } from 'supertest';
import { logIn, PASSWORD, signUp, type Person, type SignedInReply } from '../support/accounts.js';
import { Client } from '../support/client.js';
import { Cluster } from '../support/cluster.js';
import { decode } from '../support/jws.js';
import { tally, Volley, type Call, type Reply } from '../support/parallel.js';

/** The size of both connection pools: at most this many statements wait for a lock at once. */
const POOLED_STATEMENTS = 16;
const OTHER_PASSWORD = 'quite another horse battery';
/** Wrong passwords in a day, and the part of them that strangers have. */
const GUESSES = 20;
const STRANGER_GUESSES = 15;
/** Of these, without a proof of work. */
const FREE_GUESSES = 10;

describe('sessions, over two processes', () => {
  let cluster: Cluster;
  let clientA: Client;
  let clientB: Client;
  let people = 0;
  beforeAll(async () => {
    cluster = await Cluster.start(2, { BCRYPT_COST: '4', PUBLIC_URL: 'https://auth.acme.test' });
    [clientA, clientB] = cluster.clients as [Client, Client];
  });
  afterAll(() => cluster?.stop());

  const newAddress = () => `somebody-${++people}@example.com`;
  const newPerson = () => signUp(clientA, newAddress());
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

  const getMe = (client: Client, accessToken: string) =>
    client.get('/users/me').set('authorization', `Bearer ${accessToken}`);

  async function administrator(): Promise<Person> {
    const { email, user } = await newPerson();
    await cluster.sql(`update users set roles = '{user,admin}' where id = $1`, [user.id]);
    return logIn(clientA, email);
  }

  async function liveSessions(userId: string): Promise<string[]> {
    const rows = await cluster.sql<{ id: string }>(
      'select id from sessions where user_id = $1 and ended_at is null and expires_at > now()',
      [userId],
    );
    return rows.map(({ id }) => id);
  }

  describe('100 parallel refreshes of one token', () => {
    async function expectOneLineage(person: Person, replies: Reply[]): Promise<void> {
      expect(tally(replies)).toEqual({ '200': replies.length });
      const successors = new Set(replies.map(({ body }) => body.refreshToken as string));
      expect(successors.size).toBe(1);
      expect(await liveSessions(person.user.id)).toEqual([sessionOf(person)]);
      const [successor = ''] = successors;
      const { body } = await clientB.post('/auth/refresh', { refreshToken: successor }).expect(200);
      const newest = body as SignedInReply;
      await getMe(clientA, newest.accessToken).expect(200);

      // Later the same token is a replay, which ends every token of the session.
      await cluster.age(11);
      await clientA.post('/auth/refresh', { refreshToken: person.refreshToken }).expect(401);
      for (const client of [clientB, clientA]) await getMe(client, newest.accessToken).expect(401);
      await clientB.post('/auth/refresh', { refreshToken: newest.refreshToken }).expect(401);
      expect(await liveSessions(person.user.id)).toEqual([]);
    }

    it('returns one successor, and a later replay ends the session', async () => {
      for (let run = 0; run < 10; run++) {
        const person = await newPerson();
        await expectOneLineage(person, await fire(refreshes(person.refreshToken, 100)));
      }
    });

    it('returns one successor when the requests wait for the locked session', async () => {
      const person = await newPerson();
      const lock = 'select from sessions where user_id = $1 for update';
      const replies = await cluster.whileHeld({ lock, key: person.user.id }, POOLED_STATEMENTS, () =>
        fire(refreshes(person.refreshToken, 100)),
      );
      await expectOneLineage(person, replies);
    });
  });

  const endings: Record<string, (person: Person, admin: Person) => Promise<unknown>> = {
    'sign-out': (person) => person.post('/auth/logout').expect(201),
    'a change of the password': (person) =>
      person.patch('/auth/reset', { password: OTHER_PASSWORD }).expect(200),
    'disabling of the account': ({ user }, admin) =>
      admin.patch(`/users/${user.id}`, { disabled: true }).expect(200),
    'a change of the roles': ({ user }, admin) =>
      admin.patch(`/users/${user.id}`, { roles: ['user', 'admin'] }).expect(200),
    'deletion of the account': (person) => person.delete('/users/me').expect(204),
  };

  it.each(Object.keys(endings))(
    'rejects the tokens in both processes from the next call after %s',
    async (name) => {
      const admin = await administrator();
      for (const firstToCall of [clientA, clientB]) {
        const person = await newPerson();
        // Both processes have accepted the token before it ends.
        for (const client of [clientA, clientB]) await getMe(client, person.accessToken).expect(200);
        await endings[name]?.(person, admin);
        for (const client of [firstToCall, clientA, clientB])
          await getMe(client, person.accessToken).expect(401);
        await clientB.post('/auth/refresh', { refreshToken: person.refreshToken }).expect(401);
      }
    },
  );

  describe('sign-ins that race with an account change', () => {
    const changes: Record<string, (person: Person, admin: Person, otp: string) => Test> = {
      'a password reset': ({ email }, _, otp) =>
        clientB.patch('/auth/reset', { email, otp, password: OTHER_PASSWORD }).expect(200),
      'disabling of the account': ({ user }, admin) =>
        admin.patch(`/users/${user.id}`, { disabled: true }).expect(200),
      'a change of the roles': ({ user }, admin) =>
        admin.patch(`/users/${user.id}`, { roles: ['user'] }).expect(200),
      'deletion of the account': (person) => person.delete('/users/me').expect(204),
    };
    const SIGN_INS = 8;

    it.each(
      Object.keys(changes).flatMap((name) => [
        [name, 'behind'],
        [name, 'ahead of'],
      ]),
    )('%s leaves no live session when the sign-ins queue %s it', async (name = '', place) => {
      const admin = await administrator();
      const person = await newPerson();
      const { otp } = await requestReset(person.email);
      const change = async () => void (await changes[name]?.(person, admin, otp));
      const held = {
        lock: 'select from users where id = $1 for no key update',
        key: person.user.id,
      };
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

      // Each sign-in either succeeded and its session has ended, or it was refused.
      const { '200': signedIn = 0, '409 changed_meanwhile': late = 0, ...others } = tally(replies);
      expect(others).toEqual({});
      expect(signedIn + late).toBe(SIGN_INS);
      outcomes.push(signedIn);
      expect(await liveSessions(person.user.id)).toEqual([]);
      for (const { body } of replies.filter(({ status }) => status === 200))
        for (const client of [clientA, clientB]) await getMe(client, body.accessToken as string).expect(401);
    });

    const outcomes: number[] = [];
    it('lets the sign-ins succeed in some of these runs and refuses them in others', () => {
      expect(Math.max(...outcomes)).toBe(SIGN_INS);
      expect(Math.min(...outcomes)).toBe(0);
    });
  });

  describe('single use of codes and links', () => {
    it('accepts one of two parallel resets by link and by code, and sets only its password', async () => {
      for (let run = 0; run < 20; run++) {
        const person = await newPerson();
        const { email } = person;
        const { otp, token } = await requestReset(email);
        const passwords = ['set by the link, once', 'set by the code, once'] as const;
        const calls: Call[] = [
          { method: 'PATCH', path: '/auth/reset', body: { token, password: passwords[0] } },
          { method: 'PATCH', path: '/auth/reset', body: { email, otp, password: passwords[1] } },
        ];
        if (run % 2) calls.reverse();
        const fireBoth = () => fire(calls);
        // In every other pair of runs, both requests wait for the same row.
        const isLocked = run % 4 >= 2;
        const replies = await (isLocked ? cluster.whileLocked(`email:${email}`, 2, fireBoth) : fireBoth());
        const winner = replies.findIndex(({ status }) => status === 200);
        const refusal = outcomeOf(replies[1 - winner]);
        expect(tally(replies)).toEqual({ '200': 1, [refusal]: 1 });
        expect(refusal).toMatch(/^40[04] (reset_link_invalid|otp_not_found)$/);
        for (const { password } of calls.map(({ body }) => body as { password: string })) {
          const winning = calls[winner]?.body as { password: string };
          const expected = password === winning.password ? 200 : 401;
          await clientB.post('/auth/login', { email, password }).expect(expected);
        }
        await clientA.post('/auth/login', { email, password: PASSWORD }).expect(401);
        await getMe(clientB, person.accessToken).expect(401);
      }
    });

    it('creates one account and one session from 50 parallel verifications of a registration', async () => {
      for (let run = 0; run < 10; run++) {
        const email = newAddress();
        await clientA.post('/auth/register', { email, password: PASSWORD }).expect(201);
        const otp = await clientA.code(email);
        const calls = Array.from({ length: 50 }, () => ({
          path: '/auth/verify',
          body: { email, otp },
        }));
        const replies = await fire(calls);
        expect(tally(replies)).toEqual({ '200': 1, '404 otp_not_found': 49 });
        const users = await cluster.sql<{ id: string }>('select id from users where email = $1', [email]);
        expect(users).toHaveLength(1);
        expect(await liveSessions(users[0]?.id ?? '')).toHaveLength(1);
      }
    });
  });

  it('judges ten wrong passwords a day without a proof of work when 50 arrive at once', async () => {
    for (let run = 0; run < 3; run++) {
      const { email, deviceToken } = await newPerson();
      let judged = 0;
      for (let burst = 0; burst < 3; burst++) {
        const attempts = logins(email, 50).map((call, i) => ({
          ...call,
          body: { email, password: `wrong ${burst} ${i}` },
        }));
        const {
          '401 invalid_credentials': refused = 0,
          '403 proof_of_work_required': asked = 0,
          '429 password_guess_limit': limited = 0,
          '503 passwords_busy': shed = 0,
          ...others
        } = tally(await fire(attempts));
        expect(others).toEqual({});
        expect(refused + asked + limited + shed).toBe(50);
        judged += refused;
      }
      expect(judged).toBe(FREE_GUESSES);
      for (const client of [clientA, clientB])
        await client.post('/auth/login', { email, password: PASSWORD }).expect(403);
      await logIn(clientB, email, { deviceToken });
      // Passes the hourly limit of the network, which all these attempts share.
      await cluster.age(3_600);
    }
  });

  it('judges 15 wrong passwords of strangers and 20 of all, by whichever route they arrive at once', async () => {
    for (let run = 0; run < 3; run++) {
      const person = await newPerson();
      const { email } = person;
      const change = { password: OTHER_PASSWORD, currentPassword: `wrong ${run}` };
      let wrong = 0;
      let byStrangers = 0;
      for (let burst = 0; burst < 4; burst++) {
        const strangers = fire(logins(email, 10, `wrong ${run} ${burst}`));
        const changes = ['/auth/reset', '/users/me', '/api/reset'].flatMap((path) =>
          [clientA, clientB].map((client) =>
            client.patch(path, change).set('authorization', `Bearer ${person.accessToken}`),
          ),
        );
        const replies = await Promise.all(changes.map((call) => call.then((reply) => reply)));
        const known = ['401 current_password_wrong', '429 password_guess_limit', '503 passwords_busy'];
        expect(Object.keys(tally(replies)).filter((outcome) => !known.includes(outcome))).toEqual([]);
        wrong += tally(replies)['401 current_password_wrong'] ?? 0;
        byStrangers += tally(await strangers)['401 invalid_credentials'] ?? 0;
      }
      expect(byStrangers).toBeLessThanOrEqual(STRANGER_GUESSES);
      expect(wrong + byStrangers).toBe(GUESSES);
      await cluster.age(3_600);
    }
  });

  async function requestReset(email: string): Promise<{ otp: string; token: string }> {
    const { otp, text } = await clientA.codeOf(email, () =>
      clientA.post('/auth/forgot', { email }).expect(202),
    );
    return { otp, token: /#token=(\S+)/.exec(text)?.[1] ?? '' };
  }
});

function outcomeOf(reply?: Reply): string {
  return Object.keys(tally(reply ? [reply] : []))[0] ?? '';
}
