import { createClient, memoryStorage, type ProofOfWorkProgress } from '@otp-auth/client';
import { PASSWORD, signUp } from '../../../test/support/accounts.js';
import { TestApp } from '../../../test/support/app.js';

describe('proof of work for the server', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4', OTP_RESEND_SECONDS: '0' });
  });
  afterAll(() => app?.stop());

  function client() {
    const solved: ProofOfWorkProgress[] = [];
    const onProofOfWork = (progress: ProofOfWorkProgress) => void (progress.done && solved.push(progress));
    return { auth: createClient({ url: app.url, storage: memoryStorage(), onProofOfWork }), solved };
  }

  it('sends the seventh message of a day to an address, which strangers may have used up', async () => {
    const email = 'ada@example.com';
    await signUp(app, email);
    const { auth, solved } = client();
    for (let sent = 2; sent <= 6; sent++) await auth.sendCode({ email });
    expect(solved).toHaveLength(0);
    const { otp } = await app.codeOf(email, () => auth.sendCode({ email }));
    expect(solved).toHaveLength(1);
    const challenge = { kind: 'sign-in', address: { email } } as const;
    expect((await auth.verifyCode(challenge, otp)).user?.email).toBe(email);
  });

  it('accepts a right code after twenty wrong guesses', async () => {
    const phone = '+14155550123';
    const { auth, solved } = client();
    const challenge = await auth.sendCode({ phone });
    const otp = await app.code(phone);
    await app.sql('update challenges set failures = 20, failures_since = now() where recipient = $1', [
      `phone:${phone}`,
    ]);
    expect((await auth.verifyCode(challenge, otp)).user).toBeNull();
    expect(solved).toHaveLength(1);
  });

  it('accepts a right password after ten wrong ones', async () => {
    const email = 'grace@example.com';
    await signUp(app, email);
    const { auth, solved } = client();
    for (let i = 0; i < 10; i++)
      await expect(auth.signInWithPassword({ email, password: 'wrong' })).rejects.toMatchObject({
        code: 'invalid_credentials',
      });
    expect(solved).toHaveLength(0);
    expect((await auth.signInWithPassword({ email, password: PASSWORD })).user.email).toBe(email);
    expect(solved).toHaveLength(1);
  });
});
