import { createClient, memoryStorage, Problem, type TokenStorage } from '@otp-auth/client';
import { PASSWORD, signUp } from '../../../test/support/accounts.js';
import { TestApp } from '../../../test/support/app.js';
import { until } from '../../../test/support/until.js';

describe('sign-in', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4' });
  });
  afterAll(() => app?.stop());

  const client = (storage?: TokenStorage) => createClient({ url: app.url, storage });

  async function registered(email: string) {
    await signUp(app, email);
    await app.age(3_600);
    return client();
  }

  async function signInByCode(auth: ReturnType<typeof client>, email: string) {
    let challenge: Awaited<ReturnType<typeof auth.sendCode>> | undefined;
    const { otp } = await app.codeOf(email, async () => (challenge = await auth.sendCode({ email })));
    if (!challenge) throw new Error('no code was sent');
    return auth.verifyCode(challenge, otp);
  }

  it('registers, verifies the address and signs out', async () => {
    const auth = client();
    const users: (string | null)[] = [];
    auth.onChange(({ user }) => users.push(user?.email ?? null));
    const email = 'ada@example.com';

    const challenge = await auth.register({ email, password: PASSWORD, firstName: 'Ada' });
    expect(challenge).toMatchObject({ codeLength: 6, channel: 'email', address: { email } });
    const { user, passwordRequired } = await auth.verifyCode(challenge, await app.code(email));
    expect(user).toMatchObject({ email, firstName: 'Ada' });
    expect(passwordRequired).toBe(false);
    expect(auth.user).toEqual(user);
    expect((await auth.api.GET('/users/me')).data).toEqual(user);

    const token = await auth.accessToken();
    await auth.signOut();
    expect(auth.user).toBeNull();
    expect(await auth.accessToken()).toBeNull();
    expect(users).toEqual([null, email, null]);
    await app.get('/users/me').set('authorization', `Bearer ${token}`).expect(401);
  });

  it('signs in with a code in the spelling of a person', async () => {
    const email = 'grace@example.com';
    const auth = await registered(email);
    const challenge = await auth.sendCode({ email });
    const code = await app.code(email, 2);
    const { user } = await auth.verifyCode(challenge, `${code.slice(0, 3)} ${code.slice(3)}`);
    expect(user?.email).toBe(email);
  });

  it('accepts a challenge that was kept as JSON', async () => {
    const email = 'joan@example.com';
    const auth = await registered(email);
    const saved = JSON.stringify(await auth.sendCode({ email }));
    const challenge = JSON.parse(saved) as Parameters<typeof auth.verifyCode>[0];
    expect((await auth.verifyCode(challenge, await app.code(email, 2))).user?.email).toBe(email);
  });

  it('signs in with a password and names a wrong one', async () => {
    const email = 'alan@example.com';
    const auth = await registered(email);
    await expect(auth.signInWithPassword({ email, password: 'a wrong password' })).rejects.toMatchObject({
      name: 'Problem',
      code: 'invalid_credentials',
      status: 401,
    });
    expect((await auth.signInWithPassword({ email, password: PASSWORD })).user.email).toBe(email);
  });

  it('says how many attempts are left and when a code can be sent again', async () => {
    const auth = client();
    const challenge = await auth.sendCode({ phone: '+14155550123' });
    const wrong = await auth.verifyCode(challenge, '000000').catch((error: unknown) => error);
    if (!(wrong instanceof Problem) || wrong.code !== 'otp_invalid') throw wrong;
    expect(wrong.attemptsLeft).toBe(2);
    const again = await auth.sendCode({ phone: '+14155550123' }).catch((error: unknown) => error);
    if (!(again instanceof Problem) || again.code !== 'otp_cooldown') throw again;
    expect(again.retryAfter).toBeGreaterThan(30);
    expect(again.message).toMatch(/wait/);
  });

  it('resets a password with the mailed code, the mailed link and the session', async () => {
    const email = 'edsger@example.com';
    const auth = await registered(email);
    const passwords = [
      'a first new passphrase',
      'a second new passphrase',
      'a third new passphrase',
    ] as const;

    const { otp } = await app.codeOf(email, () => auth.requestPasswordReset({ email }));
    await auth.resetPassword({ email, code: otp, password: passwords[0] });
    await auth.signInWithPassword({ email, password: passwords[0] });

    await app.age(3_600);
    const { text } = await app.codeOf(email, () => auth.requestPasswordReset({ email }));
    const token = /#token=([\w-]+)/.exec(text)?.[1] ?? '';
    await auth.resetPassword({ token, password: passwords[1] });
    await auth.signInWithPassword({ email, password: passwords[1] });

    await auth.resetPassword({ password: passwords[2], currentPassword: passwords[1] });
    expect(auth.user).toBeNull();
    await auth.signInWithPassword({ email, password: passwords[2] });
  });

  it('ends the previous session when another person signs in', async () => {
    const auth = await registered('first@example.com');
    await signUp(app, 'second@example.com');
    await auth.signInWithPassword({ email: 'first@example.com', password: PASSWORD });
    const firstToken = await auth.accessToken();
    await auth.signInWithPassword({ email: 'second@example.com', password: PASSWORD });
    expect((await auth.api.GET('/users/me')).data.email).toBe('second@example.com');
    await until('the first session has ended', async () => {
      const { status } = await app.get('/users/me').set('authorization', `Bearer ${firstToken}`);
      return status === 401;
    });
  });

  it('signs the previous person out after a right code without an account', async () => {
    const storage = memoryStorage();
    const email = 'kathleen@example.com';
    await signUp(app, email);
    const auth = client(storage);
    await auth.signInWithPassword({ email, password: PASSWORD });
    const { user } = await signInByCode(auth, 'nobody@example.com');
    expect(user).toBeNull();
    expect(auth.user).toBeNull();
    expect(await auth.accessToken()).toBeNull();
    expect(await client(storage).accessToken()).toBeNull();
  });

  it('keeps the signed-in person after a wrong code and a wrong password', async () => {
    const email = 'barbara@example.com';
    const auth = await registered(email);
    await auth.signInWithPassword({ email, password: PASSWORD });
    const challenge = await auth.sendCode({ email: 'other@example.com' });
    await expect(auth.verifyCode(challenge, '000000')).rejects.toMatchObject({ code: 'otp_invalid' });
    await expect(auth.signInWithPassword({ email, password: 'wrong' })).rejects.toThrow();
    expect((await auth.api.GET('/users/me')).data.email).toBe(email);
  });

  it('is recognised by its device token after a sign-out', async () => {
    const email = 'radia@example.com';
    const auth = await registered(email);
    await auth.signInWithPassword({ email, password: PASSWORD });
    await auth.signOut();
    // A stranger uses up the wait of the public lane. A recognised device has its own.
    await app.age(3_600);
    await app.post('/auth/send_otp', { email }).expect(201);
    await app.post('/auth/send_otp', { email }).expect(429);
    await auth.sendCode({ email });
  });

  it('follows the delivery of a code until it is approved', async () => {
    const email = 'shafi@example.com';
    const auth = await registered(email);
    const challenge = await auth.sendCode({ email });
    const states: string[] = [];
    const stop = challenge.delivery(({ status, delivery }) => states.push(`${status} ${delivery}`));
    const code = await app.code(email, 2);
    await until('the message was sent', () => states.includes('pending sent'));
    await auth.verifyCode(challenge, code);
    await until('the code is approved', () => states.at(-1)?.startsWith('approved'));
    stop();
    expect(new Set(states).size).toBe(states.length);
  });

  it('calls every route with path, query and body', async () => {
    const email = 'frances@example.com';
    const auth = await registered(email);
    await auth.signInWithPassword({ email, password: PASSWORD });
    const body = { name: 'Acme', contact: '+14155550199', address: '1 Main Street' };
    const { data: customer, response } = await auth.api.POST('/customers', { body });
    expect(response.status).toBe(201);
    await auth.api.POST('/customers', { body: { ...body, name: 'Initech' } });
    const path = { id: customer.id };
    expect((await auth.api.PATCH('/customers/{id}', { path, body: { name: 'Acme Ltd' } })).data.name).toBe(
      'Acme Ltd',
    );
    const page = await auth.api.GET('/customers', { query: { limit: 1 } });
    expect(page.data).toHaveLength(1);
    expect(page.response.headers.get('link')).toMatch(/rel="next"/);
    expect((await auth.api.DELETE('/customers/{id}', { path })).data).toBeUndefined();
    await expect(auth.api.GET('/customers/{id}', { path })).rejects.toMatchObject({
      code: 'customer_not_found',
    });
  });
});
