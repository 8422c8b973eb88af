import { logIn, PASSWORD, Person, signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { testDatabase } from '../support/database.js';
import { tally } from '../support/parallel.js';
import { withProof } from '../support/proof.js';
import { forms } from '../support/secrets.js';
import { until } from '../support/until.js';

const WRONG = 'never the password of anyone';
const FAST_HASHING = { BCRYPT_COST: '4' };
const DAY = 86_400;

describe('passwords', () => {
  let app: TestApp;
  let emailCount = 0;
  beforeAll(async () => {
    app = await TestApp.start({ ...FAST_HASHING, TRUST_PROXY: 'loopback' });
  });
  beforeEach(() => app.sql(`delete from budget_counters where key like 'password%'`));
  afterAll(() => app?.stop());

  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });
  /** Starts another app that is stopped at the end of the test. */
  async function startApp(settings: Record<string, string>): Promise<TestApp> {
    const started = await TestApp.start(settings);
    cleanups.unshift(() => started.stop());
    return started;
  }

  const newEmail = () => `somebody-${++emailCount}@example.com`;

  /** Status and error code of a sign-in from the given IP address, with a proof of work if needed. */
  async function signInResult(email: string, password: string, ip = '192.0.2.1'): Promise<string> {
    const { status, body } = await withProof((proof) =>
      app.post('/auth/login', { email, password, ...proof }).set('x-forwarded-for', ip),
    );
    return [status, (body as { code?: string }).code].filter(Boolean).join(' ');
  }

  async function refusalReason(password: string, more: object = {}): Promise<string> {
    const body = { email: newEmail(), password, ...more };
    const { body: problem } = await app.post('/auth/register', body).expect(400);
    const { code, errors } = problem as {
      code: string;
      errors: { field: string; detail: string }[];
    };
    expect({ code, field: errors[0]?.field }).toEqual({
      code: 'password_refused',
      field: 'password',
    });
    return errors[0]?.detail ?? '';
  }

  describe('comparison', () => {
    const E_ACUTE = { composed: '\u00e9', decomposed: 'e\u0301' };
    it.each([
      ['chosen composed, typed decomposed', `caf${E_ACUTE.composed} noir`, `caf${E_ACUTE.decomposed} noir`],
      ['chosen decomposed, typed composed', `caf${E_ACUTE.decomposed} noir`, `caf${E_ACUTE.composed} noir`],
    ])('treats composed and decomposed Unicode as equal: %s', async (_, chosen, typed) => {
      const { email } = await signUp(app, newEmail(), { password: chosen });
      expect(await signInResult(email, typed)).toBe('200');
      expect(await signInResult(email, 'cafe noir')).toBe('401 invalid_credentials');
    });

    const SEVENTY_TWO = 'velvet otter'.repeat(6);
    it.each([
      ['text after 72 bytes', `${SEVENTY_TWO}, tail`, [`${SEVENTY_TWO}, tale`, SEVENTY_TWO]],
      ['text after 18 emoji', `${'🦦'.repeat(18)} and a tail`, [`${'🦦'.repeat(18)} and a tale`]],
      ['text after a NUL', 'velvet\0otters', ['velvet\0', 'velvet\0badger', 'velvet', 'velvetotters']],
      ['surrounding blanks', ' velvet otters ', ['velvet otters', ' velvet otters', 'velvet otters ']],
      ['upper and lower case', 'Velvet Otters', ['velvet otters', 'VELVET OTTERS']],
    ])('takes %s into account', async (_, chosen, others) => {
      const { email } = await signUp(app, newEmail(), { password: chosen });
      expect(await signInResult(email, chosen)).toBe('200');
      for (const other of others) expect(await signInResult(email, other)).toBe('401 invalid_credentials');
    });

    it.each([
      ['256 characters', 'velvet otters dance. '.repeat(13).slice(0, 256)],
      ['256 characters, decomposed', `${'e\u0301'.repeat(128)}${'o\u0308'.repeat(128)}`],
      ['64 emoji', '🦦'.repeat(64)],
      ['256 emoji', '🦦🪻'.repeat(128)],
      ['8 characters', 'v3lv3t o'],
    ])('accepts a password of %s and compares all of it', async (_, password) => {
      const { email } = await signUp(app, newEmail(), { password });
      expect(await signInResult(email, password)).toBe('200');
      expect(await signInResult(email, `${password}.`)).toBe('401 invalid_credentials');
    });
  });

  it.each([
    ['too short', 'v3lv3t ', {}, /at least 8 characters/],
    ['too long', 'v'.repeat(257), {}, /at most 256 characters/],
    ['common', 'password1234567', {}, /most common/],
    ['common in capitals', 'QWERTYUIOP', {}, /most common/],
    ['common with a suffix', 'iloveyou2026!', {}, /most common/],
    ['blank', ' '.repeat(12), {}, /blank/],
    [
      "the user's own address",
      'grace.hopper@example.com',
      { email: 'grace.hopper@example.com' },
      /own name or address/,
    ],
    [
      "the user's own name",
      'GraceHopper1',
      { firstName: 'Grace', lastName: 'Hopper' },
      /own name or address/,
    ],
    ['the username with a suffix', 'velvet-otter-9', { username: 'Velvet-Otter' }, /own name or address/],
  ])('rejects a password and states the reason: %s', async (_, password, more, reason) => {
    const detail = await refusalReason(password, more);
    expect(detail).toMatch(reason);
    expect(detail).not.toContain(password);
    const registrations = await app.sql(`select from registrations where email like '%hopper%'`);
    expect(registrations).toEqual([]);
  });

  it('applies the same rules on every route that changes a password', async () => {
    const person = await signUp(app, newEmail(), {
      firstName: 'Wilhelmina',
      lastName: 'Featherstone',
    });
    for (const password of ['password1234567', 'Wilhelmina1', 'v'.repeat(257), 'v3lv3t '])
      for (const path of ['/auth/reset', '/api/reset', '/users/me']) {
        const { body } = await person.patch(path, { password }).expect(400);
        expect(body).toMatchObject({ code: 'password_refused', errors: [{ field: 'password' }] });
      }
    expect(await signInResult(person.email, PASSWORD)).toBe('200');
  });

  it.each([17, null, true, ['velvet otters'], { $gt: '' }])(
    'rejects a password that is not a string: %j',
    async (password) => {
      const email = newEmail();
      for (const path of ['/auth/register', '/auth/login'])
        await app.post(path, { email, password }).expect(400);
      await app.patch('/auth/reset', { email, otp: '123456', password }).expect(400);
    },
  );

  describe('guess limit per address', () => {
    it.each(['known', 'unknown'])(
      'rejects even the right password for a day after 15 wrong ones by strangers at a %s address',
      async (kind) => {
        const email = newEmail();
        if (kind === 'known') await signUp(app, email);
        for (let guess = 1; guess <= 15; guess++)
          expect(await signInResult(email, `${WRONG} ${guess}`, `192.0.2.${guess}`)).toBe(
            '401 invalid_credentials',
          );
        const refused = await app.post('/auth/login', { email, password: PASSWORD }).expect(429);
        expect(refused.body).toMatchObject({ code: 'password_guess_limit' });
        const retryAfter = Number(refused.headers['retry-after']);
        expect(retryAfter).toBeGreaterThan(DAY - 60);
        expect(retryAfter).toBeLessThanOrEqual(DAY);
        // Another spelling of the address or another path does not evade the limit.
        expect(await signInResult(`  ${email.toUpperCase()}`, PASSWORD)).toBe('429 password_guess_limit');
        await app.post('/api/login', { email, password: PASSWORD }).expect(429);

        await app.age(retryAfter - 30);
        expect(await signInResult(email, PASSWORD)).toBe('429 password_guess_limit');
        await app.age(31);
        expect(await signInResult(email, PASSWORD)).toBe(
          kind === 'known' ? '200' : '401 invalid_credentials',
        );
      },
    );

    it('resets the count after a successful sign-in', async () => {
      const { email } = await signUp(app, newEmail());
      for (let round = 1; round <= 2; round++) {
        for (let guess = 1; guess <= 14; guess++) expect(await signInResult(email, WRONG)).toMatch(/^401/);
        expect(await signInResult(email, PASSWORD)).toBe('200');
      }
    });

    it('lets the owner sign in with a code or a known device after guesses by strangers', async () => {
      const owner = await signUp(app, newEmail());
      const { email, deviceToken } = owner;
      for (let guess = 1; guess <= 20; guess++) await signInResult(email, WRONG);
      expect(await signInResult(email, PASSWORD)).toBe('429 password_guess_limit');

      await owner.get('/users/me').expect(200);
      await logIn(app, email, { deviceToken });
      const { otp } = await app.codeOf(email, () => app.post('/auth/send_otp', { email }).expect(201));
      const { body } = await app.post('/auth/verify_otp', { email, otp }).expect(201);
      expect(body).toMatchObject({ VerificationStatus: 'approved', user: { email } });
      // None of these sign-ins resets the limit.
      expect(await signInResult(email, PASSWORD)).toBe('429 password_guess_limit');
    });

    it('counts wrong passwords of all routes together and keeps the last five for the owner', async () => {
      const owner = await signUp(app, newEmail());
      const { email, deviceToken } = owner;
      const onDevice = async (password: string): Promise<string> => {
        const login = app.post('/auth/login', { email, password }).set('x-device-token', deviceToken);
        const { status, body } = await login;
        return [status, (body as { code?: string }).code].filter(Boolean).join(' ');
      };
      const inSession = (path: string, currentPassword: string) =>
        owner.patch(path, { password: `${PASSWORD} 2`, currentPassword });

      for (let guess = 1; guess <= 12; guess++) await signInResult(email, WRONG);
      const { status } = await withProof((proof) =>
        app.post('/api/login', { email, password: WRONG, ...proof }),
      );
      expect(status).toBe(401);
      for (const path of ['/auth/reset', '/users/me']) await inSession(path, WRONG).expect(401);
      expect(await signInResult(email, PASSWORD)).toBe('429 password_guess_limit');
      expect(await onDevice(WRONG)).toBe('401 invalid_credentials');
      for (const path of ['/auth/reset', '/api/reset', '/users/me']) await inSession(path, WRONG).expect(401);
      expect(await onDevice(WRONG)).toBe('401 invalid_credentials');
      expect(await onDevice(PASSWORD)).toBe('429 password_guess_limit');
      for (const path of ['/auth/reset', '/api/reset', '/users/me'])
        await inSession(path, PASSWORD).expect(429);
      await app.age(DAY);
      expect(await onDevice(PASSWORD)).toBe('200');
    });

    it("gives the owner's part back after a right password, but no new guesses to strangers", async () => {
      const { email, deviceToken } = await signUp(app, newEmail());
      for (let guess = 1; guess <= 15; guess++) await signInResult(email, WRONG);
      for (let round = 1; round <= 3; round++) {
        for (let guess = 1; guess <= 4; guess++)
          await app
            .post('/auth/login', { email, password: WRONG })
            .set('x-device-token', deviceToken)
            .expect(401);
        await logIn(app, email, { deviceToken });
        expect(await signInResult(email, PASSWORD)).toBe('429 password_guess_limit');
      }
    });

    it("applies the limit to sign-ins with another user's device token", async () => {
      const { email } = await signUp(app, newEmail());
      const { deviceToken } = await signUp(app, newEmail());
      for (let guess = 1; guess <= 20; guess++) await signInResult(email, WRONG);
      const attempt = app.post('/auth/login', { email, password: PASSWORD });
      await attempt.set('x-device-token', deviceToken).expect(429);
    });
  });

  it('allows 100 wrong passwords an hour from one network over all addresses', async () => {
    const { email } = await signUp(app, newEmail());
    const ipInNetwork = (host: number) => `2001:db8:7:7::${host.toString(16)}`;
    for (let guess = 1; guess <= 100; guess++)
      expect(await signInResult(newEmail(), WRONG, ipInNetwork(guess))).toBe('401 invalid_credentials');
    expect(await signInResult(email, PASSWORD, ipInNetwork(101))).toBe('429 password_guess_limit');
    const failuresQuery = `select from budget_counters where key = $1 and day_sent > 0`;
    expect(await app.sql(failuresQuery, [`password:email:${email}`])).toEqual([]);
    expect(await signInResult(email, PASSWORD, '2001:db8:7:8::1')).toBe('200');
    await app.age(3_601);
    expect(await signInResult(email, PASSWORD, ipInNetwork(101))).toBe('200');
  });

  it('does not count a right password towards the limit of its network', async () => {
    const { email } = await signUp(app, newEmail());
    const ip = '198.51.100.7';
    for (let times = 1; times <= 5; times++) expect(await signInResult(email, PASSWORD, ip)).toBe('200');
    const [row] = await app.sql<{ failures: number }>(
      'select day_sent as failures from budget_counters where key = $1',
      [`password-network:${ip}`],
    );
    expect(row?.failures ?? 0).toBe(0);
  });

  it('signs in with the e-mail address only, because a username need not be unique', async () => {
    const [first, second] = [
      await signUp(app, newEmail(), { username: 'ada' }),
      await signUp(app, newEmail(), { username: 'ada' }),
    ];
    for (const body of [{ username: 'ada' }, { username: 'ada', email: first.email }])
      await app.post('/auth/login', { ...body, password: PASSWORD }).expect(400);
    await app.post('/auth/login', { email: 'ada', password: PASSWORD }).expect(400);
    for (const { email } of [first, second]) expect(await signInResult(email, PASSWORD)).toBe('200');
    const { body } = await app.get('/openapi.json').expect(200);
    expect(body.paths['/auth/login'].post.description).toMatch(/no username/);
  });

  it('rehashes a password at the first sign-in after BCRYPT_COST was raised', async () => {
    const { env, drop } = await testDatabase();
    cleanups.push(drop);
    const email = newEmail();
    const hashPrefix = async (target: TestApp) => {
      const [row] = await target.sql<{ hash: string }>(
        'select password_hash as hash from users where email = $1',
        [email],
      );
      return row?.hash.slice(0, 7);
    };
    const before = await startApp({ ...env, BCRYPT_COST: '4' });
    await signUp(before, email);
    expect(await hashPrefix(before)).toBe('$2b$04$');
    await cleanups.shift()?.();

    const after = await startApp({ ...env, BCRYPT_COST: '6' });
    await after.post('/auth/login', { email, password: WRONG }).expect(401);
    expect(await hashPrefix(after)).toBe('$2b$04$');
    const person = await logIn(after, email);
    expect(await hashPrefix(after)).toBe('$2b$06$');
    await logIn(after, email);
    await person.get('/users/me').expect(200);
    await after.post('/auth/login', { email, password: WRONG }).expect(401);
  });

  it('rejects excess concurrent checks with 503, counts no guess for them and keeps other routes responsive', async () => {
    const busyApp = await startApp({ BCRYPT_COST: '10' });
    const attempts = Array.from({ length: 60 }, (_, i) =>
      busyApp.post('/auth/login', { email: `p${i}@example.com`, password: WRONG }),
    );
    const pendingReplies = Promise.all(attempts.map((login) => login.then((reply) => reply)));
    await busyApp.get('/health').expect(200);
    const replies = await pendingReplies;
    const { '401 invalid_credentials': checked = 0, ...otherResults } = tally(replies);
    expect(otherResults).toEqual({ '503 passwords_busy': 60 - checked });
    expect(checked).toBeGreaterThanOrEqual(17);
    for (const { status, headers, body } of replies)
      if (status === 503)
        expect([headers['retry-after'], body]).toEqual(['1', expect.objectContaining({ retryAfter: 1 })]);
    const [guesses] = await busyApp.sql<{ count: number }>(
      `select count(*)::int as count from budget_counters where key like 'password:email:%'`,
    );
    expect(guesses?.count).toBe(checked);
    await busyApp.post('/auth/login', { email: 'p0@example.com', password: WRONG }).expect(401);
  });

  it('stores and logs no password, token or code in plain text', async () => {
    const debugApp = await startApp({ ...FAST_HASHING, OTP_LENGTH: '10', LOG_LEVEL: 'debug' });
    const secrets = [PASSWORD, 'velvet otters dance', 'a guess of a stranger'];
    const ada = await signUp(debugApp, 'ada@example.com', {
      username: 'ada',
      phone: '+14155550123',
    });
    await debugApp.post('/auth/register', { email: 'eve@example.com', password: PASSWORD }).expect(201);
    await debugApp
      .post('/auth/login', { email: 'ada@example.com', password: 'a guess of a stranger' })
      .expect(401);
    await debugApp.post('/auth/send_otp', { phone: '+14155550123' }).expect(201);
    await debugApp.post('/auth/forgot', { email: 'ada@example.com' }).expect(202);
    await ada.patch('/users/me', { email: 'ada@example.org', password: PASSWORD }).expect(200);
    const grace = await signUp(debugApp, 'grace@example.com');
    await grace.patch('/users/me', { email: 'grace@example.org' }).expect(200);
    const otp = await debugApp.code('grace@example.org');
    await grace.post('/users/me/contact/verify', { email: 'grace@example.org', otp }).expect(200);
    const { body: tokens } = await debugApp
      .post('/auth/refresh', { refreshToken: grace.refreshToken })
      .expect(200);
    await debugApp.post('/auth/refresh', { refreshToken: ada.refreshToken }).expect(401);
    await debugApp.patch('/auth/reset', { token: 'garbage', password: 'velvet otters dance' }).expect(400);

    const unsent = `select from messages where state in ('queued', 'sending')`;
    await until('every message has gone', async () => (await debugApp.sql(unsent)).length === 0);
    const { body: inbox } = await debugApp.get('/inbox/messages').expect(200);
    const mails = (inbox as { text: string }[]).map(({ text }) => text).join('\n');
    secrets.push(...tokensOf(ada), ...tokensOf(grace), ...tokensOf(tokens as Person));
    secrets.push(...(mails.match(/\b\d{10}\b/g) ?? []), ...(mails.match(/(?<=#token=)[\w-]+/g) ?? []));
    // Three passwords, eight tokens, at least seven codes, and the tokens of two kinds of links.
    expect(new Set(secrets).size).toBeGreaterThanOrEqual(20);
    expect(mails.match(/(reset|undo)#token=/g)?.sort()).toEqual(['reset#token=', 'undo#token=']);

    const tables = await debugApp.sql<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public'`,
    );
    let dump = '';
    for (const { name } of tables)
      for (const { row } of await debugApp.sql<{ row: string }>(`select t::text as row from ${name} t`))
        dump += `${name} ${row}\n`;
    expect(dump).toContain('users (');
    expect(debugApp.log).toContain('/auth/reset');
    const places = { dump, log: debugApp.log };
    for (const [place, text] of Object.entries(places)) {
      const found = secrets.filter((secret) => encodings(secret).some((encoding) => text.includes(encoding)));
      expect({ place, found }).toEqual({ place, found: [] });
    }
  });
});

function tokensOf({ accessToken, refreshToken, deviceToken }: Partial<Person>): string[] {
  return [accessToken, refreshToken, deviceToken].filter((token) => token !== undefined);
}

/** Every form in which a secret could be stored. A token may also be stored as raw bytes. */
function encodings(secret: string): string[] {
  const isToken = /^[\w-]{40,}$/.test(secret);
  return [...forms(secret), ...(isToken ? [Buffer.from(secret, 'base64url').toString('hex')] : [])];
}
