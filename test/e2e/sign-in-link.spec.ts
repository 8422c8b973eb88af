import type { Test } from 'supertest';
import { changeContact, logIn, PASSWORD, signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { until } from '../support/until.js';
import { wrongCode } from '../support/wrong-code.js';

const SIGN_IN_URL = 'https://app.example.com/enter?from=mail';

interface Mail {
  email: string;
  otp: string;
  token: string;
  text: string;
}

describe('sign-in link', () => {
  let app: TestApp;
  let people = 0;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4', SIGN_IN_URL, LOG_LEVEL: 'debug' });
  });
  afterAll(() => app?.stop());

  const newEmail = () => `somebody-${++people}@example.com`;
  const link = (token: string, from: TestApp = app): Test => from.post('/auth/link', { token });
  const tokenIn = (text: string) => /#token=([\w-]+)/.exec(text)?.[1] ?? '';

  /** Requests a sign-in code and reads it, and its link, from the mail. */
  async function requestMail(email: string, { deviceToken = '', from = app } = {}): Promise<Mail> {
    const { otp, text } = await from.codeOf(email, () =>
      from.post('/auth/send_otp', { email }).set('x-device-token', deviceToken).expect(201),
    );
    return { email, otp, text, token: tokenIn(text) };
  }

  async function signUpAndRequestMail(): Promise<Mail> {
    const { email } = await signUp(app, newEmail());
    return requestMail(email);
  }

  async function expectInvalid(token: string): Promise<void> {
    const { body } = await link(token).expect(400);
    expect(body).toMatchObject({ code: 'sign_in_link_invalid', VerificationStatus: 'pending' });
  }

  async function guessWrong(email: string, otp: string, times: number): Promise<void> {
    for (let i = 0; i < times; i++)
      await app.post('/auth/verify_otp', { email, otp: wrongCode(otp) }).expect(400);
  }

  it('is in the mail beside the code, and in no other message', async () => {
    const { email, otp, token, text } = await signUpAndRequestMail();
    expect(text).toContain(`\n${otp}\n`);
    expect(text).toContain(`\n${SIGN_IN_URL}#token=${token}\n`);
    expect(text).toContain('The code or the link works once');
    // 43 base64url characters hold 256 bits.
    expect(token.length).toBeGreaterThanOrEqual(43);
    const [mail] = await app.messages(email);
    expect(mail?.html).toContain(`href="${SIGN_IN_URL.replace('=', '&#x3D;')}#token&#x3D;${token}"`);

    const sms = await app.codeOf('+14155550123', () =>
      app.post('/auth/send_otp', { phone: '+14155550123' }).expect(201),
    );
    const other = await app.codeOf(newEmail(), () =>
      app.post('/otp/generate', { email: `somebody-${people}@example.com` }).expect(200),
    );
    for (const { text: withoutLink } of [sms, other]) expect(withoutLink).not.toMatch(/https?:|token/);
  });

  it('replies as a code does', async () => {
    const withLink = await signUpAndRequestMail();
    const withCode = await signUpAndRequestMail();
    const { body: byLink } = await link(withLink.token).expect(201);
    const { body: byCode } = await app
      .post('/auth/verify_otp', { email: withCode.email, otp: withCode.otp })
      .expect(201);
    expect(Object.keys(byLink as object).sort()).toEqual(Object.keys(byCode as object).sort());
    expect(byLink).toMatchObject({ VerificationStatus: 'approved', user: { email: withLink.email } });
    const { accessToken } = byLink as { accessToken: string };
    await app.get('/users/me').set('authorization', `Bearer ${accessToken}`).expect(200);
  });

  it('works once, and ends with its code', async () => {
    const used = await signUpAndRequestMail();
    await link(used.token).expect(201);
    await expectInvalid(used.token);
    await app.post('/auth/verify_otp', { email: used.email, otp: used.otp }).expect(404);

    const entered = await signUpAndRequestMail();
    await app.post('/auth/verify_otp', { email: entered.email, otp: entered.otp }).expect(201);
    await expectInvalid(entered.token);
  });

  it('opens one session for ten parallel requests with the link and the code', async () => {
    const { email, otp, token } = await signUpAndRequestMail();
    const replies = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        i % 2 ? link(token) : app.post('/auth/verify_otp', { email, otp }),
      ),
    );
    expect(replies.filter(({ status }) => status === 201)).toHaveLength(1);
  });

  it('expires after five minutes', async () => {
    const early = await signUpAndRequestMail();
    await app.ageWhenSent(290);
    await link(early.token).expect(201);
    const late = await signUpAndRequestMail();
    await app.ageWhenSent(301);
    await expectInvalid(late.token);
  });

  it('works after wrong guesses have ended the code', async () => {
    const { email, otp, token } = await signUpAndRequestMail();
    await guessWrong(email, otp, 3);
    await app.post('/auth/verify_otp', { email, otp }).expect(403);
    await link(token).expect(201);
  });

  it('works after strangers have used the guesses of the day', async () => {
    const { email } = await signUp(app, newEmail());
    let mail = await requestMail(email);
    for (let guesses = 0; guesses < 20; guesses++) {
      if (guesses > 0 && guesses % 3 === 0) {
        await app.ageWhenSent(61);
        mail = await requestMail(email);
      }
      await guessWrong(email, mail.otp, 1);
    }
    await app.post('/auth/verify_otp', { email, otp: mail.otp }).expect(429);
    await link(mail.token).expect(201);
  });

  it('is repeated with its code', async () => {
    const first = await signUpAndRequestMail();
    await app.ageWhenSent(61);
    const second = await requestMail(first.email);
    expect([second.otp, second.token]).toEqual([first.otp, first.token]);
    await link(second.token).expect(201);
  });

  describe('of the previous code', () => {
    async function requestTwo(guesses = 0): Promise<{ first: Mail; second: Mail }> {
      const first = await signUpAndRequestMail();
      await guessWrong(first.email, first.otp, guesses);
      await app.ageWhenSent(200);
      const second = await requestMail(first.email);
      expect(second.token).not.toBe(first.token);
      return { first, second };
    }

    it.each([
      ['the previous link', 0],
      ['the new link', 1],
    ])('%s works, and ends both links and both codes', async (_, used) => {
      const { first, second } = await requestTwo();
      const mails = [first, second];
      await link(mails[used]?.token ?? '').expect(201);
      for (const { email, otp, token } of mails) {
        await expectInvalid(token);
        await app.post('/auth/verify_otp', { email, otp }).expect(404);
      }
    });

    it('works until its own end', async () => {
      const early = await requestTwo();
      await app.ageWhenSent(95);
      await link(early.first.token).expect(201);
      const late = await requestTwo();
      await app.ageWhenSent(101);
      await expectInvalid(late.first.token);
      await link(late.second.token).expect(201);
    });

    it('works when the new one is repeated', async () => {
      const { first, second } = await requestTwo();
      await app.ageWhenSent(61);
      expect((await requestMail(first.email)).token).toBe(second.token);
      await link(first.token).expect(201);
    });

    it('works after wrong guesses have ended its code', async () => {
      const { first, second } = await requestTwo(3);
      const { email, otp } = first;
      await app.post('/auth/verify_otp', { email, otp }).expect(400);
      await link(first.token).expect(201);
      await expectInvalid(second.token);
    });
  });

  describe('that a recognised device requested', () => {
    it('works on another device, and leaves the code of strangers alone', async () => {
      const { email, deviceToken } = await signUp(app, newEmail());
      const stranger = await requestMail(email);
      await guessWrong(email, stranger.otp, 3);
      const own = await requestMail(email, { deviceToken });
      expect(own.token).not.toBe(stranger.token);
      await link(own.token).expect(201);
      await expectInvalid(own.token);
      await link(stranger.token).expect(201);
    });

    it('keeps the device recognised', async () => {
      const { email, deviceToken } = await signUp(app, newEmail());
      const { token } = await requestMail(email, { deviceToken });
      await link(token).set('x-device-token', deviceToken).expect(201);
      const notices = (await app.messages(email)).filter(({ subject }) => subject?.startsWith('New sign-in'));
      expect(notices).toEqual([]);
    });
  });

  it('is recorded, and the owner gets a notice of a new device', async () => {
    const person = await signUp(app, newEmail());
    const { email } = person;
    const { token } = await requestMail(email);
    await link(token).expect(201);
    await expectInvalid(token);
    const { body: events } = await person.get('/users/me/events').expect(200);
    expect(events).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ action: 'sign_in', succeeded: true }),
        expect.objectContaining({ action: 'sign_in', succeeded: false, reason: 'sign_in_link_invalid' }),
      ]),
    );
    await until('a notice', async () =>
      (await app.messages(email)).some(({ subject }) => subject === 'New sign-in to your account'),
    );
  });

  it('approves an address without an account, and opens nothing', async () => {
    const { token } = await requestMail(newEmail());
    const { body } = await link(token).expect(201);
    expect(body).toEqual({ VerificationStatus: 'approved' });
  });

  it('offers the undo at an address that an account had until recently', async () => {
    const person = await signUp(app, newEmail());
    await changeContact(app, person, { email: newEmail() });
    const { token } = await requestMail(person.email);
    const { body } = await link(token).expect(201);
    expect(body).toEqual({ VerificationStatus: 'approved', undoToken: expect.any(String) });
    const { undoToken } = body as { undoToken: string };
    await app.post('/users/contact/undo', { token: undoToken }).expect(204);
  });

  it('does not open a disabled account', async () => {
    const { email, token } = await signUpAndRequestMail();
    await app.sql('update users set disabled_at = now() where email = $1', [email]);
    const { body } = await link(token).expect(403);
    expect(body).toMatchObject({ code: 'account_disabled' });
  });

  it('stays unused when the access token in the request is invalid', async () => {
    const { token } = await signUpAndRequestMail();
    await link(token).set('authorization', 'Bearer one.that.ended').expect(401);
    await link(token).expect(201);
  });

  it('is accepted at its own route only, and rejected if it was changed', async () => {
    const { email, token } = await signUpAndRequestMail();
    await app.patch('/auth/reset', { token, password: `${PASSWORD} again` }).expect(400);
    await app.post('/auth/forgot', { email }).expect(202);
    const reset = await until('a reset mail', async () =>
      (await app.messages(email)).map(({ text }) => /\/reset#token=([\w-]+)/.exec(text)?.[1]).find(Boolean),
    );
    const changed = token.replace(/(?<=^.{60})./, (letter) => (letter === 'A' ? 'Q' : 'A'));
    for (const other of [reset, changed, token.slice(0, -4), 'x'.repeat(200), '']) await expectInvalid(other);
    await app.post('/auth/link', { token: 1 }).expect(400);
    await app.post('/auth/link', {}).expect(400);
    await link(token).expect(201);
    await logIn(app, email);
  });

  it('appears in no log line', async () => {
    const { token } = await signUpAndRequestMail();
    await link(token).expect(201);
    expect(app.log).toContain('/auth/link');
    expect(app.log).not.toContain(token);
  });

  describe('with the built-in page and SIGN_UP_ON_VERIFY', () => {
    const reviewer = 'review@example.com';
    let signUpApp: TestApp;
    beforeAll(async () => {
      signUpApp = await TestApp.start({
        BCRYPT_COST: '4',
        SIGN_UP_ON_VERIFY: 'true',
        TEST_IDENTITIES: `${reviewer}=222222`,
      });
    });
    afterAll(() => signUpApp?.stop());

    it('opens the page of this server, and opening it consumes nothing', async () => {
      const { text, token } = await requestMail(newEmail(), { from: signUpApp });
      const url = new URL(/https?:\S+#token=\S+/.exec(text)?.[0] ?? '');
      expect(url.pathname + url.search).toBe('/sign-in');
      for (let opened = 0; opened < 3; opened++) {
        const { text: html } = await signUpApp.get(url.pathname).expect(200);
        expect(html).toContain('<sign-in-page>');
      }
      await signUpApp.get('/auth/link').expect(405);
      await link(token, signUpApp).expect(201);
    });

    it('creates an account, which the next link opens', async () => {
      const { email, token } = await requestMail(newEmail(), { from: signUpApp });
      const { body: created } = await link(token, signUpApp).expect(201);
      const again = await requestMail(email, { from: signUpApp });
      const { body: opened } = await link(again.token, signUpApp).expect(201);
      const [first, second] = [created, opened] as { user: { id: string; email: string } }[];
      expect(first?.user.email).toBe(email);
      expect(second?.user).toEqual(first?.user);
    });

    it('is sent to no test identity, whose code works as before', async () => {
      await signUpApp.post('/auth/send_otp', { email: reviewer }).expect(201);
      await signUpApp.post('/auth/verify_otp', { email: reviewer, otp: '222222' }).expect(201);
      expect(await signUpApp.messages(reviewer)).toEqual([]);
    });
  });
});
