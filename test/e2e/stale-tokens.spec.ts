import type { Test } from 'supertest';
import { changeContact, logIn, PASSWORD, signUp, undoToken, type Person } from '../support/accounts.js';
import { TestApp } from '../support/app.js';

const NEW_PASSWORD = 'quite another horse battery';

/** Many clients send a stored token with every request, also after it has ended. */
describe('Authorization header on routes that work without a session', () => {
  let app: TestApp;
  let people = 0;
  let stranger: Person;
  let ended: Person;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4' });
    stranger = await signUp(app, newEmail());
    ended = await signUp(app, newEmail());
    await ended.post('/auth/logout').expect(201);
  });
  afterAll(() => app?.stop());

  const newEmail = () => `somebody-${++people}@example.com`;
  const headers: Record<string, () => string> = {
    'the token of an ended session': () => `Bearer ${ended.accessToken}`,
    'a token that this server did not sign': () => 'Bearer a.b.c',
    'a token without Bearer': () => ended.accessToken,
    'another scheme': () => 'Basic YWRhOnNlY3JldA==',
    'the valid token of another account': () => `Bearer ${stranger.accessToken}`,
  };
  const authorizations = Object.keys(headers);
  const withHeader = (test: Test, header: string) => test.set('authorization', headers[header]?.() ?? '');

  async function requestReset(email: string): Promise<{ otp: string; token: string }> {
    const { otp, text } = await app.codeOf(email, () => app.post('/auth/forgot', { email }).expect(202));
    return { otp, token: /#token=(\S+)/.exec(text)?.[1] ?? '' };
  }

  describe.each(['/auth/reset', '/api/reset'])('PATCH %s', (path) => {
    it.each(authorizations)('resets by link and by code despite %s', async (header) => {
      const { email } = await signUp(app, newEmail());
      const { token } = await requestReset(email);
      await withHeader(app.patch(path, { token, password: NEW_PASSWORD }), header).expect(200);
      await logIn(app, email, { password: NEW_PASSWORD });

      const { otp } = await requestReset(email);
      await withHeader(app.patch(path, { email, otp, password: PASSWORD }), header).expect(200);
      await logIn(app, email);
    });

    it('does not change the password of the token when the body has a credential', async () => {
      const owner = await signUp(app, newEmail());
      for (const credential of [
        { token: 'invalid' },
        { email: newEmail(), otp: '000000' },
        { email: owner.email },
        { otp: '000000' },
      ]) {
        const { status } = await owner.patch(path, { ...credential, password: NEW_PASSWORD });
        expect([400, 404]).toContain(status);
      }
      await owner.get('/users/me').expect(200);
      await logIn(app, owner.email);
    });

    it('requires a valid token when the body has no credential', async () => {
      for (const header of ['the token of an ended session', 'a token that this server did not sign'])
        await withHeader(app.patch(path, { password: NEW_PASSWORD }), header).expect(401);
      await app.patch(path, { password: NEW_PASSWORD }).expect(401);
    });
  });

  it.each(authorizations)('decides by the body on every other route despite %s', async (header) => {
    const email = newEmail();
    const post = (path: string, body: object) => withHeader(app.post(path, body), header);
    await post('/auth/register', { email, password: PASSWORD }).expect(201);
    await post('/auth/verify', { email, otp: await app.code(email) }).expect(200);
    const owner = await logIn(app, email);
    await post('/auth/login', { email, password: PASSWORD }).expect(200);
    await post('/auth/refresh', { refreshToken: owner.refreshToken }).expect(200);
    await post('/auth/forgot', { email }).expect(202);
    await post('/auth/send_otp', { email }).expect(201);

    const { otp } = await app.codeOf(newEmailOf(people), () =>
      post('/otp/generate', { email: newEmailOf(people) }).expect(200),
    );
    await post('/otp/verify', { email: newEmailOf(people), otp }).expect(200);

    await changeContact(app, owner, { email: newEmail() });
    await post('/users/contact/undo', { token: await undoToken(app, email) }).expect(204);

    const compat = newEmail();
    await post('/api/register', { email: compat, password: PASSWORD }).expect(201);
    await post('/api/verify', { email: compat, OTP: await app.code(compat) }).expect(200);
    await post('/api/login', { email: compat, password: PASSWORD }).expect(200);
  });

  const newEmailOf = (person: number) => `codes-${person}@example.com`;
});
