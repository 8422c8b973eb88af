import { logIn, PASSWORD, signInByCode, signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { raw } from '../support/raw.js';
import { until } from '../support/until.js';

const RESET_URL = 'https://app.example.com/new-password';
const NEW_PASSWORD = 'velvet otters dance';
const OTHER_PASSWORD = 'quiet lanterns hum';

interface ResetMail {
  token: string;
  otp: string;
  text: string;
}

describe('password reset', () => {
  let app: TestApp;
  let emailCount = 0;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4', RESET_URL, LOG_LEVEL: 'debug', OTP_LENGTH: '8' });
  });
  beforeEach(() => app.sql(`delete from budget_counters where key like 'password%'`));
  afterAll(() => app?.stop());

  const newEmail = () => `somebody-${++emailCount}@example.com`;
  const reset = (body: object) => app.patch('/auth/reset', body);
  const login = (email: string, password: string) => app.post('/auth/login', { email, password });
  const subjects = async (email: string) => (await app.messages(email)).map(({ subject }) => subject);

  /** Requests a reset and reads the link and the code from the mail. */
  async function requestReset(email: string): Promise<ResetMail> {
    const mailsBefore = (await app.messages(email)).length;
    await app.post('/auth/forgot', { email }).expect(202);
    const otp = await app.code(email, mailsBefore + 1);
    const mails = await app.messages(email);
    expect(mails).toHaveLength(mailsBefore + 1);
    const { text = '' } = mails[0] ?? {};
    const token = /#token=([\w-]+)/.exec(text)?.[1];
    if (!token) throw new Error(`no link in ${text}`);
    return { token, otp, text };
  }

  async function signUpAndRequestReset(): Promise<ResetMail & { email: string }> {
    const { email } = await signUp(app, newEmail());
    return { email, ...(await requestReset(email)) };
  }

  async function expectRefused(body: object, status: number, code: string): Promise<void> {
    const { body: problem } = await reset({ password: NEW_PASSWORD, ...body }).expect(status);
    expect(problem).toMatchObject({ code });
  }

  const expectInvalidLink = (token: string) => expectRefused({ token }, 400, 'reset_link_invalid');

  it('sends one mail with a link to RESET_URL and a code', async () => {
    const { email, token, otp, text } = await signUpAndRequestReset();
    expect(text).toContain(`${RESET_URL}#token=${token}\n`);
    expect(text).toContain(otp);
    expect(text).toContain('15 minutes');
    // 43 base64url characters hold 256 bits. A UUID has only 36 characters.
    expect(token.length).toBeGreaterThanOrEqual(43);
    const [mail] = await app.messages(email);
    expect(mail).toMatchObject({
      to: email,
      channel: 'email',
      html: expect.stringContaining(token),
    });
  });

  it.each(['link', 'code'] as const)(
    'accepts the %s once and then invalidates both the link and the code',
    async (proof) => {
      const { email, token, otp } = await signUpAndRequestReset();
      await reset(
        proof === 'link' ? { token, password: NEW_PASSWORD } : { email, otp, password: NEW_PASSWORD },
      ).expect(200);
      await login(email, NEW_PASSWORD).expect(200);
      await login(email, PASSWORD).expect(401);

      await expectInvalidLink(token);
      await expectRefused({ email, otp }, 404, 'otp_not_found');
      await expectRefused({ token, password: OTHER_PASSWORD }, 400, 'reset_link_invalid');
      await login(email, NEW_PASSWORD).expect(200);
    },
  );

  it('accepts only one of several concurrent resets by link and code', async () => {
    const { email, token, otp } = await signUpAndRequestReset();
    const proofs = [{ token }, { email, otp }, { token }, { email, otp }];
    const replies = await Promise.all(
      proofs.map((proof, i) => reset({ ...proof, password: `${NEW_PASSWORD} ${i}` })),
    );
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const [i, { status }] of replies.entries())
      await login(email, `${NEW_PASSWORD} ${i}`).expect(status === 200 ? 200 : 401);
  });

  it('ends every session, forgets every device and notifies the owner by mail', async () => {
    const first = await signUp(app, newEmail());
    const { email } = first;
    const second = await logIn(app, email);
    await until(
      'the sign-in notice',
      async () => (await subjects(email))[0] === 'New sign-in to your account',
    );
    const { token } = await requestReset(email);
    await first.get('/users/me').expect(200);
    await reset({ token, password: NEW_PASSWORD }).expect(200);

    for (const { accessToken, refreshToken } of [first, second]) {
      await app.get('/users/me').set('authorization', `Bearer ${accessToken}`).expect(401);
      await app.post('/auth/refresh', { refreshToken }).expect(401);
    }
    const counts = `select (select count(*)::int from sessions s where s.user_id = u.id and ended_at is null) as sessions,
      (select count(*)::int from devices d where d.user_id = u.id) as devices from users u where email = $1`;
    expect(await app.sql(counts, [email])).toEqual([{ sessions: 0, devices: 0 }]);
    const afterReset = await logIn(app, email, {
      password: NEW_PASSWORD,
      deviceToken: first.deviceToken,
    });
    expect(afterReset.deviceToken).not.toBe(first.deviceToken);

    await until(
      'the password change notice',
      async () => (await subjects(email))[0] === 'Your password was changed',
    );
    const { body: events } = await afterReset.get('/users/me/events').expect(200);
    expect(events).toContainEqual(expect.objectContaining({ action: 'password_reset', succeeded: true }));
  });

  describe('with the built-in reset page', () => {
    let appWithPage: TestApp;
    beforeAll(async () => {
      appWithPage = await TestApp.start({ BCRYPT_COST: '4' });
    });
    afterAll(() => appWithPage?.stop());

    it('keeps the token valid and out of the log when the link is opened repeatedly', async () => {
      const { email } = await signUp(appWithPage, 'ada@example.com');
      await appWithPage.post('/auth/forgot', { email }).expect(202);
      await appWithPage.code(email, 2);
      const [mail] = await appWithPage.messages(email);
      const link = new URL(/https?:\S+#token=\S+/.exec(mail?.text ?? '')?.[0] ?? '');
      expect(link.pathname + link.search).toBe('/reset');
      const token = link.hash.replace('#token=', '');
      for (const path of ['/reset', `/reset?token=${token}`, `/auth/reset?token=${token}`])
        for (const method of ['GET', 'HEAD', 'GET', 'OPTIONS', 'POST'])
          await raw(appWithPage.url, path, { method });
      const { status, text } = await raw(appWithPage.url, '/reset', { method: 'GET' });
      expect(status).toBe(200);
      expect(text).toContain('<reset-page>');
      await appWithPage.patch('/auth/reset', { token, password: NEW_PASSWORD }).expect(200);
      expect(appWithPage.log).not.toContain(token);
    });
  });

  it('keeps the code and the link valid when storing the new password fails', async () => {
    const { email, token, otp } = await signUpAndRequestReset();
    await app.sql(`alter table users add constraint no_change check (security_stamp < 1) not valid`);
    try {
      await reset({ email, otp, password: NEW_PASSWORD }).expect(500);
      await reset({ token, password: NEW_PASSWORD }).expect(500);
    } finally {
      await app.sql('alter table users drop constraint no_change');
    }
    await login(email, PASSWORD).expect(200);
    await reset({ email, otp, password: NEW_PASSWORD }).expect(200);
    await login(email, NEW_PASSWORD).expect(200);
  });

  it('does not use up the attempts of a code with right guesses whose new password is refused', async () => {
    const { email, otp } = await signUpAndRequestReset();
    await app.sql('update users set security_stamp = security_stamp + 1 where email = $1', [email]);
    for (let i = 0; i < 5; i++)
      await Promise.all([1, 2].map((n) => reset({ email, otp, password: `${NEW_PASSWORD} ${n}` })));
    const [row] = await app.sql<{ attempts: number; consumed: boolean }>(
      `select attempts, consumed_at is not null as consumed from challenges
       where recipient = $1 and purpose = 'password_reset'`,
      [`email:${email}`],
    );
    expect(row).toEqual({ attempts: 0, consumed: true });
  });

  it('invalidates the previous link and code when a reset is requested again', async () => {
    const { email, token, otp } = await signUpAndRequestReset();
    // Within the cooldown no second mail is sent, and the reply says so.
    const { body } = await app.post('/auth/forgot', { email }).expect(429);
    expect(body).toMatchObject({ code: 'otp_cooldown' });
    expect((await subjects(email)).filter((subject) => subject === 'Reset your password')).toHaveLength(1);
    await app.age(61);
    const newer = await requestReset(email);
    expect([newer.token, newer.otp]).not.toContain(token);
    await expectInvalidLink(token);
    await expectRefused({ email, otp }, 400, 'otp_invalid');
    await reset({ token: newer.token, password: NEW_PASSWORD }).expect(200);
  });

  it('keeps the first link valid when a reset is requested again within the cooldown', async () => {
    const { email, token } = await signUpAndRequestReset();
    await app.post('/auth/forgot', { email }).expect(429);
    await reset({ token, password: NEW_PASSWORD }).expect(200);
  });

  it('accepts the link for 15 minutes, then rejects the link and the code', async () => {
    const valid = await signUpAndRequestReset();
    await app.age(15 * 60 - 5);
    await reset({ token: valid.token, password: NEW_PASSWORD }).expect(200);
    const expired = await signUpAndRequestReset();
    await app.age(15 * 60 + 1);
    await expectInvalidLink(expired.token);
    await expectRefused({ email: expired.email, otp: expired.otp }, 400, 'otp_expired');
    await login(expired.email, PASSWORD).expect(200);
  });

  it('keeps the link and the current password valid after wrong codes exhaust the code', async () => {
    const { email, token, otp } = await signUpAndRequestReset();
    for (let digit = 1; digit <= 3; digit++) {
      const wrong = otp.replace(/\d$/, (last) => String((Number(last) + digit) % 10));
      await expectRefused({ email, otp: wrong }, 400, 'otp_invalid');
    }
    await expectRefused({ email, otp }, 403, 'otp_attempts_exhausted');
    await login(email, PASSWORD).expect(200);
    await reset({ token, password: NEW_PASSWORD }).expect(200);
    await login(email, NEW_PASSWORD).expect(200);
  });

  it.each([
    ['too common', 'password1234567'],
    ['too short', 'v3lv3t'],
    ['too long', 'v'.repeat(300)],
  ])('keeps the link and the code valid when the new password is %s', async (_, password) => {
    const { email, token, otp } = await signUpAndRequestReset();
    for (const proof of [{ token }, { email, otp }])
      await expectRefused({ ...proof, password }, 400, 'password_refused');
    await expectRefused({ email, otp, password: email }, 400, 'password_refused');
    await reset({ email, otp, password: NEW_PASSWORD }).expect(200);
  });

  it('rejects malformed, altered and unrelated tokens', async () => {
    const { email, token } = await signUpAndRequestReset();
    const person = await logIn(app, email);
    const other = await signUpAndRequestReset();
    const mixedHalves = token.slice(0, 40) + other.token.slice(40);
    const flipped = (at: number) =>
      token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
    const garbage = ['', 'x', '.', 'null', '{}', '{"id":""}', "' or 1=1 --", 'A'.repeat(1_024)];
    const alteredTokens = [
      token.slice(0, -1),
      token.slice(1),
      token + token,
      mixedHalves,
      flipped(0),
      flipped(60),
    ];
    const otherTokens = [person.accessToken, person.refreshToken, person.deviceToken];
    for (const invalid of [...garbage, ...alteredTokens, ...otherTokens]) await expectInvalidLink(invalid);
    await reset({ token: 'A'.repeat(1_025), password: NEW_PASSWORD }).expect(400);

    // The token of an undo link is not a reset token.
    await person.patch('/users/me', { email: `moved-${email}` }).expect(200);
    const otp = await app.code(`moved-${email}`);
    await person.post('/users/me/contact/verify', { email: `moved-${email}`, otp }).expect(200);
    const undo = await until('the undo link', async () => {
      const texts = (await app.messages(email)).map(({ text }) => text);
      return /undo#token=([\w-]+)/.exec(texts.join('\n'));
    });
    await expectInvalidLink(undo[1] ?? '');
    // A reset link ends when the account changes its address.
    await expectInvalidLink(token);
    await login(`moved-${email}`, PASSWORD).expect(200);
  });

  it('rejects codes of other purposes, and other routes reject the reset code', async () => {
    const { email, otp } = await signUpAndRequestReset();
    const mailsBefore = (await app.messages(email)).length;
    await app.post('/auth/send_otp', { email }).expect(201);
    const signInCode = await app.code(email, mailsBefore + 1);
    await expectRefused({ email, otp: signInCode }, 400, 'otp_invalid');
    await app.post('/auth/verify_otp', { email, otp }).expect(400);
    await app.post('/auth/verify', { email, otp }).expect(404);
    await reset({ email, otp, password: NEW_PASSWORD }).expect(200);
  });

  it('requires either a token or an address with its code', async () => {
    const { email, token, otp } = await signUpAndRequestReset();
    for (const body of [{ email }, { otp }, { token, email, otp }, { token, email }])
      await expectRefused(body, 400, 'validation_failed');
    await reset({ password: NEW_PASSWORD }).expect(401);
    await reset({ token }).expect(400);
    await reset({ token, password: NEW_PASSWORD, userId: 1 }).expect(400);
    await reset({ token, password: NEW_PASSWORD }).expect(200);
  });

  it('builds the link from RESET_URL and ignores host and forwarding headers', async () => {
    const { email } = await signUp(app, newEmail());
    const evil = 'evil.example.net';
    const spoofedRequests: [string, Record<string, string>][] = [
      ['/auth/forgot', { host: evil }],
      [
        '/auth/forgot',
        { 'x-forwarded-host': evil, 'x-forwarded-proto': 'gopher', 'x-forwarded-port': '666' },
      ],
      ['/auth/forgot', { forwarded: `host=${evil};proto=https`, origin: `https://${evil}` }],
      [`http://${evil}/auth/forgot`, { host: evil }],
    ];
    for (const [path, headers] of spoofedRequests) {
      const mailsBefore = (await app.messages(email)).length;
      const json = { 'content-type': 'application/json', ...headers };
      const { status } = await raw(app.url, path, {
        headers: json,
        body: JSON.stringify({ email }),
      });
      if (path.startsWith('/')) expect(status).toBe(202);
      if (status !== 202) continue;
      await app.code(email, mailsBefore + 1);
      const [mail] = await app.messages(email);
      expect(mail?.text).toContain(`${RESET_URL}#token=`);
      expect(JSON.stringify(mail)).not.toContain('evil');
      await app.age(61);
    }
  });

  it('rejects the link and the code of a disabled account and sends no new link', async () => {
    const { email, token, otp } = await signUpAndRequestReset();
    await app.sql('update users set disabled_at = now() where email = $1', [email]);
    await expectRefused({ token }, 403, 'account_disabled');
    await expectRefused({ email, otp }, 404, 'otp_not_found');
    await app.age(61);
    await app.post('/auth/forgot', { email }).expect(202);
    await until('a mail', async () => (await subjects(email))[0] === 'No account with this address');
    await app.sql('update users set disabled_at = null where email = $1', [email]);
    await login(email, PASSWORD).expect(200);
  });

  it('returns 202 for an unknown address, sends a mail without link or code and creates no account', async () => {
    const email = newEmail();
    await app.post('/auth/forgot', { email }).expect(202);
    const [mail] = await until('a mail', async () => {
      const mails = await app.messages(email);
      return mails.length > 0 && mails;
    });
    expect(mail?.subject).toBe('No account with this address');
    expect(mail?.text).not.toMatch(/token|\d{6}/);
    expect(await app.sql('select from users where email = $1', [email])).toEqual([]);
  });

  it('writes no password, token, code or address to the log', async () => {
    const { token, otp, email } = await signUpAndRequestReset();
    await raw(app.url, `/reset?token=${token}`, { method: 'GET' });
    await expectRefused({ token, password: 'password1234567' }, 400, 'password_refused');
    await reset({ token, password: NEW_PASSWORD }).expect(200);
    for (const secret of [token, otp, NEW_PASSWORD, email]) expect(app.log).not.toContain(secret);
    expect(app.log).toContain('/auth/reset');
  });

  describe('by a signed-in user', () => {
    it('needs no further proof within ten minutes of sign-in and ends all sessions', async () => {
      const person = await signUp(app, newEmail());
      const other = await logIn(app, person.email);
      await app.age(9 * 60);
      await person.patch('/auth/reset', { password: NEW_PASSWORD }).expect(200);
      await person.get('/users/me').expect(401);
      await other.get('/users/me').expect(401);
      await login(person.email, NEW_PASSWORD).expect(200);
      await until('the password change notice', async () => {
        return (await subjects(person.email)).includes('Your password was changed');
      });
    });

    it('requires the current password after ten minutes', async () => {
      const person = await signUp(app, newEmail());
      await app.age(10 * 60 + 1);
      const body = { password: NEW_PASSWORD };
      for (const path of ['/auth/reset', '/users/me']) {
        const refused = await person.patch(path, body).expect(401);
        expect(refused.body).toMatchObject({ code: 'reauthentication_required' });
        const wwwAuthenticate = refused.headers['www-authenticate'];
        expect(wwwAuthenticate).toContain('Bearer');
        expect(wwwAuthenticate).toContain('error="insufficient_user_authentication"');
        const wrong = await person.patch(path, { ...body, currentPassword: OTHER_PASSWORD }).expect(401);
        expect(wrong.body).toMatchObject({ code: 'current_password_wrong' });
      }
      await person.get('/users/me').expect(200);
      await login(person.email, PASSWORD).expect(200);
      await person.patch('/auth/reset', { ...body, currentPassword: PASSWORD }).expect(200);
      await login(person.email, NEW_PASSWORD).expect(200);
    });

    it('allows 20 wrong current passwords a day, and sign-in with a code after that', async () => {
      const person = await signUp(app, newEmail());
      await app.age(10 * 60 + 1);
      const attempt = (currentPassword: string) =>
        person.patch('/auth/reset', { password: NEW_PASSWORD, currentPassword });
      for (let guess = 1; guess <= 20; guess++) await attempt(`${OTHER_PASSWORD} ${guess}`).expect(401);
      const refused = await attempt(PASSWORD).expect(429);
      expect(refused.body).toMatchObject({ code: 'password_guess_limit' });
      await person.patch('/users/me', { password: NEW_PASSWORD, currentPassword: PASSWORD }).expect(429);
      await login(person.email, PASSWORD).expect(429);
      await signInByCode(app, { email: person.email });
    });

    it('rejects the access token of an ended session', async () => {
      const person = await signUp(app, newEmail());
      await person.post('/auth/logout').expect(201);
      await person.patch('/auth/reset', { password: NEW_PASSWORD }).expect(401);
      await login(person.email, PASSWORD).expect(200);
    });
  });
});
