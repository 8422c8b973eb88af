import request from 'supertest';
import { PASSWORD, Person, type SignedInReply } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { VendorStub } from '../support/vendor-stub.js';
import { until } from '../support/until.js';

const APPROVED = { VerificationStatus: 'approved' };

/**
 * The fourth system that this server replaces. Accounts are verified by mail, sign in by SMS and
 * reset their password by a link.
 */
describe('system D: Django', () => {
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

  /** A registration with every field that this system asks for. */
  function newcomer(overrides: object = {}) {
    const number = String(++people);
    const phone = `+141555501${number.padStart(2, '0')}`;
    const email = `ada-${number}@example.com`;
    return {
      firstName: 'Ada',
      lastName: 'Lovelace',
      email,
      phone,
      password: PASSWORD,
      ...overrides,
    };
  }

  type Newcomer = ReturnType<typeof newcomer>;

  async function register(person: Newcomer): Promise<Person> {
    const { email } = person;
    await app.post('/auth/register', person).expect(201);
    const { body } = await app.post('/auth/verify', { email, otp: await stub.code(email) }).expect(200);
    return new Person(app, email, body as SignedInReply);
  }

  async function logIn(email: string, password = PASSWORD): Promise<Person> {
    const { body } = await app.post('/auth/login', { email, password }).expect(200);
    return new Person(app, email, body as SignedInReply);
  }

  /**
   * Verifies the right code from an SMS and returns the body of the reply. A device token is sent as a
   * client that keeps cookies does.
   */
  async function signInByPhone(phone: string, deviceToken = ''): Promise<Partial<SignedInReply>> {
    const earlier = stub.messagesTo(phone).length;
    await app.post('/auth/send_otp', { phone }).expect(201);
    const otp = await stub.code(phone, earlier + 1);
    const verified = app
      .post('/auth/verify_otp', { phone, otp })
      .set('cookie', `device_token=${deviceToken}`);
    return (await verified.expect(201)).body as object;
  }

  it('registers with names, e-mail, phone and password, and verifies the address by a mailed code', async () => {
    const ada = newcomer();
    const { email, password, firstName, lastName, phone } = ada;
    const { body } = await app.post('/auth/register', ada).expect(201);
    expect(body).toEqual({
      message: expect.any(String),
      VerificationStatus: 'pending',
      challenge: expect.objectContaining({ channel: 'email', maskedTo: 'a•••@example.com' }),
    });
    const { vendor, payload } = await stub.message(email);
    const otp = await stub.code(email);
    expect({ vendor, To: payload.To }).toEqual({ vendor: 'postmark', To: email });
    expect(payload.Subject).toBe(`${otp} is your verification code`);

    await app.post('/auth/login', { email, password }).expect(401);
    const verified = await app.post('/auth/verify', { email, otp }).expect(200);
    expect(verified.body).toMatchObject({ ...APPROVED, tokenType: 'Bearer' });
    expect(verified.body.user).toMatchObject({
      email,
      firstName,
      lastName,
      phone,
      phoneVerified: false,
    });
    await app.post('/auth/login', { email, password }).expect(200);
    expect(stub.messagesTo(phone)).toEqual([]);
  });

  it('links the phone number at the first sign-in by SMS and notifies the account by mail', async () => {
    const ada = newcomer();
    const { user, deviceToken } = await register(ada);
    const signedIn = await signInByPhone(ada.phone, deviceToken);
    expect(signedIn).toMatchObject({ ...APPROVED, tokenType: 'Bearer', user: { id: user.id } });
    const session = new Person(app, ada.email, signedIn as SignedInReply);
    const profile = await session.get('/users/me').expect(200);
    expect(profile.body).toMatchObject({ phone: ada.phone, phoneVerified: true });

    const { payload } = await until('the mail about the phone number', () =>
      stub
        .messagesTo(ada.email)
        .find((mail) => mail.payload.Subject === 'A phone number was linked to your account'),
    );
    expect(payload.TextBody).toContain(`+14•••••••${ada.phone.slice(-2)} can now be used to sign in`);

    expect(await signInByPhone(ada.phone)).toMatchObject({ user: { id: user.id } });
    const notices = `select id from messages where template = 'phone_linked' and recipient = $1`;
    expect(await app.sql(notices, [`email:${ada.email}`])).toHaveLength(1);
  });

  it('signs in by SMS a client that keeps cookies, after it verified its e-mail address', async () => {
    const ada = newcomer();
    const { email, phone } = ada;
    const browser = request.agent(app.url);
    await browser.post('/auth/register').send(ada).expect(201);
    const verified = await browser.post('/auth/verify').send({ email, otp: await stub.code(email) });
    expect(verified).toMatchObject({
      status: 200,
      headers: { 'set-cookie': [expect.stringMatching(/^device_token=/)] },
    });

    await browser.post('/auth/send_otp').send({ phone }).expect(201);
    const signedIn = await browser.post('/auth/verify_otp').send({ phone, otp: await stub.code(phone) });
    expect(signedIn).toMatchObject({
      status: 201,
      body: {
        ...APPROVED,
        accessToken: expect.any(String),
        user: { id: verified.body.user.id, email, phone },
      },
    });
  });

  it('keeps a sign-in by phone pending after a wrong code', async () => {
    const { phone } = newcomer();
    await app.post('/auth/send_otp', { phone }).expect(201);
    const otp = (await stub.code(phone)).replace(/.$/, (digit) => String((Number(digit) + 1) % 10));
    const { body } = await app.post('/auth/verify_otp', { phone, otp }).expect(400);
    expect(body).toMatchObject({ VerificationStatus: 'pending', code: 'otp_invalid' });
    expect(body.accessToken).toBeUndefined();
  });

  it.each<[string, (phone: string) => Promise<unknown>]>([
    ['no account', () => Promise.resolve()],
    ['an account that the request shows no evidence of', (phone) => register(newcomer({ phone }))],
    ['an unverified registration', (phone) => app.post('/auth/register', newcomer({ phone }))],
    [
      'two accounts',
      async (phone) => {
        await register(newcomer({ phone }));
        await register(newcomer({ phone }));
      },
    ],
    [
      'a disabled account',
      async (phone) => {
        const { user } = await register(newcomer({ phone }));
        await app.sql('update users set disabled_at = now() where id = $1', [user.id]);
      },
    ],
  ])('approves the right code without tokens when the number belongs to %s', async (_, claim) => {
    const { phone } = newcomer();
    await claim(phone);
    expect(await signInByPhone(phone)).toEqual(APPROVED);
    const linked = 'select id from users where phone = $1 and phone_verified_at is not null';
    expect(await app.sql(linked, [phone])).toEqual([]);
  });

  it('never links a number that another account has verified', async () => {
    const { phone } = newcomer();
    const owner = await register(newcomer({ phone }));
    await signInByPhone(phone, owner.deviceToken);
    const claimant = await register(newcomer({ phone }));
    expect(await signInByPhone(phone, claimant.deviceToken)).toMatchObject({ user: { id: owner.user.id } });
    expect((await claimant.get('/users/me')).body).toMatchObject({ phone, phoneVerified: false });
  });

  it('resets the password by a mailed link, which works once and ends all sessions', async () => {
    const ada = newcomer();
    const { email } = ada;
    const signedIn = await register(ada);
    await app.post('/auth/forgot', { email }).expect(202);
    const { payload } = await stub.message(email, 2);
    const [link = ''] = /http:\/\/\S+\/reset#token=\S+/.exec(String(payload.TextBody)) ?? [];
    expect(payload.HtmlBody).toContain(`href="${link.replace('=', '&#x3D;')}"`);
    const { pathname, hash } = new URL(link);
    // Mail scanners open links, so opening the page must not use the link up.
    await app.get(pathname).expect(200).expect('content-type', /html/);

    const token = hash.replace('#token=', '');
    const password = 'a horse of another colour';
    const refused = await app.patch('/auth/reset', { token, password: 'short' }).expect(400);
    expect(refused.body.code).toBe('password_refused');
    await app.patch('/auth/reset', { token, password }).expect(200);
    await app.patch('/auth/reset', { token, password: 'yet another colour' }).expect(400);

    await signedIn.get('/users/me').expect(401);
    await app.post('/auth/login', { email, password: PASSWORD }).expect(401);
    await app.post('/auth/login', { email, password }).expect(200);
    expect((await stub.message(email, 3)).payload.Subject).toBe('Your password was changed');
  });

  it('updates names and password at once, and e-mail and phone when their codes are verified', async () => {
    const ada = newcomer();
    const session = await register(ada);
    const { email, phone } = newcomer();
    const password = 'a horse of another colour';
    const updated = await session.patch('/users/me', {
      firstName: 'Grace',
      lastName: 'Hopper',
      email,
      phone,
      password,
    });
    expect(updated).toMatchObject({
      status: 200,
      body: { firstName: 'Grace', lastName: 'Hopper', email: ada.email, phone: ada.phone },
    });
    expect((updated.body.pending as object[]).length).toBe(2);

    await session.get('/users/me').expect(401);
    await app.post('/auth/login', { email, password }).expect(401);
    const newSession = await logIn(ada.email, password);
    for (const contact of [{ email }, { phone }]) {
      const otp = await stub.code(Object.values(contact)[0] ?? '');
      await newSession.post('/users/me/contact/verify', { ...contact, otp }).expect(200);
    }
    expect((await newSession.get('/users/me')).body).toMatchObject({
      email,
      phone,
      phoneVerified: true,
    });
    expect(await signInByPhone(phone)).toMatchObject({ user: { id: session.user.id } });
    await app.post('/auth/login', { email, password }).expect(200);
    await app.post('/auth/login', { email: ada.email, password }).expect(401);
  });

  it('validates each of the five fields on registration and on update', async () => {
    const ada = newcomer();
    const signedIn = await register(ada);
    const invalid = {
      firstName: '<b>',
      lastName: ' ',
      email: 'ada@',
      phone: '12',
      password: 'short',
    };
    for (const [field, value] of Object.entries(invalid)) {
      const errors = [{ field, detail: expect.any(String) }];
      const registered = await app.post('/auth/register', newcomer({ [field]: value }));
      expect(registered).toMatchObject({ status: 400, body: { errors } });
      expect(await signedIn.patch('/users/me', { [field]: value })).toMatchObject({
        status: 400,
        body: { errors },
      });
    }
    const { firstName, lastName, email, phone } = ada;
    expect((await signedIn.get('/users/me')).body).toMatchObject({
      firstName,
      lastName,
      email,
      phone,
    });
    await app.post('/auth/login', { email, password: PASSWORD }).expect(200);
  });

  it('lets only administrators read and change users', async () => {
    const user = await register(newcomer());
    const ada = await register(newcomer());
    await ada.get('/users').expect(403);
    await app.sql(`update users set roles = '{user,admin}' where id = $1`, [ada.user.id]);
    const admin = await logIn(ada.email);

    const path = `/users/${user.user.id}`;
    await user.get(path).expect(403);
    await user.patch(path, { roles: ['user', 'admin'] }).expect(403);
    expect((await admin.get(path).expect(200)).body).toMatchObject({
      id: user.user.id,
      roles: ['user'],
    });
    await admin.patch(path, { roles: ['user', 'admin'] }).expect(200);
    await user.get(path).expect(401);
    await (await logIn(user.email)).get(path).expect(200);
  });
});
