import { createClient, memoryStorage } from '@otp-auth/client';
import { signUp } from '../../../test/support/accounts.js';
import { TestApp } from '../../../test/support/app.js';

describe('sign-in link', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4' });
  });
  afterAll(() => app?.stop());

  it('signs in once, instead of the code', async () => {
    const email = 'ada@example.com';
    await signUp(app, email);
    const auth = createClient({ url: app.url, storage: memoryStorage() });
    const { text } = await app.codeOf(email, () => auth.sendCode({ email }));
    const token = /#token=([\w-]+)/.exec(text)?.[1] ?? '';
    expect((await auth.signInWithLink(token)).user?.email).toBe(email);
    expect((await auth.api.GET('/users/me')).data.email).toBe(email);
    await expect(auth.signInWithLink(token)).rejects.toMatchObject({ code: 'sign_in_link_invalid' });
    expect(auth.user?.email).toBe(email);
  });

  it('signs the previous person out if no account has the address', async () => {
    await signUp(app, 'grace@example.com');
    const auth = createClient({ url: app.url, storage: memoryStorage() });
    const challenge = await auth.sendCode({ email: 'grace@example.com' });
    await auth.verifyCode(challenge, await app.code('grace@example.com', 2));
    const nobody = 'nobody@example.com';
    const { text } = await app.codeOf(nobody, () => auth.sendCode({ email: nobody }));
    const token = /#token=([\w-]+)/.exec(text)?.[1] ?? '';
    expect((await auth.signInWithLink(token)).user).toBeNull();
    expect(auth.user).toBeNull();
  });
});
