import type { Test } from 'supertest';
import { PASSWORD } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { VendorStub } from '../support/vendor-stub.js';

const CUSTOMER = { name: 'Grace Hopper', contect: '+14155550123', address: '1 Navy Yard' };

/** The fifth system that this server replaces: its API, with tokens without `Bearer`. */
describe('system E: Express and MongoDB', () => {
  let stub: VendorStub;
  let app: TestApp;
  let people = 0;
  beforeAll(async () => {
    stub = await VendorStub.start();
    app = await TestApp.start({ ...stub.settings, BCRYPT_COST: '4' });
  });
  afterAll(async () => {
    await app?.stop();
    await stub?.stop();
  });

  const withToken = (token: string, test: Test) => test.set('authorization', token);

  /** Registers and verifies a new user, and signs in. */
  async function newUser(): Promise<{ email: string; token: string }> {
    const email = `somebody-${++people}@example.com`;
    await app.post('/api/register', { email, password: PASSWORD }).expect(201);
    await app.post('/api/verify', { email, otp: await stub.code(email) }).expect(200);
    return { email, token: await logIn(email) };
  }

  async function logIn(email: string, password = PASSWORD): Promise<string> {
    const { body } = await app.post('/api/login', { email, password }).expect(200);
    return body.token as string;
  }

  const isValid = async (token: string) => (await withToken(token, app.get('/api/customers'))).status === 200;

  it('returns the original status codes from registration to password reset', async () => {
    const email = 'ada@example.com';
    const registered = await app.post('/api/register', {
      username: 'ada',
      email,
      password: PASSWORD,
    });
    expect(registered).toMatchObject({ status: 201, body: { message: expect.any(String) } });
    const { vendor, payload } = await stub.message(email);
    expect({ vendor, To: payload.To }).toEqual({ vendor: 'postmark', To: email });

    const verified = await app.post('/api/verify', { email, otp: await stub.code(email) });
    expect(verified).toMatchObject({ status: 200, body: { VerificationStatus: 'approved' } });

    const signedIn = await app.post('/api/login', { email, password: PASSWORD });
    expect(signedIn).toMatchObject({ status: 200, body: { user: { email, username: 'ada' } } });
    const { token } = signedIn.body as { token: string };
    expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(token).toBe(signedIn.body.accessToken);

    expect(await withToken(token, app.post('/api/customers', CUSTOMER))).toMatchObject({
      status: 201,
      body: CUSTOMER,
    });
    expect(await withToken(token, app.get('/api/customers'))).toMatchObject({
      status: 200,
      body: [CUSTOMER],
    });

    expect(await withToken(token, app.post('/api/logout'))).toMatchObject({ status: 201 });
    const next = await logIn(email);
    const password = 'a horse of another colour';
    expect(await withToken(next, app.patch('/api/reset', { password }))).toMatchObject({
      status: 200,
    });
    await logIn(email, password);
  });

  it('POST /api/register requires e-mail and password, and takes an optional username', async () => {
    const required = { email: 'grace@example.com', password: PASSWORD };
    for (const field of Object.keys(required)) {
      const { body } = await app.post('/api/register', { ...required, [field]: undefined }).expect(400);
      expect(body).toMatchObject({ code: 'validation_failed', errors: [{ field }] });
    }
    await app.post('/api/register', required).expect(201);
  });

  it('POST /api/verify rejects a wrong code, and POST /api/login an unverified account', async () => {
    const email = 'hedy@example.com';
    await app.post('/api/register', { email, password: PASSWORD }).expect(201);
    const right = await stub.code(email);
    const otp = right.replace(/.$/, (digit) => String((Number(digit) + 1) % 10));
    expect((await app.post('/api/verify', { email, otp }).expect(400)).body.code).toBe('otp_invalid');

    const refused = await app.post('/api/login', { email, password: PASSWORD }).expect(403);
    expect(refused.body.code).toBe('email_unverified');
    await app.post('/api/login', { email, password: 'a horse of another colour' }).expect(401);
    await app.post('/api/login', { email: 'nobody@example.com', password: PASSWORD }).expect(401);
    await app.post('/api/verify', { email, otp: right }).expect(200);
    await logIn(email);
  });

  it('POST /api/logout ends its token at once and no other token', async () => {
    const { email, token } = await newUser();
    const other = await logIn(email);
    await withToken(token, app.post('/api/logout')).expect(201);
    const { body } = await withToken(token, app.get('/api/customers')).expect(401);
    expect(body.code).toBe('token_invalid');
    await withToken(token, app.post('/api/customers', CUSTOMER)).expect(401);
    await withToken(token, app.patch('/api/reset', { password: 'a horse of another colour' })).expect(401);
    await withToken(token, app.post('/api/logout')).expect(401);
    expect(await isValid(other)).toBe(true);
  });

  it('PATCH /api/reset ends every token and the old password', async () => {
    const { email, token } = await newUser();
    const other = await logIn(email);
    const password = 'a horse of another colour';
    await withToken(token, app.patch('/api/reset', { password: 'short' })).expect(400);
    expect(await isValid(token)).toBe(true);

    await withToken(token, app.patch('/api/reset', { password })).expect(200);
    expect([await isValid(token), await isValid(other)]).toEqual([false, false]);
    await app.post('/api/login', { email, password: PASSWORD }).expect(401);
    expect(await isValid(await logIn(email, password))).toBe(true);
  });

  it('PATCH /api/reset requires the current password ten minutes after the sign-in', async () => {
    const { email, token } = await newUser();
    await app.age(600);
    const password = 'a horse of another colour';
    const { body } = await withToken(token, app.patch('/api/reset', { password })).expect(401);
    expect(body.code).toBe('reauthentication_required');
    await withToken(token, app.patch('/api/reset', { password, currentPassword: PASSWORD })).expect(200);
    await logIn(email, password);
  });

  it('PATCH /api/reset returns 401 without a token', async () => {
    await app.patch('/api/reset', { password: 'a horse of another colour' }).expect(401);
  });

  it('GET /api/customers lists only the customers of the signed-in user', async () => {
    const ada = await newUser();
    const eve = await newUser();
    await withToken(ada.token, app.post('/api/customers', CUSTOMER)).expect(201);
    await withToken(eve.token, app.post('/api/customers', { ...CUSTOMER, name: 'Ada King' })).expect(201);

    const names = async ({ token }: { token: string }) => {
      const { body } = await withToken(token, app.get('/api/customers')).expect(200);
      return (body as { name: string }[]).map(({ name }) => name);
    };
    expect(await names(ada)).toEqual(['Grace Hopper']);
    expect(await names(eve)).toEqual(['Ada King']);
    await app.get('/api/customers').expect(401);
    await app.post('/api/customers', CUSTOMER).expect(401);
  });

  it('POST /api/customers requires only the address, and accepts and returns contect', async () => {
    const { token } = await newUser();
    const { address, contect } = CUSTOMER;
    const add = async (body: object) => withToken(token, app.post('/api/customers', body));
    expect(await add({ address })).toMatchObject({ status: 201, body: { address, contect: null } });
    expect(await add({ address, contect })).toMatchObject({ body: { contect, contact: contect } });
    expect(await add({ ...CUSTOMER, address: undefined })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'address' }] },
    });
  });

  it.each<[string, () => Test]>([
    ['GET /customers', () => app.get('/customers')],
    ['POST /customers', () => app.post('/customers', CUSTOMER)],
    ['GET /users/me', () => app.get('/users/me')],
    ['GET /auth/sessions', () => app.get('/auth/sessions')],
    ['POST /auth/logout', () => app.post('/auth/logout')],
    ['PATCH /auth/reset', () => app.patch('/auth/reset', { password: 'a horse of another colour' })],
  ])('%s, which is not under /api, requires the Bearer scheme', async (_, call) => {
    const { token } = await newUser();
    const { body } = await withToken(token, call()).expect(401);
    expect(body.code).toBe('token_invalid');
    await withToken(`Bearer ${token}`, app.get('/users/me')).expect(200);
    await withToken(`Bearer ${token}`, app.get('/api/customers')).expect(200);
  });
});
