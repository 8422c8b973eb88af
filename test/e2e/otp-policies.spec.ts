import { PASSWORD, signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';

type Fields = Record<string, unknown>;

describe('OTP_POLICIES', () => {
  let app: TestApp;
  let emailCount = 0;
  beforeAll(async () => {
    app = await TestApp.start({
      BCRYPT_COST: '4',
      SIGN_UP_ON_VERIFY: 'true',
      OTP_POLICIES: [
        'checkout:length=8,ttl=120,attempts=5',
        'transaction:length=10,attempts=1',
        'login:length=4,ttl=60',
        'email_verification:length=7,ttl=600',
        'password_reset:length=9,ttl=900,attempts=2',
        'contact_change:length=5,attempts=10',
      ].join(';'),
    });
  });
  afterAll(() => app?.stop());

  const newEmail = () => `somebody-${++emailCount}@example.com`;
  const wrongCode = (code: string) => code.replace(/\d$/, (digit) => String((Number(digit) + 1) % 10));
  const secondsUntil = (time: unknown) => Math.round((Date.parse(time as string) - Date.now()) / 1_000);

  it.each([
    ['verification', {}, 6, 300, 3, '5 minutes'],
    ['checkout', {}, 8, 120, 5, '2 minutes'],
    ['transaction', { context: { amount: '39.99 EUR' } }, 10, 300, 1, '5 minutes'],
  ])('applies the values of %s to reply, message, status and guesses', async (...row) => {
    const [purpose, more, length, ttl, attempts, lifetime] = row;
    const address = { email: newEmail(), purpose, ...more };
    const { body } = await app.post('/otp/generate', address).expect(200);
    const challenge = body.challenge as Fields;
    expect(challenge).toMatchObject({ codeLength: length, attemptsLeft: attempts });
    expect(Math.abs(secondsUntil(challenge.expiresAt) - ttl)).toBeLessThan(20);

    const otp = await app.code(address.email);
    expect(otp).toHaveLength(length);
    expect((await app.messages(address.email))[0]?.text).toContain(lifetime);
    const status = async () => (await app.get(`/otp/challenges/${challenge.id as string}`)).body as Fields;
    expect(await status()).toMatchObject({
      codeLength: length,
      attemptsLeft: attempts,
      status: 'pending',
    });
    for (let left = attempts - 1; left >= 0; left--) {
      const wrong = await app.post('/otp/verify', { ...address, otp: wrongCode(otp) }).expect(400);
      expect(wrong.body).toMatchObject({ code: 'otp_invalid', attemptsLeft: left });
      expect(await status()).toMatchObject({
        attemptsLeft: left,
        status: left > 0 ? 'pending' : 'exhausted',
      });
    }
    await app.post('/otp/verify', { ...address, otp }).expect(403);
  });

  it('repeats a code in the first half of the life of its purpose and expires it at the end', async () => {
    const address = { email: newEmail(), purpose: 'checkout' };
    await app.post('/otp/generate', address).expect(200);
    const first = await app.code(address.email);
    await app.ageWhenSent(61);
    await app.post('/otp/resend', address).expect(200);
    const second = await app.code(address.email, 2);
    expect(second).not.toBe(first);
    await app.post('/otp/verify', { ...address, otp: first }).expect(200);

    await app.post('/otp/generate', address).expect(200);
    const expired = await app.code(address.email, 3);
    await app.ageWhenSent(120);
    const { body } = await app.post('/otp/verify', { ...address, otp: expired }).expect(400);
    expect(body).toMatchObject({ code: 'otp_expired' });
  });

  it('applies the values of login', async () => {
    const email = newEmail();
    const { body } = await app.post('/auth/send_otp', { email }).expect(201);
    expect(body.challenge).toMatchObject({ codeLength: 4, attemptsLeft: 3 });
    const otp = await app.code(email);
    expect(otp).toMatch(/^\d{4}$/);
    expect((await app.messages(email))[0]?.text).toContain('1 minute');
    await app.post('/auth/verify_otp', { email, otp }).expect(201);
  });

  it('applies the values of registration, address change and password reset', async () => {
    const email = newEmail();
    const registered = await app.post('/auth/register', { email, password: PASSWORD }).expect(201);
    expect(registered.body.challenge).toMatchObject({ codeLength: 7 });
    await app.ageWhenSent(590);
    await app.post('/auth/verify', { email, otp: await app.code(email) }).expect(200);

    const ada = await signUp(app, newEmail());
    const movedTo = newEmail();
    const changed = await ada.patch('/users/me', { email: movedTo }).expect(200);
    expect(changed.body.pending).toMatchObject([{ codeLength: 5, attemptsLeft: 10 }]);
    const changeCode = await app.code(movedTo);
    await ada.post('/users/me/contact/verify', { email: movedTo, otp: changeCode }).expect(200);

    const before = (await app.messages(movedTo)).length;
    await app.post('/auth/forgot', { email: movedTo }).expect(202);
    const resetCode = await app.code(movedTo, before + 1);
    expect(resetCode).toMatch(/^\d{9}$/);
    expect((await app.messages(movedTo))[0]?.text).toContain('15 minutes');
    const reset = (otp: string) =>
      app.patch('/auth/reset', { email: movedTo, otp, password: 'velvet otters dance' });
    const { body } = await reset(wrongCode(resetCode)).expect(400);
    expect(body).toMatchObject({ attemptsLeft: 1 });
    await app.ageWhenSent(890);
    await reset(resetCode).expect(200);
  });
});
