import { randomBytes } from 'node:crypto';
import { logIn, PASSWORD, Person, signUp, type SignedInReply } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { decode } from '../support/jws.js';
import { until } from '../support/until.js';

const DAY = 86_400;
const NEW_PASSWORD = 'quite another horse battery';
const UNKNOWN_ID = '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001';
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

interface SessionEntry {
  id: string;
  current: boolean;
  deviceId: string | null;
}

describe('sessions', () => {
  let app: TestApp;
  let emailCount = 0;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4' });
  });
  afterAll(() => app?.stop());

  const signUpUser = () => signUp(app, `somebody-${++emailCount}@example.com`);
  const logInAgain = ({ email }: Person, more = {}) => logIn(app, email, more);
  const claimsOf = ({ accessToken }: { accessToken: string }) => decode(accessToken.split('.')[1]);
  const sessionOf = (person: { accessToken: string }) => claimsOf(person).sid as string;
  const refresh = (refreshToken: string) => app.post('/auth/refresh', { refreshToken });
  const expectActive = (person: Person) => person.get('/users/me').expect(200);

  /** Refreshes the tokens of a session and returns the session with its new tokens. */
  async function refreshTokens({ email, refreshToken }: Person): Promise<Person> {
    const { body } = await refresh(refreshToken).expect(200);
    return new Person(app, email, body as SignedInReply);
  }

  async function createAdmin(): Promise<Person> {
    const person = await signUpUser();
    await app.sql(`update users set roles = '{user,admin}' where id = $1`, [person.user.id]);
    return logInAgain(person);
  }

  async function listSessions(person: Person): Promise<SessionEntry[]> {
    return (await person.get('/auth/sessions').expect(200)).body as SessionEntry[];
  }

  async function listEvents(person: Person): Promise<Record<string, unknown>[]> {
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

  /** Expects both tokens of the session to be rejected. */
  async function expectEnded(person: Person): Promise<void> {
    const { status, body } = await person.get('/users/me');
    expect([status, body.code]).toEqual([401, 'token_invalid']);
    await expectRefreshRefused(person.refreshToken);
  }

  describe('refresh', () => {
    it('accepts a refresh token once and returns a new refresh token and access token', async () => {
      const first = await signUpUser();
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
      await expectActive(second);
      expect((await refreshTokens(second)).refreshToken).not.toBe(second.refreshToken);
    });

    it('returns the same successor when the previous token is used again within ten seconds', async () => {
      const first = await signUpUser();
      const second = await refreshTokens(first);
      expect((await refreshTokens(first)).refreshToken).toBe(second.refreshToken);
      await app.age(8);
      expect((await refreshTokens(first)).refreshToken).toBe(second.refreshToken);
      // The repeated use did not rotate the token again, so the successor is still valid.
      await expectActive(await refreshTokens(second));
    });

    it('ends the session and records an event when a token is replayed after ten seconds', async () => {
      const first = await signUpUser();
      const elsewhere = await logInAgain(first);
      const second = await refreshTokens(first);
      const third = await refreshTokens(second);
      await app.age(11);
      await expectRefreshRefused(second.refreshToken);
      for (const { refreshToken } of [first, second, third]) await expectRefreshRefused(refreshToken);
      await expectEnded(third);
      // Only that session ends. Another session of the same user stays active.
      await expectActive(elsewhere);
      const replays = (await listEvents(elsewhere)).filter(({ action }) => action === 'refresh');
      expect(replays).toEqual([
        expect.objectContaining({ succeeded: false, reason: 'replayed', ip: '127.0.0.1' }),
      ]);
    });

    it('ends the session when a token two generations old is used, even immediately', async () => {
      const first = await signUpUser();
      const third = await refreshTokens(await refreshTokens(first));
      await expectRefreshRefused(first.refreshToken);
      await expectEnded(third);
    });

    it('rejects forged and malformed tokens without ending the session they name', async () => {
      const person = await signUpUser();
      const other = await signUpUser();
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
      await expectActive(person);
      await expectActive(await refreshTokens(person));
    });
  });

  describe('ending', () => {
    it('ends only the current session at sign-out, with both of its tokens', async () => {
      const current = await refreshTokens(await signUpUser());
      const other = await logInAgain(current);
      await current.post('/auth/logout').expect(201);
      await expectEnded(current);
      await current.post('/auth/logout').expect(401);
      await expectActive(await refreshTokens(other));
      expect((await listEvents(other))[0]).toMatchObject({ action: 'sign_out', succeeded: true });
    });

    const endSessionsBy: Record<string, (person: Person, admin: Person) => Promise<unknown>> = {
      'a password change in the profile': (person) =>
        person.patch('/users/me', { password: NEW_PASSWORD }).expect(200),
      'a password change through the reset route': (person) =>
        person.patch('/auth/reset', { password: NEW_PASSWORD }).expect(200),
      'a password reset by code': async ({ email }) => {
        const { otp } = await requestReset(email);
        await app.patch('/auth/reset', { email, otp, password: NEW_PASSWORD }).expect(200);
      },
      'a password reset by link': async ({ email }) => {
        const { token } = await requestReset(email);
        await app.patch('/auth/reset', { token, password: NEW_PASSWORD }).expect(200);
      },
      'an administrator disabled the account': ({ user }, admin) =>
        admin.patch(`/users/${user.id}`, { disabled: true }).expect(200),
      'an administrator changed the roles': ({ user }, admin) =>
        admin.patch(`/users/${user.id}`, { roles: ['user', 'admin'] }).expect(200),
      'an administrator ended them': ({ user }, admin) =>
        admin.patch(`/users/${user.id}`, { endSessions: true }).expect(200),
      'the account was deleted': (person) => person.delete('/users/me').expect(204),
    };

    it.each(Object.keys(endSessionsBy))(
      'ends all sessions of the user and all of their tokens after %s',
      async (name) => {
        const admin = await createAdmin();
        const current = await signUpUser();
        const others = [await logInAgain(current), await refreshTokens(await logInAgain(current))];
        const otherUser = await signUpUser();
        await endSessionsBy[name]?.(current, admin);
        for (const person of [current, ...others]) await expectEnded(person);
        for (const person of [admin, otherUser]) await expectActive(person);
      },
    );

    async function requestReset(email: string): Promise<{ otp: string; token: string }> {
      const { otp, text } = await app.codeOf(email, () => app.post('/auth/forgot', { email }).expect(202));
      return { otp, token: /#token=(\S+)/.exec(text)?.[1] ?? '' };
    }

    it('ends sessions when roles change, so that the next sign-in has the new roles', async () => {
      const admin = await createAdmin();
      const person = await signUpUser();
      await person.get('/users').expect(403);
      await admin.patch(`/users/${person.user.id}`, { roles: ['user', 'admin'] }).expect(200);
      const promoted = await logInAgain(person);
      expect(claimsOf(promoted).roles).toEqual(['user', 'admin']);
      await promoted.get('/users').expect(200);
      await admin.patch(`/users/${person.user.id}`, { roles: ['user'] }).expect(200);
      await promoted.get('/users').expect(401);
      await (await logInAgain(person)).get('/users').expect(403);
    });

    it('expires a session after 14 days without a refresh', async () => {
      const person = await signUpUser();
      await app.age(14 * DAY - 60);
      const next = await refreshTokens(person);
      await app.age(14 * DAY - 60);
      await expectActive(next);
      await app.age(61);
      await expectEnded(next);
      await expectRefreshRefused(person.refreshToken);
      expect((await listSessions(await logInAgain(person))).map(({ current }) => current)).toEqual([true]);
    });

    it('expires a session after 30 days even if it is refreshed', async () => {
      let person = await signUpUser();
      for (let day = 10; day < 30; day += 10) {
        await app.age(10 * DAY);
        person = await refreshTokens(person);
      }
      await app.age(10 * DAY - 60);
      person = await refreshTokens(person);
      await expectActive(person);
      await app.age(61);
      await expectEnded(person);
    });
  });

  describe('management', () => {
    it('lists the sessions of the user with client, IP address and device', async () => {
      const { email } = await signUpUser();
      const laptop = await logIn(app, email);
      const { body: phone } = await app
        .post('/auth/login', { email, password: PASSWORD })
        .set('user-agent', 'Phone/1.0 <b>')
        .set('x-device-token', laptop.deviceToken)
        .expect(200);
      const list = await listSessions(laptop);
      expect(list).toHaveLength(3);
      const times = { signedInAt: ISO_TIME, lastUsedAt: ISO_TIME, expiresAt: ISO_TIME };
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
      // The most recently used session comes first.
      expect(list[0]?.id).toBe(sessionOf(phone));
      await app.age(1);
      await refreshTokens(laptop);
      expect((await listSessions(laptop))[0]?.id).toBe(sessionOf(laptop));
      expect(JSON.stringify(list)).not.toMatch(/hash|token/i);
    });

    it('ends one session, or all sessions except the current one', async () => {
      const current = await signUpUser();
      const [removed, ...others] = [
        await logInAgain(current),
        await logInAgain(current),
        await logInAgain(current),
      ];
      await current.delete(`/auth/sessions/${sessionOf(removed)}`).expect(204);
      await expectEnded(removed);
      const repeated = await current.delete(`/auth/sessions/${sessionOf(removed)}`);
      expect([repeated.status, repeated.body.code]).toEqual([404, 'session_not_found']);
      for (const person of others) await expectActive(person);

      await current.delete('/auth/sessions').expect(204);
      for (const person of others) await expectEnded(person);
      expect(await listSessions(current)).toEqual([expect.objectContaining({ current: true })]);
      const signOuts = (await listEvents(current)).filter(({ action }) => action === 'sign_out');
      expect(signOuts.map(({ succeeded }) => succeeded)).toEqual([true, true]);
      // The current session can be ended as well.
      await current.delete(`/auth/sessions/${sessionOf(current)}`).expect(204);
      await expectEnded(current);
    });

    it('returns the same 404 for sessions of other users and for unknown ids', async () => {
      const ada = await signUpUser();
      const eve = await signUpUser();
      const admin = await createAdmin();
      const replies = [];
      for (const person of [eve, admin])
        for (const id of [sessionOf(ada), UNKNOWN_ID, '1', 'null', `${sessionOf(ada)}'--`, '%00'])
          for (const query of ['', '?forgetDevice=true'])
            replies.push(await person.delete(`/auth/sessions/${id}${query}`));
      for (const { status, body } of replies) {
        const { requestId, ...problem } = body as { requestId: string };
        expect(requestId).toEqual(expect.any(String));
        expect([status, problem]).toEqual([404, expect.objectContaining({ code: 'session_not_found' })]);
      }
      await eve.delete('/auth/sessions').expect(204);
      await expectActive(await refreshTokens(ada));
      expect((await listSessions(ada))[0]?.deviceId).toEqual(expect.any(String));
      expect(await listSessions(eve)).toHaveLength(1);
      expect((await listEvents(ada)).filter(({ action }) => action === 'sign_out')).toEqual([]);
    });

    it('rejects invalid query parameters without ending a session', async () => {
      const current = await signUpUser();
      for (const query of ['forgetDevice=yes', 'forgetDevice=true&forgetDevice=false', 'forget=true'])
        await current.delete(`/auth/sessions/${sessionOf(current)}?${query}`).expect(400);
      await expectActive(current);
      await app.get('/auth/sessions').expect(401);
    });

    it('deletes sessions 30 days after their end and devices after 180 days without use', async () => {
      const person = await signUpUser();
      const countRows = async () => {
        const [row] = await app.sql<{ sessions: number; devices: number }>(
          `select (select count(*)::int from sessions where user_id = $1) as sessions,
            (select count(*)::int from devices where user_id = $1) as devices`,
          [person.user.id],
        );
        return row;
      };
      await app.age(181 * DAY);
      const bothDeleted = async () => Object.values((await countRows()) ?? {}).every((rows) => rows === 0);
      await until('the session and the device are deleted', bothDeleted, 30);
    });
  });
});
