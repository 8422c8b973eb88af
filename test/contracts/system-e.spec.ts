import request, { type Test } from 'supertest';
import { PASSWORD } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { raw } from '../support/raw.js';
import { agedToken, signingKeyOf } from '../support/signing-key.js';
import { VendorStub } from '../support/vendor-stub.js';

const CUSTOMER = { name: 'Grace Hopper', contect: '+14155550123', address: '1 Navy Yard' };
const APP_SECRET = 'known to this test, so that it can make tokens older';
/** Its code has zeros at the front. Nothing is sent to it. */
const ZEROS = { email: 'zeros@example.com', code: '0042' };

/**
 * The fifth system that this server replaces. Its clients keep cookies, send the code alone and as a
 * number, send tokens without `Bearer`, never refresh them, and read `msg`.
 */
describe('system E: Express and MongoDB', () => {
  let stub: VendorStub;
  let app: TestApp;
  let people = 0;
  beforeAll(async () => {
    stub = await VendorStub.start();
    app = await TestApp.start({
      ...stub.settings,
      APP_SECRET,
      BCRYPT_COST: '4',
      OTP_LENGTH: '4',
      TEST_IDENTITIES: `${ZEROS.email}=${ZEROS.code}`,
    });
  });
  afterAll(async () => {
    await app?.stop();
    await stub?.stop();
  });

  const withToken = (token: string, test: Test) => test.set('authorization', token);
  const newEmail = () => `somebody-${++people}@example.com`;

  /** The code as this system's clients read it from the mail. */
  const numberFor = async (email: string) => Number(await stub.code(email));

  /** Registers and returns a client with the cookies that it received. */
  async function register(email: string): Promise<ReturnType<typeof request.agent>> {
    const browser = request.agent(app.url);
    await browser.post('/api/register').send({ username: 'ada', email, password: PASSWORD }).expect(201);
    return browser;
  }

  /** Registers and verifies a new user, and signs in. */
  async function newUser(): Promise<{ email: string; token: string }> {
    const email = newEmail();
    const browser = await register(email);
    await browser
      .post('/api/verify')
      .send({ OTP: await numberFor(email) })
      .expect(200);
    return { email, token: await logIn(email) };
  }

  async function logIn(email: string, password = PASSWORD): Promise<string> {
    const { body } = await app.post('/api/login', { email, password }).expect(200);
    return body.token as string;
  }

  const isValid = async (token: string) => (await withToken(token, app.get('/api/customers'))).status === 200;

  it('serves an unchanged client from registration to sign-out', async () => {
    const email = 'ada@example.com';
    const browser = request.agent(app.url);
    const registered = await browser
      .post('/api/register')
      .send({ username: 'ada', email, password: PASSWORD });
    expect(registered).toMatchObject({ status: 201, body: { msg: expect.any(String) } });
    const { vendor, payload } = await stub.message(email);
    expect({ vendor, To: payload.To }).toEqual({ vendor: 'postmark', To: email });

    const verified = await browser.post('/api/verify').send({ OTP: await numberFor(email) });
    expect(verified).toMatchObject({ status: 200, body: { msg: 'User Register Successfully' } });

    const signedIn = await browser.post('/api/login').send({ email, password: PASSWORD });
    expect(signedIn).toMatchObject({ status: 200, body: { msg: 'login successfully' } });
    const { token } = signedIn.body as { token: string };
    expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);

    const added = await browser.post('/api/customers').set('authorization', token).send(CUSTOMER);
    expect(added).toMatchObject({ status: 201, body: { ...CUSTOMER, msg: expect.any(String) } });
    const listed = await browser.get('/api/customers').set('authorization', token);
    expect(listed).toMatchObject({ status: 200, body: [CUSTOMER] });

    const password = 'a horse of another colour';
    const reset = await browser.patch('/api/reset').set('authorization', token).send({ password });
    expect(reset).toMatchObject({ status: 200, body: { msg: expect.any(String) } });
    await browser.get('/api/customers').set('authorization', token).expect(401);

    const next = await logIn(email, password);
    const signedOut = await browser.post('/api/logout').set('authorization', next);
    expect(signedOut).toMatchObject({ status: 201, body: { msg: expect.any(String) } });
    await browser.get('/api/customers').set('authorization', next).expect(401);
  });

  it('GET / returns 200', async () => {
    await app.get('/').expect(200);
  });

  describe('msg', () => {
    it.each<[string, () => Test, number]>([
      ['POST /api/register without a password', () => app.post('/api/register', { email: newEmail() }), 400],
      ['POST /api/verify without a cookie', () => app.post('/api/verify', { OTP: 7320 }), 400],
      [
        'POST /api/login with a wrong password',
        () => app.post('/api/login', { email: 'a@b.com', password: 'x' }),
        401,
      ],
      ['POST /api/login with an unknown field', () => app.post('/api/login', { user: 'ada' }), 400],
      ['POST /api/logout without a token', () => app.post('/api/logout'), 401],
      ['PATCH /api/reset without a token', () => app.patch('/api/reset', { password: PASSWORD }), 401],
      ['GET /api/customers without a token', () => app.get('/api/customers'), 401],
      ['GET /api/login', () => app.get('/api/login'), 405],
      ['GET /api/nothing', () => app.get('/api/nothing'), 404],
      ['GET /api', () => app.get('/api'), 404],
      ['GET /api?x=1', () => app.get('/api?x=1'), 404],
      ['GET /api/%zz', () => app.get('/api/%zz'), 400],
      ['a body that is too large', () => app.post('/api/login', { email: 'x'.repeat(20_000) }), 413],
      ['a form', () => app.post('/api/login').type('form').send('email=a'), 415],
      ['invalid JSON', () => app.post('/api/login').type('json').send('{'), 400],
    ])('repeats the detail of the problem: %s', async (_, send, status) => {
      const { body, ...reply } = await send();
      expect([reply.status, body.msg]).toEqual([status, body.detail]);
      expect(body.msg).toMatch(/\w+ \w+/);
    });

    it('is part of a reply with 429', async () => {
      const email = newEmail();
      await register(email);
      const { body } = await app.post('/api/register', { email, password: PASSWORD }).expect(429);
      expect(body.msg).toBe('Please wait before requesting a new OTP.');

      const limited = await TestApp.start({ IP_RATE_LIMIT: '1' });
      try {
        await limited.post('/api/login', {}).expect(400);
        const refused = await limited.post('/api/login', {}).expect(429);
        expect(refused.body).toMatchObject({ code: 'rate_limited', msg: refused.body.detail });
      } finally {
        await limited.stop();
      }
    });

    it.each(['/customers', '/apis', '/auth/login', '/nothing/api/login'])(
      'is not part of replies outside of /api: %s',
      async (path) => {
        expect((await app.post(path, {})).body).not.toHaveProperty('msg');
      },
    );
  });

  describe('POST /api/verify', () => {
    it.each([
      { OTP: 42 },
      { OTP: '42' },
      { OTP: '0042' },
      { otp: 42 },
      { otp: '0042' },
      { OTP: 42, email: ZEROS.email },
      { otp: '0042', email: ZEROS.email },
    ])('accepts the code 0042 as %j', async (body) => {
      await app.sql('delete from users where email = $1', [ZEROS.email]);
      const browser = await register(ZEROS.email);
      const reply = await browser.post('/api/verify').send(body).expect(200);
      expect(reply.body).toMatchObject({ msg: 'User Register Successfully', user: { email: ZEROS.email } });
    });

    it('counts the e-mail address if there are an address and a cookie', async () => {
      const [ada, eve] = [newEmail(), newEmail()];
      await register(ada);
      const browser = await register(eve);
      const verified = await browser.post('/api/verify').send({ email: ada, OTP: await numberFor(ada) });
      expect(verified).toMatchObject({ status: 200, body: { user: { email: ada } } });
    });

    it('verifies the newest registration of a browser', async () => {
      const email = newEmail();
      const browser = await register(newEmail());
      await browser.post('/api/register').send({ email, password: PASSWORD }).expect(201);
      const verified = await browser.post('/api/verify').send({ OTP: await numberFor(email) });
      expect(verified).toMatchObject({ status: 200, body: { user: { email } } });
    });

    it('sets the same cookie for an address that already has an account', async () => {
      const { email } = await newUser();
      const cookieOf = async (address: string) => {
        const { headers } = await app
          .post('/api/register', { email: address, password: PASSWORD })
          .expect(201);
        return (headers['set-cookie'] as unknown as string[]).map((cookie) =>
          cookie.replace(/=[\w-]+;/, '=…;'),
        );
      };
      await app.age(60);
      expect(await cookieOf(email)).toEqual(await cookieOf(newEmail()));
    });

    it('rejects a wrong code with the attempts that are left', async () => {
      const email = newEmail();
      const browser = await register(email);
      const code = await numberFor(email);
      for (const left of [2, 1, 0]) {
        const { body } = await browser
          .post('/api/verify')
          .send({ OTP: (code + 1) % 10_000 })
          .expect(400);
        expect(body.msg).toBe(`Invalid OTP. ${left} attempt(s) left.`);
      }
      const { body } = await browser.post('/api/verify').send({ OTP: code }).expect(403);
      expect(body.msg).toBe('Too many failed attempts, please generate a new OTP.');
    });

    it('tells a client with the cookie that its code has expired or was used', async () => {
      const [late, done] = [newEmail(), newEmail()];
      const [lateBrowser, doneBrowser] = [await register(late), await register(done)];
      const [lateCode, doneCode] = [await numberFor(late), await numberFor(done)];
      await doneBrowser.post('/api/verify').send({ OTP: doneCode }).expect(200);
      const used = await doneBrowser.post('/api/verify').send({ OTP: doneCode }).expect(404);
      expect(used.body.msg).toBe('OTP not generated for this address.');
      await app.age(301);
      const expired = await lateBrowser.post('/api/verify').send({ OTP: lateCode }).expect(400);
      expect(expired.body.msg).toBe('OTP expired, please generate a new OTP.');
    });

    it.each(['', 'registration=', 'registration=forged', 'registration=ada@example.com', 'device_token=abc'])(
      'rejects a code without an address and a valid cookie: %j',
      async (cookie) => {
        const email = newEmail();
        await register(email);
        const { status, text } = await raw(app.url, '/api/verify', {
          headers: { 'content-type': 'application/json', cookie },
          body: JSON.stringify({ OTP: await numberFor(email) }),
        });
        expect(status).toBe(400);
        expect(JSON.parse(text)).toMatchObject({
          code: 'registration_unknown',
          msg: expect.stringMatching(/register again/),
        });
      },
    );

    it.each([
      {},
      { OTP: null },
      { OTP: 7.5 },
      { OTP: -1 },
      { OTP: [7320] },
      { OTP: 'abcd' },
      { OTP: 7320, otp: '7320' },
    ])('rejects %j without counting an attempt', async (body) => {
      const email = newEmail();
      const browser = await register(email);
      const refused = await browser.post('/api/verify').send(body).expect(400);
      expect(refused.body).toMatchObject({ code: 'validation_failed', msg: expect.any(String) });
      const wrong = await browser.post('/api/verify').send({ OTP: ((await numberFor(email)) + 1) % 10_000 });
      expect(wrong.body.msg).toBe('Invalid OTP. 2 attempt(s) left.');
    });
  });

  it('accepts a token of /api/login after its exp, until the client signs out', async () => {
    const { token } = await newUser();
    const old = agedToken(token, await signingKeyOf(app, APP_SECRET, token), 86_400);
    await withToken(old, app.post('/api/customers', CUSTOMER)).expect(201);
    expect((await withToken(old, app.get('/api/customers')).expect(200)).body).toMatchObject([CUSTOMER]);
    await withToken(`Bearer ${old}`, app.get('/customers')).expect(401);
    await withToken(old, app.post('/api/logout')).expect(201);
    const { body } = await withToken(old, app.get('/api/customers')).expect(401);
    expect(body.msg).toMatch(/sign in/);
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

    const refused = await app.post('/api/login', { email, password: PASSWORD }).expect(401);
    expect(refused.body.code).toBe('invalid_credentials');
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
    expect(body.msg).toBe('Please log in again, then set the new password.');
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
