import { randomBytes } from 'node:crypto';
import { logIn, PASSWORD, Person, signUp, type SignedInReply } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { decode } from '../support/jws.js';
import { until } from '../support/until.js';

const DAY = 86_400;
const NEW_PASSWORD = 'quite another horse battery';
const NOBODYS = '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001';
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

interface Entry {
  id: string;
  current: boolean;
  deviceId: string | null;
}

describe('sessions', () => {
  let app: TestApp;
  let people = 0;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4' });
  });
  afterAll(() => app?.stop());

  const somebody = () => signUp(app, `somebody-${++people}@example.com`);
  const again = ({ email }: Person, more = {}) => logIn(app, email, more);
  const claimsOf = ({ accessToken }: { accessToken: string }) => decode(accessToken.split('.')[1]);
  const sessionOf = (person: { accessToken: string }) => claimsOf(person).sid as string;
  const refresh = (refreshToken: string) => app.post('/auth/refresh', { refreshToken });
  const expectLive = (person: Person) => person.get('/users/me').expect(200);

  /** The same session with its next tokens. */
  async function renewed({ email, refreshToken }: Person): Promise<Person> {
    const { body } = await refresh(refreshToken).expect(200);
    return new Person(app, email, body as SignedInReply);
  }

  async function administrator(): Promise<Person> {
    const person = await somebody();
    await app.sql(`update users set roles = '{user,admin}' where id = $1`, [person.user.id]);
    return again(person);
  }

  async function entries(person: Person): Promise<Entry[]> {
    return (await person.get('/auth/sessions').expect(200)).body as Entry[];
  }

  async function events(person: Person): Promise<Record<string, unknown>[]> {
    return (await person.get('/users/me/events').expect(200)).body as Record<string, unknown>[];
  }

  async function expectRefreshRefused(refreshToken: string): Promise<void> {
    const { status, headers, body } = await refresh(refreshToken);
    expect([status, body.code, headers['www-authenticate']]).toEqual([
      401,
      'refresh_token_invalid',
      'Bearer',
    ]);
  }

  /** Neither of its tokens is good for anything. */
  async function expectOver(person: Person): Promise<void> {
    const { status, body } = await person.get('/users/me');
    expect([status, body.code]).toEqual([401, 'token_invalid']);
    await expectRefreshRefused(person.refreshToken);
  }

  describe('are renewed', () => {
    it('by a refresh token that is good once; the reply holds the next one and a new access token (T1, RF7)', async () => {
      const first = await somebody();
      const { body, headers } = await refresh(first.refreshToken).expect(200);
      expect(body).toEqual({
        tokenType: 'Bearer',
        accessToken: expect.any(String),
        expiresIn: 900,
        refreshToken: expect.any(String),
        user: (await first.get('/users/me')).body,
      });
      expect(headers['cache-control']).toBe('no-store');
      expect(headers['set-cookie']).toBeUndefined();
      const second = new Person(app, first.email, body as SignedInReply);
      expect(second.refreshToken).not.toBe(first.refreshToken);
      expect(claimsOf(second)).toMatchObject({ sub: first.user.id, sid: sessionOf(first) });
      expect(claimsOf(second).jti).not.toBe(claimsOf(first).jti);
      await expectLive(second);
      expect((await renewed(second)).refreshToken).not.toBe(second.refreshToken);
    });

    it('by the token before for ten seconds more, to the very same successor (T2)', async () => {
      const first = await somebody();
      const second = await renewed(first);
      expect((await renewed(first)).refreshToken).toBe(second.refreshToken);
      await app.age(8);
      expect((await renewed(first)).refreshToken).toBe(second.refreshToken);
      // That moved nothing: the successor is still the one that is good.
      await expectLive(await renewed(second));
    });

    it('no more once a token is used again later: the family ends, and its owner can read of it (T1, RF7)', async () => {
      const first = await somebody();
      const elsewhere = await again(first);
      const second = await renewed(first);
      const third = await renewed(second);
      await app.age(11);
      await expectRefreshRefused(second.refreshToken);
      for (const { refreshToken } of [first, second, third]) await expectRefreshRefused(refreshToken);
      await expectOver(third);
      // Only that session: another sign-in of the same user goes on.
      await expectLive(elsewhere);
      const replays = (await events(elsewhere)).filter(({ action }) => action === 'refresh');
      expect(replays).toEqual([
        expect.objectContaining({ succeeded: false, reason: 'replayed', ip: '127.0.0.1' }),
      ]);
    });

    it('no more once a token two generations old is used, however soon (T1)', async () => {
      const first = await somebody();
      const third = await renewed(await renewed(first));
      await expectRefreshRefused(first.refreshToken);
      await expectOver(third);
    });

    it('not by what we never made, and knowing the id of a session is no way to end it', async () => {
      const person = await somebody();
      const other = await somebody();
      const bytes = Buffer.from(person.refreshToken, 'base64url');
      const sessionId = bytes.subarray(0, 16);
      const flipped = (at: number) => {
        const copy = Buffer.from(bytes);
        copy[at] = (copy[at] ?? 0) ^ 1;
        return copy.toString('base64url');
      };
      const garbage = {
        nothing: '',
        words: 'not a token',
        'a session id': sessionOf(person),
        'an access token cut short': person.accessToken.slice(0, 200),
        'the device token': person.deviceToken,
        'random bytes': randomBytes(64).toString('base64url'),
        'random bytes for this session': Buffer.concat([sessionId, randomBytes(48)]).toString('base64url'),
        'zeros for this session': Buffer.concat([sessionId, Buffer.alloc(48)]).toString('base64url'),
        "another session's secret": Buffer.concat([
          sessionId,
          Buffer.from(other.refreshToken, 'base64url').subarray(16),
        ]).toString('base64url'),
        'another secret': flipped(20),
        'another tag': flipped(63),
        'cut short': person.refreshToken.slice(0, -2),
        padded: `${person.refreshToken}=`,
        'in two lines': `${person.refreshToken}\n`,
        'in base64': Buffer.concat([sessionId, Buffer.alloc(48, 255)]).toString('base64'),
      };
      for (const token of Object.values(garbage)) await expectRefreshRefused(token);
      await app.post('/auth/refresh', { refreshToken: 'a'.repeat(257) }).expect(400);
      for (const refreshToken of [null, 5, [person.refreshToken], { $gt: '' }])
        await app.post('/auth/refresh', { refreshToken }).expect(400);
      await expectLive(person);
      await expectLive(await renewed(person));
    });
  });

  describe('end', () => {
    it('at sign-out: this one at once, with both of its tokens, and no other (T3, V23)', async () => {
      const here = await renewed(await somebody());
      const there = await again(here);
      await here.post('/auth/logout').expect(201);
      await expectOver(here);
      await here.post('/auth/logout').expect(401);
      await expectLive(await renewed(there));
      expect((await events(there))[0]).toMatchObject({ action: 'sign_out', succeeded: true });
    });

    const endings: Record<string, (person: Person, admin: Person) => Promise<unknown>> = {
      'a new password in the profile': (person) =>
        person.patch('/users/me', { password: NEW_PASSWORD }).expect(200),
      'a new password of who is signed in': (person) =>
        person.patch('/auth/reset', { password: NEW_PASSWORD }).expect(200),
      'a reset by the code': async ({ email }) => {
        const { otp } = await reset(email);
        await app.patch('/auth/reset', { email, otp, password: NEW_PASSWORD }).expect(200);
      },
      'a reset by the link': async ({ email }) => {
        const { token } = await reset(email);
        await app.patch('/auth/reset', { token, password: NEW_PASSWORD }).expect(200);
      },
      'an administrator who disables the account': ({ user }, admin) =>
        admin.patch(`/users/${user.id}`, { disabled: true }).expect(200),
      'an administrator who changes the roles': ({ user }, admin) =>
        admin.patch(`/users/${user.id}`, { roles: ['user', 'admin'] }).expect(200),
      'an administrator who ends them': ({ user }, admin) =>
        admin.patch(`/users/${user.id}`, { endSessions: true }).expect(200),
      'the deletion of the account': (person) => person.delete('/users/me').expect(204),
    };

    it.each(Object.keys(endings))(
      'all of them, with all of their tokens, at %s (T3, J5, V23, V24)',
      async (name) => {
        const admin = await administrator();
        const here = await somebody();
        const others = [await again(here), await renewed(await again(here))];
        const neighbour = await somebody();
        await endings[name]?.(here, admin);
        for (const person of [here, ...others]) await expectOver(person);
        for (const person of [admin, neighbour]) await expectLive(person);
      },
    );

    async function reset(email: string): Promise<{ otp: string; token: string }> {
      const { otp, text } = await app.codeOf(email, () => app.post('/auth/forgot', { email }).expect(202));
      return { otp, token: /#token=(\S+)/.exec(text)?.[1] ?? '' };
    }

    it('before their roles change: the next sign-in has the new ones, and the one after them the old (J5)', async () => {
      const admin = await administrator();
      const person = await somebody();
      await person.get('/users').expect(403);
      await admin.patch(`/users/${person.user.id}`, { roles: ['user', 'admin'] }).expect(200);
      const promoted = await again(person);
      expect(claimsOf(promoted).roles).toEqual(['user', 'admin']);
      await promoted.get('/users').expect(200);
      await admin.patch(`/users/${person.user.id}`, { roles: ['user'] }).expect(200);
      await promoted.get('/users').expect(401);
      await (await again(person)).get('/users').expect(403);
    });

    it('after 14 days without a refresh (V22)', async () => {
      const person = await somebody();
      await app.age(14 * DAY - 60);
      const next = await renewed(person);
      await app.age(14 * DAY - 60);
      await expectLive(next);
      await app.age(61);
      await expectOver(next);
      await expectRefreshRefused(person.refreshToken);
      expect((await entries(await again(person))).map(({ current }) => current)).toEqual([true]);
    });

    it('after 30 days, however often they are refreshed (V22)', async () => {
      let person = await somebody();
      for (let day = 10; day < 30; day += 10) {
        await app.age(10 * DAY);
        person = await renewed(person);
      }
      await app.age(10 * DAY - 60);
      person = await renewed(person);
      await expectLive(person);
      await app.age(61);
      await expectOver(person);
    });
  });

  describe('are in the hands of their user', () => {
    it('who sees where they are, and no one else’s (V25)', async () => {
      const { email } = await somebody();
      const laptop = await logIn(app, email);
      const { body: phone } = await app
        .post('/auth/login', { email, password: PASSWORD })
        .set('user-agent', 'Phone/1.0 <b>')
        .set('x-device-token', laptop.deviceToken)
        .expect(200);
      const list = await entries(laptop);
      expect(list).toHaveLength(3);
      const times = { signedInAt: TIME, lastUsedAt: TIME, expiresAt: TIME };
      for (const entry of list)
        expect(entry).toEqual({
          id: expect.any(String),
          current: entry.id === sessionOf(laptop),
          userAgent: entry.id === sessionOf(phone) ? 'Phone/1.0 <b>' : null,
          ip: '127.0.0.1',
          deviceId: expect.any(String),
          ...Object.fromEntries(
            Object.entries(times).map(([name, form]) => [name, expect.stringMatching(form)]),
          ),
        });
      const deviceOf = (person: { accessToken: string }) =>
        list.find(({ id }) => id === sessionOf(person))?.deviceId;
      expect(deviceOf(phone)).toBe(deviceOf(laptop));
      expect(new Set(list.map(({ deviceId }) => deviceId)).size).toBe(2);
      // The last used comes first.
      expect(list[0]?.id).toBe(sessionOf(phone));
      await app.age(1);
      await renewed(laptop);
      expect((await entries(laptop))[0]?.id).toBe(sessionOf(laptop));
      expect(JSON.stringify(list)).not.toMatch(/hash|token/i);
    });

    it('who ends one of them, or all the others (V25)', async () => {
      const here = await somebody();
      const [lost, ...others] = [await again(here), await again(here), await again(here)];
      await here.delete(`/auth/sessions/${sessionOf(lost)}`).expect(204);
      await expectOver(lost);
      const twice = await here.delete(`/auth/sessions/${sessionOf(lost)}`);
      expect([twice.status, twice.body.code]).toEqual([404, 'session_not_found']);
      for (const person of others) await expectLive(person);

      await here.delete('/auth/sessions').expect(204);
      for (const person of others) await expectOver(person);
      expect(await entries(here)).toEqual([expect.objectContaining({ current: true })]);
      const ends = (await events(here)).filter(({ action }) => action === 'sign_out');
      expect(ends.map(({ succeeded }) => succeeded)).toEqual([true, true]);
      // The current one, too.
      await here.delete(`/auth/sessions/${sessionOf(here)}`).expect(204);
      await expectOver(here);
    });

    it('and in no one else’s: a session of another user is one that is not there (M2, API1)', async () => {
      const ada = await somebody();
      const eve = await somebody();
      const admin = await administrator();
      const answers = [];
      for (const person of [eve, admin])
        for (const id of [sessionOf(ada), NOBODYS, '1', 'null', `${sessionOf(ada)}'--`, '%00'])
          for (const query of ['', '?forgetDevice=true'])
            answers.push(await person.delete(`/auth/sessions/${id}${query}`));
      for (const { status, body } of answers) {
        const { requestId, ...problem } = body as { requestId: string };
        expect(requestId).toEqual(expect.any(String));
        expect([status, problem]).toEqual([404, expect.objectContaining({ code: 'session_not_found' })]);
      }
      await eve.delete('/auth/sessions').expect(204);
      await expectLive(await renewed(ada));
      expect((await entries(ada))[0]?.deviceId).toEqual(expect.any(String));
      expect(await entries(eve)).toHaveLength(1);
      expect((await events(ada)).filter(({ action }) => action === 'sign_out')).toEqual([]);
    });

    it('who is told of a wish that cannot be read, before anything ends', async () => {
      const here = await somebody();
      for (const wish of ['forgetDevice=yes', 'forgetDevice=true&forgetDevice=false', 'forget=true'])
        await here.delete(`/auth/sessions/${sessionOf(here)}?${wish}`).expect(400);
      await expectLive(here);
      await app.get('/auth/sessions').expect(401);
    });

    it('and go when nothing needs them: a session 30 days after its end, a device after 180 unused (D2)', async () => {
      const person = await somebody();
      const count = async () => {
        const [row] = await app.sql<{ sessions: number; devices: number }>(
          `select (select count(*)::int from sessions where user_id = $1) as sessions,
            (select count(*)::int from devices where user_id = $1) as devices`,
          [person.user.id],
        );
        return row;
      };
      await app.age(181 * DAY);
      const isGone = async () => Object.values((await count()) ?? {}).every((rows) => rows === 0);
      await until('the removal of both', isGone, 30);
    });
  });
});
