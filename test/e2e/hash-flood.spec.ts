import { PASSWORD, signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { tally } from '../support/parallel.js';

const NEW_PASSWORD = 'velvet otters dance';
const WRONG = 'never the password of anyone';
const HASHES_PER_MINUTE = 30;

/** Hashes of this cost take long enough for a queue to build up. */
const SLOW_HASHING = { BCRYPT_COST: '9', TRUST_PROXY: 'loopback' };

describe('a flood of requests that could hash a password', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start(SLOW_HASHING);
  });
  afterAll(() => app?.stop());

  const from = (host: number) => `192.0.2.${host}`;

  it('does not stop a sign-in when five addresses send wrong codes to the reset', async () => {
    const { email } = await signUp(app, 'ada@example.com');
    await app.post('/auth/forgot', { email }).expect(202);
    const flood = Array.from({ length: 60 }, (_, i) =>
      app
        .patch('/auth/reset', {
          email: i % 2 ? email : `nobody-${i}@example.com`,
          otp: '000000',
          password: NEW_PASSWORD,
        })
        .set('x-forwarded-for', from(1 + (i % 5)))
        .then((reply) => reply),
    );
    const signIn = await app.post('/auth/login', { email, password: PASSWORD });
    expect(signIn.status).toBe(200);
    const replies = await Promise.all(flood);
    expect(replies.map(({ status }) => status).filter((status) => status === 503)).toEqual([]);
    const known = ['400 otp_invalid', '403 otp_attempts_exhausted', '404 otp_not_found'];
    expect(Object.keys(tally(replies)).filter((outcome) => !known.includes(outcome))).toEqual([]);
  });

  it('does not stop a sign-in when five addresses send a used link to the reset', async () => {
    const { email } = await signUp(app, 'eve@example.com');
    const { text } = await app.codeOf(email, () => app.post('/auth/forgot', { email }).expect(202));
    const token = /#token=(\S+)/.exec(text)?.[1] ?? '';
    await app.patch('/auth/reset', { token, password: NEW_PASSWORD }).expect(200);
    const flood = Array.from({ length: 60 }, (_, i) =>
      app
        .patch('/auth/reset', { token, password: NEW_PASSWORD })
        .set('x-forwarded-for', from(1 + (i % 5)))
        .then((reply) => reply),
    );
    await app.post('/auth/login', { email, password: NEW_PASSWORD }).expect(200);
    expect(tally(await Promise.all(flood))).toEqual({ '400 reset_link_invalid': 60 });
  });

  it('lets recognised devices in while strangers fill the queue', async () => {
    const { email, deviceToken } = await signUp(app, 'grace@example.com');
    const flood = Array.from({ length: 60 }, (_, i) =>
      app
        .post('/auth/login', { email: `nobody-${i}@example.com`, password: WRONG })
        .set('x-forwarded-for', from(1 + (i % 5)))
        .then((reply) => reply),
    );
    const logIn = (token: string) =>
      app.post('/auth/login', { email, password: PASSWORD }).set('x-device-token', token);
    await logIn(deviceToken).expect(200);
    expect(tally(await Promise.all(flood))['503 passwords_busy']).toBeGreaterThan(0);
  });
});

describe('the limit of hashes per network', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4', TRUST_PROXY: 'loopback', IP_RATE_LIMIT: '100000' });
  });
  afterAll(() => app?.stop());

  it('is 30 a minute over login, registration and reset, and does not stop other networks', async () => {
    const owner = await signUp(app, 'ada@example.com');
    const { email } = owner;
    const network = (host: number) => `2001:db8:7:7::${host.toString(16)}`;
    const calls = [
      () => app.post('/auth/login', { email: 'nobody@example.com', password: WRONG }),
      () => app.post('/api/login', { email: 'somebody@example.com', password: WRONG }),
      () => app.post('/auth/register', { email: 'new@example.com', password: NEW_PASSWORD }),
      () => owner.patch('/auth/reset', { password: NEW_PASSWORD, currentPassword: WRONG }),
      () => owner.patch('/users/me', { password: NEW_PASSWORD, currentPassword: WRONG }),
    ];
    for (let i = 0; i < HASHES_PER_MINUTE; i++) {
      const reply = await calls[i % calls.length]?.().set('x-forwarded-for', network(i + 1));
      expect(reply?.body.code).not.toBe('rate_limited');
      if (i % 10 === 9) await app.sql(`delete from budget_counters where key like 'password%'`);
    }
    for (const call of calls) {
      const refused = await call().set('x-forwarded-for', network(99)).expect(429);
      expect(refused.body).toMatchObject({ code: 'rate_limited' });
      expect(refused.headers['retry-after']).toMatch(/^([1-9]|[1-5]\d|60)$/);
    }

    // A wrong code costs no hash. A right one that cannot be hashed now stays right.
    const { otp } = await app.codeOf(email, () => app.post('/auth/forgot', { email }).expect(202));
    const wrong = otp.replace(/\d$/, (last) => String((Number(last) + 1) % 10));
    const reset = (code: string, ip: string) =>
      app.patch('/auth/reset', { email, otp: code, password: NEW_PASSWORD }).set('x-forwarded-for', ip);
    await reset(wrong, network(99)).expect(400);
    await reset(otp, network(99)).expect(429);
    await reset(otp, '2001:db8:7:8::1').expect(200);
    const login = app.post('/auth/login', { email, password: NEW_PASSWORD });
    await login.set('x-forwarded-for', '2001:db8:7:8::1').expect(200);
  });
});
