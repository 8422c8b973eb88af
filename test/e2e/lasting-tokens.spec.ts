import type { KeyObject } from 'node:crypto';
import type { Test } from 'supertest';
import { PASSWORD } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { decode, withChangedSignature, type Fields } from '../support/jws.js';
import { agedToken, signingKeyOf } from '../support/signing-key.js';

const APP_SECRET = 'known to this test, so that it can make tokens older';
const DAY = 86_400;
const NEW_PASSWORD = 'a horse of another colour';

const claimsOf = (token: string) => decode(token.split('.')[1]);

describe('lasting tokens of /api', () => {
  let app: TestApp;
  let key: KeyObject;
  let people = 0;
  beforeAll(async () => {
    app = await TestApp.start({ APP_SECRET, BCRYPT_COST: '4' });
    key = await signingKeyOf(app, APP_SECRET, (await newUser()).verified);
  });
  afterAll(() => app?.stop());

  /** Registers under /api and signs in. `verified` and `token` are from /api/verify and /api/login. */
  async function newUser(): Promise<{ email: string; verified: string; token: string }> {
    const email = `somebody-${++people}@example.com`;
    await app.post('/api/register', { email, password: PASSWORD }).expect(201);
    const { body } = await app.post('/api/verify', { email, otp: await app.code(email) }).expect(200);
    return { email, verified: body.accessToken as string, token: await logIn('/api/login', email) };
  }

  async function logIn(path: string, email: string): Promise<string> {
    const { body } = await app.post(path, { email, password: PASSWORD }).expect(200);
    return body.accessToken as string;
  }

  const old = (token: string, changes?: Fields) => agedToken(token, key, 20 * DAY, changes);
  const call = (test: Test, token: string) => test.set('authorization', token);
  const statusOf = async (token: string) => (await call(app.get('/api/customers'), token)).status;
  const lastUsed = async (token: string) => {
    const [row] = await app.sql<{ seconds: number }>(
      'select extract(epoch from now() - last_used_at)::int as seconds from sessions where id = $1',
      [claimsOf(token).sid],
    );
    return row?.seconds ?? -1;
  };

  it.each<[string, (token: string) => Test, number]>([
    ['GET /api/customers', (token) => call(app.get('/api/customers'), token), 200],
    ['GET /api/customers with Bearer', (token) => call(app.get('/api/customers'), `Bearer ${token}`), 200],
    ['POST /api/customers', (token) => call(app.post('/api/customers', { address: 'x' }), token), 201],
    ['PATCH /api/reset', (token) => call(app.patch('/api/reset', { password: NEW_PASSWORD }), token), 200],
    ['POST /api/logout', (token) => call(app.post('/api/logout'), token), 201],
    ['GET /customers', (token) => call(app.get('/customers'), `Bearer ${token}`), 401],
    ['POST /customers', (token) => call(app.post('/customers', { address: 'x' }), `Bearer ${token}`), 401],
    ['GET /users/me', (token) => call(app.get('/users/me'), `Bearer ${token}`), 401],
    ['GET /auth/sessions', (token) => call(app.get('/auth/sessions'), `Bearer ${token}`), 401],
    ['POST /auth/logout', (token) => call(app.post('/auth/logout'), `Bearer ${token}`), 401],
    [
      'PATCH /auth/reset',
      (token) => call(app.patch('/auth/reset', { password: NEW_PASSWORD }), `Bearer ${token}`),
      401,
    ],
  ])('%s with an expired token of /api/login returns the expected status', async (_, send, status) => {
    const { token } = await newUser();
    await send(old(token)).expect(status);
  });

  it('carries the claim only in tokens of /api/login and /api/verify', async () => {
    const { email, verified, token } = await newUser();
    expect([claimsOf(verified).lasting, claimsOf(token).lasting]).toEqual([true, true]);
    expect([await statusOf(old(verified)), await statusOf(old(token))]).toEqual([200, 200]);

    const other = await app.post('/auth/login', { email, password: PASSWORD }).expect(200);
    const refreshToken = other.body.refreshToken as string;
    const refreshed = await app.post('/auth/refresh', { refreshToken }).expect(200);
    for (const { body } of [other, refreshed]) {
      const plain = body.accessToken as string;
      expect(claimsOf(plain)).not.toHaveProperty('lasting');
      expect([await statusOf(plain), await statusOf(old(plain))]).toEqual([200, 401]);
    }
  });

  it('keeps a short exp, so that backends stop accepting the token', async () => {
    const { exp, iat } = claimsOf((await newUser()).token) as { exp: number; iat: number };
    expect(exp - iat).toBe(900);
  });

  it('rejects an expired token whose claims or signature are wrong', async () => {
    const { token } = await newUser();
    const stranger = await newUser();
    for (const changes of [
      { lasting: undefined },
      { lasting: false },
      { lasting: 'true' },
      { lasting: 1 },
      { iss: 'https://evil.test' },
      { aud: 'https://evil.test' },
      { sub: claimsOf(stranger.token).sub },
      { sid: '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001' },
      { exp: undefined },
      { exp: 'never' },
    ] as Fields[])
      expect([changes, await statusOf(old(token, changes))]).toEqual([changes, 401]);
    expect(await statusOf(withChangedSignature(old(token)))).toBe(401);
    expect(await statusOf(old(token))).toBe(200);
  });

  it.each<[string, (user: { email: string; token: string }) => Promise<unknown>]>([
    ['sign-out', ({ token }) => call(app.post('/api/logout'), old(token)).expect(201)],
    ['a new password', ({ token }) => call(app.patch('/api/reset', { password: NEW_PASSWORD }), token)],
    [
      'sign-out everywhere else',
      async ({ email }) => {
        const other = await logIn('/auth/login', email);
        const headers = { authorization: `Bearer ${other}` };
        await fetch(`${app.url}/auth/sessions`, { method: 'DELETE', headers });
      },
    ],
  ])('ends at once with %s', async (_, end) => {
    const user = await newUser();
    expect(await statusOf(old(user.token))).toBe(200);
    await end(user);
    expect([await statusOf(user.token), await statusOf(old(user.token))]).toEqual([401, 401]);
  });

  it('PATCH /api/reset asks to log in again ten minutes after the sign-in', async () => {
    const { token } = await newUser();
    await app.age(600);
    const { status, body } = await call(app.patch('/api/reset', { password: NEW_PASSWORD }), old(token));
    expect({ status, body }).toMatchObject({
      status: 401,
      body: { code: 'reauthentication_required', msg: 'Please log in again, then set the new password.' },
    });
  });

  it('keeps a session alive that is used once in 14 days, but not longer than its life', async () => {
    const { token } = await newUser();
    for (const day of [13, 26]) {
      await app.age(13 * DAY);
      expect([day, await statusOf(old(token))]).toEqual([day, 200]);
    }
    await app.age(4 * DAY);
    expect(await statusOf(old(token))).toBe(401);
  });

  it('ends a session that is not used for 14 days', async () => {
    const { token } = await newUser();
    await app.age(14 * DAY);
    expect([await statusOf(old(token)), await statusOf(old(token))]).toEqual([401, 401]);
  });

  it('records the use of a session at most once an hour', async () => {
    const { token } = await newUser();
    await app.age(3_000);
    await statusOf(old(token));
    expect(await lastUsed(token)).toBeGreaterThanOrEqual(3_000);
    await app.age(601);
    expect(await Promise.all(Array.from({ length: 10 }, () => statusOf(old(token))))).not.toContain(401);
    expect(await lastUsed(token)).toBeLessThan(600);
  });

  it('does not record the use of a session whose client can refresh', async () => {
    const { email } = await newUser();
    const token = await logIn('/auth/login', email);
    await app.age(7_200);
    expect(await statusOf(token)).toBe(200);
    expect(await lastUsed(token)).toBeGreaterThanOrEqual(7_200);
  });
});
