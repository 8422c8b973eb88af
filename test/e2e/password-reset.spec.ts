import { logIn, PASSWORD, signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { raw } from '../support/raw.js';
import { until } from '../support/until.js';

const RESET_URL = 'https://app.example.com/new-password';
const NEW = 'velvet otters dance';
const NEWER = 'quiet lanterns hum';

interface Mail {
  token: string;
  otp: string;
  text: string;
}

describe('a forgotten password', () => {
  let app: TestApp;
  let people = 0;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4', RESET_URL, LOG_LEVEL: 'debug', OTP_LENGTH: '8' });
  });
  beforeEach(() => app.sql('delete from password_guesses'));
  afterAll(() => app?.stop());

  const somebody = () => `somebody-${++people}@example.com`;
  const reset = (body: object) => app.patch('/auth/reset', body);
  const login = (email: string, password: string) => app.post('/auth/login', { email, password });
  const subjects = async (email: string) => (await app.messages(email)).map(({ subject }) => subject);

  /** Asks for a reset and reads the mail. */
  async function forgot(email: string): Promise<Mail> {
    const earlier = (await app.messages(email)).length;
    await app.post('/auth/forgot', { email }).expect(202);
    const otp = await app.code(email, earlier + 1);
    const mails = await app.messages(email);
    expect(mails).toHaveLength(earlier + 1);
    const { text = '' } = mails[0] ?? {};
    const token = /#token=([\w-]+)/.exec(text)?.[1];
    if (!token) throw new Error(`no link in ${text}`);
    return { token, otp, text };
  }

  async function owner(): Promise<Mail & { email: string }> {
    const { email } = await signUp(app, somebody());
    return { email, ...(await forgot(email)) };
  }

  async function expectRefused(body: object, status: number, code: string): Promise<void> {
    const { body: problem } = await reset({ password: NEW, ...body }).expect(status);
    expect(problem).toMatchObject({ code });
  }

  const used = (token: string) => expectRefused({ token }, 400, 'reset_link_invalid');

  it('is answered by one mail with a link to RESET_URL and a code', async () => {
    const { email, token, otp, text } = await owner();
    expect(text).toContain(`${RESET_URL}#token=${token}\n`);
    expect(text).toContain(otp);
    expect(text).toContain('15 minutes');
    // At least 128 random bits, and no UUID (V14).
    expect(token.length).toBeGreaterThanOrEqual(43);
    const [mail] = await app.messages(email);
    expect(mail).toMatchObject({ to: email, channel: 'email', html: expect.stringContaining(token) });
  });

  it.each(['link', 'code'] as const)(
    'is set anew by the %s, once, which ends both (U2, V12)',
    async (way) => {
      const { email, token, otp } = await owner();
      await reset(way === 'link' ? { token, password: NEW } : { email, otp, password: NEW }).expect(200);
      await login(email, NEW).expect(200);
      await login(email, PASSWORD).expect(401);

      await used(token);
      await expectRefused({ email, otp }, 404, 'otp_not_found');
      await expectRefused({ token, password: NEWER }, 400, 'reset_link_invalid');
      await login(email, NEW).expect(200);
    },
  );

  it('is set once when link and code are used at the same moment (U2, V29)', async () => {
    const { email, token, otp } = await owner();
    const ways = [{ token }, { email, otp }, { token }, { email, otp }];
    const replies = await Promise.all(ways.map((way, i) => reset({ ...way, password: `${NEW} ${i}` })));
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const [i, { status }] of replies.entries())
      await login(email, `${NEW} ${i}`).expect(status === 200 ? 200 : 401);
  });

  it('ends every session and every device, and its owner is told by mail (N12, T3, J5, V7, V24)', async () => {
    const first = await signUp(app, somebody());
    const { email } = first;
    const second = await logIn(app, email);
    await until('its notice', async () => (await subjects(email))[0] === 'New sign-in to your account');
    const { token } = await forgot(email);
    await first.get('/users/me').expect(200);
    await reset({ token, password: NEW }).expect(200);

    for (const { accessToken, refreshToken } of [first, second]) {
      await app.get('/users/me').set('authorization', `Bearer ${accessToken}`).expect(401);
      await app.post('/auth/refresh', { refreshToken }).expect(401);
    }
    const counts = `select (select count(*)::int from sessions s where s.user_id = u.id and ended_at is null) as sessions,
      (select count(*)::int from devices d where d.user_id = u.id) as devices from users u where email = $1`;
    expect(await app.sql(counts, [email])).toEqual([{ sessions: 0, devices: 0 }]);
    const again = await logIn(app, email, { password: NEW, deviceToken: first.deviceToken });
    expect(again.deviceToken).not.toBe(first.deviceToken);

    await until('the owner is told', async () => (await subjects(email))[0] === 'Your password was changed');
    const { body: events } = await again.get('/users/me/events').expect(200);
    expect(events).toContainEqual(expect.objectContaining({ action: 'password_reset', succeeded: true }));
  });

  describe('whose link leads to the page of this server', () => {
    let page: TestApp;
    beforeAll(async () => {
      page = await TestApp.start({ BCRYPT_COST: '4' });
    });
    afterAll(() => page?.stop());

    it('is not touched by whoever opens that, however often (U3, U1)', async () => {
      const { email } = await signUp(page, 'ada@example.com');
      await page.post('/auth/forgot', { email }).expect(202);
      await page.code(email, 2);
      const [mail] = await page.messages(email);
      const link = new URL(/https?:\S+#token=\S+/.exec(mail?.text ?? '')?.[0] ?? '');
      expect(link.pathname + link.search).toBe('/reset');
      const token = link.hash.replace('#token=', '');
      for (const path of ['/reset', `/reset?token=${token}`, `/auth/reset?token=${token}`])
        for (const method of ['GET', 'HEAD', 'GET', 'OPTIONS', 'POST']) await raw(page.url, path, { method });
      const { status, text } = await raw(page.url, '/reset', { method: 'GET' });
      expect(status).toBe(200);
      expect(text).toContain('<form');
      await page.patch('/auth/reset', { token, password: NEW }).expect(200);
      expect(page.log).not.toContain(token);
    });
  });

  it('asked for again ends the link and the code of before (U2, R5)', async () => {
    const { email, token, otp } = await owner();
    // Within the cooldown nothing is sent and nothing ends, and nobody sees that.
    await app.post('/auth/forgot', { email }).expect(202);
    expect((await subjects(email)).filter((subject) => subject === 'Reset your password')).toHaveLength(1);
    await app.age(61);
    const newer = await forgot(email);
    expect([newer.token, newer.otp]).not.toContain(token);
    await used(token);
    await expectRefused({ email, otp }, 400, 'otp_invalid');
    await reset({ token: newer.token, password: NEW }).expect(200);
  });

  it('asked for again within the cooldown leaves the first link as it is', async () => {
    const { email, token } = await owner();
    await app.post('/auth/forgot', { email }).expect(202);
    await reset({ token, password: NEW }).expect(200);
  });

  it('can be set anew for 15 minutes (N2, V10)', async () => {
    const early = await owner();
    await app.age(15 * 60 - 5);
    await reset({ token: early.token, password: NEW }).expect(200);
    const late = await owner();
    await app.age(15 * 60 + 1);
    await used(late.token);
    await expectRefused({ email: late.email, otp: late.otp }, 400, 'otp_expired');
    await login(late.email, PASSWORD).expect(200);
  });

  it('survives a stranger who types wrong codes: the code ends, the link does not (B1, B9)', async () => {
    const { email, token, otp } = await owner();
    for (let digit = 1; digit <= 3; digit++) {
      const wrong = otp.replace(/\d$/, (last) => String((Number(last) + digit) % 10));
      await expectRefused({ email, otp: wrong }, 400, 'otp_invalid');
    }
    await expectRefused({ email, otp }, 403, 'otp_attempts_exhausted');
    await login(email, PASSWORD).expect(200);
    await reset({ token, password: NEW }).expect(200);
    await login(email, NEW).expect(200);
  });

  it.each([
    ['too common', 'password1234567'],
    ['too short', 'v3lv3t'],
    ['too long', 'v'.repeat(300)],
  ])('keeps its link and its code when the new one is %s', async (_, password) => {
    const { email, token, otp } = await owner();
    for (const way of [{ token }, { email, otp }])
      await expectRefused({ ...way, password }, 400, 'password_refused');
    await expectRefused({ email, otp, password: email }, 400, 'password_refused');
    await reset({ email, otp, password: NEW }).expect(200);
  });

  it('cannot be set by what is no link of ours, or one for something else (V19, V27, R2)', async () => {
    const { email, token } = await owner();
    const person = await logIn(app, email);
    const other = await owner();
    const halves = token.slice(0, 40) + other.token.slice(40);
    const flipped = (at: number) =>
      token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
    const garbage = ['', 'x', '.', 'null', '{}', '{"id":""}', "' or 1=1 --", 'A'.repeat(1_024)];
    const broken = [token.slice(0, -1), token.slice(1), token + token, halves, flipped(0), flipped(60)];
    const others = [person.accessToken, person.refreshToken, person.deviceToken];
    for (const wrong of [...garbage, ...broken, ...others]) await used(wrong);
    await reset({ token: 'A'.repeat(1_025), password: NEW }).expect(400);

    // The token of an undo link, and its other way round.
    await person.patch('/users/me', { email: `moved-${email}` }).expect(200);
    const otp = await app.code(`moved-${email}`);
    await person.post('/users/me/contact/verify', { email: `moved-${email}`, otp }).expect(200);
    const undo = await until('the undo link', async () =>
      /undo#token=([\w-]+)/.exec((await app.messages(email))[0]?.text ?? ''),
    );
    await used(undo[1] ?? '');
    // Links of an address go to whoever has it: not to its former account.
    await used(token);
    await login(`moved-${email}`, PASSWORD).expect(200);
  });

  it('is not set by the codes of other purposes, nor sets those (R2)', async () => {
    const { email, otp } = await owner();
    const earlier = (await app.messages(email)).length;
    await app.post('/auth/send_otp', { email }).expect(201);
    const signInCode = await app.code(email, earlier + 1);
    await expectRefused({ email, otp: signInCode }, 400, 'otp_invalid');
    await app.post('/auth/verify_otp', { email, otp }).expect(400);
    await app.post('/auth/verify', { email, otp }).expect(404);
    await reset({ email, otp, password: NEW }).expect(200);
  });

  it('needs one way, whole: a token, or an address with its code', async () => {
    const { email, token, otp } = await owner();
    for (const body of [{ email }, { otp }, { token, email, otp }, { token, email }])
      await expectRefused(body, 400, 'validation_failed');
    await reset({ password: NEW }).expect(401);
    await reset({ token }).expect(400);
    await reset({ token, password: NEW, userId: 1 }).expect(400);
    await reset({ token, password: NEW }).expect(200);
  });

  it('is mailed with the configured address, whatever a request claims to be sent to (H1)', async () => {
    const { email } = await signUp(app, somebody());
    const evil = 'evil.example.net';
    const lies: [string, Record<string, string>][] = [
      ['/auth/forgot', { host: evil }],
      [
        '/auth/forgot',
        { 'x-forwarded-host': evil, 'x-forwarded-proto': 'gopher', 'x-forwarded-port': '666' },
      ],
      ['/auth/forgot', { forwarded: `host=${evil};proto=https`, origin: `https://${evil}` }],
      [`http://${evil}/auth/forgot`, { host: evil }],
    ];
    for (const [path, headers] of lies) {
      const earlier = (await app.messages(email)).length;
      const json = { 'content-type': 'application/json', ...headers };
      const { status } = await raw(app.url, path, { headers: json, body: JSON.stringify({ email }) });
      if (path.startsWith('/')) expect(status).toBe(202);
      if (status !== 202) continue;
      await app.code(email, earlier + 1);
      const [mail] = await app.messages(email);
      expect(mail?.text).toContain(`${RESET_URL}#token=`);
      expect(JSON.stringify(mail)).not.toContain('evil');
      await app.age(61);
    }
  });

  it('of a disabled account stays, and a link from before is worth nothing (V24)', async () => {
    const { email, token, otp } = await owner();
    await app.sql('update users set disabled_at = now() where email = $1', [email]);
    await expectRefused({ token }, 403, 'account_disabled');
    await expectRefused({ email, otp }, 404, 'otp_not_found');
    await app.age(61);
    await app.post('/auth/forgot', { email }).expect(202);
    await until('a mail', async () => (await subjects(email))[0] === 'No account with this address');
    await app.sql('update users set disabled_at = null where email = $1', [email]);
    await login(email, PASSWORD).expect(200);
  });

  it('of nobody is answered by mail only, and makes no account (E1)', async () => {
    const email = somebody();
    await app.post('/auth/forgot', { email }).expect(202);
    const [mail] = await until('a mail', async () => {
      const mails = await app.messages(email);
      return mails.length > 0 && mails;
    });
    expect(mail?.subject).toBe('No account with this address');
    expect(mail?.text).not.toMatch(/token|\d{6}/);
    expect(await app.sql('select from users where email = $1', [email])).toEqual([]);
  });

  it('stands in no log line with its link or code (U1, L1)', async () => {
    const { token, otp, email } = await owner();
    await raw(app.url, `/reset?token=${token}`, { method: 'GET' });
    await expectRefused({ token, password: 'password1234567' }, 400, 'password_refused');
    await reset({ token, password: NEW }).expect(200);
    for (const secret of [token, otp, NEW, email]) expect(app.log).not.toContain(secret);
    expect(app.log).toContain('/auth/reset');
  });

  describe('changed by who is signed in', () => {
    it('needs no other proof within ten minutes, and ends all sessions (V3, V24)', async () => {
      const person = await signUp(app, somebody());
      const other = await logIn(app, person.email);
      await app.age(9 * 60);
      await person.patch('/auth/reset', { password: NEW }).expect(200);
      await person.get('/users/me').expect(401);
      await other.get('/users/me').expect(401);
      await login(person.email, NEW).expect(200);
      await until('the owner is told', async () => {
        return (await subjects(person.email)).includes('Your password was changed');
      });
    });

    it('needs the current password after ten minutes (V3, RF16)', async () => {
      const person = await signUp(app, somebody());
      await app.age(10 * 60 + 1);
      const body = { password: NEW };
      for (const path of ['/auth/reset', '/users/me']) {
        const refused = await person.patch(path, body).expect(401);
        expect(refused.body).toMatchObject({ code: 'reauthentication_required' });
        const challenge = refused.headers['www-authenticate'];
        expect(challenge).toContain('Bearer');
        expect(challenge).toContain('error="insufficient_user_authentication"');
        const wrong = await person.patch(path, { ...body, currentPassword: NEWER }).expect(401);
        expect(wrong.body).toMatchObject({ code: 'current_password_wrong' });
      }
      await person.get('/users/me').expect(200);
      await login(person.email, PASSWORD).expect(200);
      await person.patch('/auth/reset', { ...body, currentPassword: PASSWORD }).expect(200);
      await login(person.email, NEW).expect(200);
    });

    it('bears 20 wrong current passwords a day, which lock nobody out of signing in (B1, V4)', async () => {
      const person = await signUp(app, somebody());
      await app.age(10 * 60 + 1);
      const attempt = (currentPassword: string) =>
        person.patch('/auth/reset', { password: NEW, currentPassword });
      for (let guess = 1; guess <= 20; guess++) await attempt(`${NEWER} ${guess}`).expect(401);
      const refused = await attempt(PASSWORD).expect(429);
      expect(refused.body).toMatchObject({ code: 'password_guess_limit' });
      await person.patch('/users/me', { password: NEW, currentPassword: PASSWORD }).expect(429);
      await login(person.email, PASSWORD).expect(200);
    });

    it('takes no link of a session that is over', async () => {
      const person = await signUp(app, somebody());
      await person.post('/auth/logout').expect(201);
      await person.patch('/auth/reset', { password: NEW }).expect(401);
      await login(person.email, PASSWORD).expect(200);
    });
  });
});
