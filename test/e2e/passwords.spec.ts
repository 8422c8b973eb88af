import { logIn, PASSWORD, Person, signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { testDatabase } from '../support/database.js';
import { tally } from '../support/parallel.js';
import { forms } from '../support/secrets.js';
import { until } from '../support/until.js';

const WRONG = 'never the password of anyone';
const CHEAP = { BCRYPT_COST: '4' };
const DAY = 86_400;

describe('a password', () => {
  let app: TestApp;
  let people = 0;
  beforeAll(async () => {
    app = await TestApp.start({ ...CHEAP, TRUST_PROXY: 'loopback' });
  });
  beforeEach(() => app.sql('delete from password_guesses'));
  afterAll(() => app?.stop());

  const atEnd: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of atEnd.splice(0)) await end();
  });
  /** Another one, for one test. */
  async function another(settings: Record<string, string>): Promise<TestApp> {
    const one = await TestApp.start(settings);
    atEnd.unshift(() => one.stop());
    return one;
  }

  const somebody = () => `somebody-${++people}@example.com`;

  /** What a sign-in from an address of the Internet is answered with: its status and code. */
  async function tried(email: string, password: string, ip = '192.0.2.1'): Promise<string> {
    const { status, body } = await app.post('/auth/login', { email, password }).set('x-forwarded-for', ip);
    return [status, (body as { code?: string }).code].filter(Boolean).join(' ');
  }

  async function whyRefused(password: string, more: object = {}): Promise<string> {
    const body = { email: somebody(), password, ...more };
    const { body: problem } = await app.post('/auth/register', body).expect(400);
    const { code, errors } = problem as { code: string; errors: { field: string; detail: string }[] };
    expect({ code, field: errors[0]?.field }).toEqual({ code: 'password_refused', field: 'password' });
    return errors[0]?.detail ?? '';
  }

  describe('is all of what was typed', () => {
    const E_ACUTE = { composed: '\u00e9', decomposed: 'e\u0301' };
    it.each([
      ['composed or decomposed', `caf${E_ACUTE.composed} noir`, `caf${E_ACUTE.decomposed} noir`],
      ['decomposed or composed', `caf${E_ACUTE.decomposed} noir`, `caf${E_ACUTE.composed} noir`],
    ])('whatever keyboard it comes from: %s (K3)', async (_, chosen, typed) => {
      const { email } = await signUp(app, somebody(), { password: chosen });
      expect(await tried(email, typed)).toBe('200');
      expect(await tried(email, 'cafe noir')).toBe('401 invalid_credentials');
    });

    const SEVENTY_TWO = 'velvet otter'.repeat(6);
    it.each([
      ['what follows 72 bytes (K1)', `${SEVENTY_TWO}, tail`, [`${SEVENTY_TWO}, tale`, SEVENTY_TWO]],
      ['what follows 18 emoji (K1)', `${'🦦'.repeat(18)} and a tail`, [`${'🦦'.repeat(18)} and a tale`]],
      ['what follows a NUL (K2)', 'velvet\0otters', ['velvet\0', 'velvet\0badger', 'velvet', 'velvetotters']],
      ['blanks around it (V2)', ' velvet otters ', ['velvet otters', ' velvet otters', 'velvet otters ']],
      ['capitals (V2)', 'Velvet Otters', ['velvet otters', 'VELVET OTTERS']],
    ])('%s', async (_, chosen, others) => {
      const { email } = await signUp(app, somebody(), { password: chosen });
      expect(await tried(email, chosen)).toBe('200');
      for (const other of others) expect(await tried(email, other)).toBe('401 invalid_credentials');
    });

    it.each([
      ['256 characters', 'velvet otters dance. '.repeat(13).slice(0, 256)],
      ['256 characters, decomposed', `${'e\u0301'.repeat(128)}${'o\u0308'.repeat(128)}`],
      ['64 emoji', '🦦'.repeat(64)],
      ['256 emoji', '🦦🪻'.repeat(128)],
      ['8 characters', 'v3lv3t o'],
    ])('up to the most and down to the least: %s (N13, V2)', async (_, password) => {
      const { email } = await signUp(app, somebody(), { password });
      expect(await tried(email, password)).toBe('200');
      expect(await tried(email, `${password}.`)).toBe('401 invalid_credentials');
    });
  });

  it.each([
    ['too short', 'v3lv3t ', {}, /at least 8 characters/],
    ['too long', 'v'.repeat(257), {}, /at most 256 characters/],
    ['common', 'password1234567', {}, /most common/],
    ['common in capitals', 'QWERTYUIOP', {}, /most common/],
    ['common with more at its end', 'iloveyou2026!', {}, /most common/],
    ['blank', ' '.repeat(12), {}, /blank/],
    ['the address', 'grace.hopper@example.com', { email: 'grace.hopper@example.com' }, /own name or address/],
    ['made of the name', 'GraceHopper1', { firstName: 'Grace', lastName: 'Hopper' }, /own name or address/],
    ['the user name', 'velvet-otter-9', { username: 'Velvet-Otter' }, /own name or address/],
  ])('is refused with the reason: %s (N13)', async (_, password, more, reason) => {
    const detail = await whyRefused(password, more);
    expect(detail).toMatch(reason);
    expect(detail).not.toContain(password);
    const unwritten = await app.sql(`select from registrations where email like '%hopper%'`);
    expect(unwritten).toEqual([]);
  });

  it('is refused for the same reasons wherever it is changed (V6)', async () => {
    const person = await signUp(app, somebody(), { firstName: 'Wilhelmina', lastName: 'Featherstone' });
    for (const password of ['password1234567', 'Wilhelmina1', 'v'.repeat(257), 'v3lv3t '])
      for (const path of ['/auth/reset', '/api/reset', '/users/me']) {
        const { body } = await person.patch(path, { password }).expect(400);
        expect(body).toMatchObject({ code: 'password_refused', errors: [{ field: 'password' }] });
      }
    expect(await tried(person.email, PASSWORD)).toBe('200');
  });

  it.each([17, null, true, ['velvet otters'], { $gt: '' }])(
    'must be a string: %j (I2, I4)',
    async (password) => {
      const email = somebody();
      for (const path of ['/auth/register', '/auth/login'])
        await app.post(path, { email, password }).expect(400);
      await app.patch('/auth/reset', { email, otp: '123456', password }).expect(400);
    },
  );

  describe('may be guessed at 20 times a day', () => {
    it.each(['known', 'unknown'])(
      'at a %s address, then even the right one waits (B1, N4, RF9)',
      async (kind) => {
        const email = somebody();
        if (kind === 'known') await signUp(app, email);
        for (let guess = 1; guess <= 20; guess++)
          expect(await tried(email, `${WRONG} ${guess}`, `192.0.2.${guess}`)).toBe('401 invalid_credentials');
        const refused = await app.post('/auth/login', { email, password: PASSWORD }).expect(429);
        expect(refused.body).toMatchObject({ code: 'password_guess_limit' });
        const wait = Number(refused.headers['retry-after']);
        expect(wait).toBeGreaterThan(DAY - 60);
        expect(wait).toBeLessThanOrEqual(DAY);
        // Another spelling of the address and another path are no way around it.
        expect(await tried(`  ${email.toUpperCase()}`, PASSWORD)).toBe('429 password_guess_limit');
        await app.post('/api/login', { email, password: PASSWORD }).expect(429);

        await app.age(wait - 30);
        expect(await tried(email, PASSWORD)).toBe('429 password_guess_limit');
        await app.age(31);
        expect(await tried(email, PASSWORD)).toBe(kind === 'known' ? '200' : '401 invalid_credentials');
      },
    );

    it('and anew after the right one (N4)', async () => {
      const { email } = await signUp(app, somebody());
      for (let round = 1; round <= 2; round++) {
        for (let guess = 1; guess <= 19; guess++) expect(await tried(email, WRONG)).toMatch(/^401/);
        expect(await tried(email, PASSWORD)).toBe('200');
      }
    });

    it('by strangers, while the owner comes in by a code or on a known device (B9, N5)', async () => {
      const owner = await signUp(app, somebody());
      const { email, deviceToken } = owner;
      for (let guess = 1; guess <= 20; guess++) await tried(email, WRONG);
      expect(await tried(email, PASSWORD)).toBe('429 password_guess_limit');

      await owner.get('/users/me').expect(200);
      await logIn(app, email, { deviceToken });
      const { otp } = await app.codeOf(email, () => app.post('/auth/send_otp', { email }).expect(201));
      const { body } = await app.post('/auth/verify_otp', { email, otp }).expect(201);
      expect(body).toMatchObject({ VerificationStatus: 'approved', user: { email } });
      // None of this gave the strangers new guesses.
      expect(await tried(email, PASSWORD)).toBe('429 password_guess_limit');
    });

    it("and somebody else's device is no way around it (B9)", async () => {
      const { email } = await signUp(app, somebody());
      const { deviceToken } = await signUp(app, somebody());
      for (let guess = 1; guess <= 20; guess++) await tried(email, WRONG);
      const asked = app.post('/auth/login', { email, password: PASSWORD });
      await asked.set('x-device-token', deviceToken).expect(429);
    });
  });

  it('may be guessed at 100 times an hour from one network, over all addresses (B6, B8)', async () => {
    const { email } = await signUp(app, somebody());
    const network = (host: number) => `2001:db8:7:7::${host.toString(16)}`;
    for (let guess = 1; guess <= 100; guess++)
      expect(await tried(somebody(), WRONG, network(guess))).toBe('401 invalid_credentials');
    expect(await tried(email, PASSWORD, network(101))).toBe('429 password_guess_limit');
    const budgets = `select failures from password_guesses where who = $1 and failures > 0`;
    expect(await app.sql(budgets, [`email:${email}`])).toEqual([]);
    expect(await tried(email, PASSWORD, '2001:db8:7:8::1')).toBe('200');
    await app.age(3_601);
    expect(await tried(email, PASSWORD, network(101))).toBe('200');
  });

  it('that is right uses up nothing of its network', async () => {
    const { email } = await signUp(app, somebody());
    const ip = '198.51.100.7';
    for (let times = 1; times <= 5; times++) expect(await tried(email, PASSWORD, ip)).toBe('200');
    const [row] = await app.sql<{ failures: number }>(
      'select failures from password_guesses where who = $1',
      [`ip:${ip}`],
    );
    expect(row?.failures ?? 0).toBe(0);
  });

  it('is hashed anew at the first sign-in after the cost has risen, and stays the same', async () => {
    const { env, drop } = await testDatabase();
    atEnd.push(drop);
    const email = somebody();
    const costOf = async (one: TestApp) => {
      const [row] = await one.sql<{ hash: string }>(
        'select password_hash as hash from users where email = $1',
        [email],
      );
      return row?.hash.slice(0, 7);
    };
    const before = await another({ ...env, BCRYPT_COST: '4' });
    await signUp(before, email);
    expect(await costOf(before)).toBe('$2b$04$');
    await atEnd.shift()?.();

    const after = await another({ ...env, BCRYPT_COST: '6' });
    await after.post('/auth/login', { email, password: WRONG }).expect(401);
    expect(await costOf(after)).toBe('$2b$04$');
    const person = await logIn(after, email);
    expect(await costOf(after)).toBe('$2b$06$');
    await logIn(after, email);
    await person.get('/users/me').expect(200);
    await after.post('/auth/login', { email, password: WRONG }).expect(401);
  });

  it('check too many is shed, spends nothing, and hinders no other route (D1, RF9)', async () => {
    const busy = await another({ BCRYPT_COST: '10' });
    const logins = Array.from({ length: 60 }, (_, i) =>
      busy.post('/auth/login', { email: `p${i}@example.com`, password: WRONG }),
    );
    const answered = Promise.all(logins.map((login) => login.then((reply) => reply)));
    await busy.get('/health').expect(200);
    const replies = await answered;
    const { '401 invalid_credentials': judged = 0, ...others } = tally(replies);
    expect(others).toEqual({ '503 passwords_busy': 60 - judged });
    expect(judged).toBeGreaterThanOrEqual(17);
    for (const { status, headers, body } of replies)
      if (status === 503)
        expect([headers['retry-after'], body]).toEqual(['1', expect.objectContaining({ retryAfter: 1 })]);
    const [guesses] = await busy.sql<{ count: number }>(
      `select count(*)::int as count from password_guesses where who like 'email:%'`,
    );
    expect(guesses?.count).toBe(judged);
    await busy.post('/auth/login', { email: 'p0@example.com', password: WRONG }).expect(401);
  });

  it('stands in no table and no log line, nor does any token or code (L1, N11, V13)', async () => {
    const leaky = await another({ ...CHEAP, OTP_LENGTH: '10', LOG_LEVEL: 'debug' });
    const secrets = [PASSWORD, 'velvet otters dance', 'a guess of a stranger'];
    const ada = await signUp(leaky, 'ada@example.com', { username: 'ada', phone: '+14155550123' });
    await leaky.post('/auth/register', { email: 'eve@example.com', password: PASSWORD }).expect(201);
    await leaky
      .post('/auth/login', { email: 'ada@example.com', password: 'a guess of a stranger' })
      .expect(401);
    await leaky.post('/auth/send_otp', { phone: '+14155550123' }).expect(201);
    await leaky.post('/auth/forgot', { email: 'ada@example.com' }).expect(202);
    await ada.patch('/users/me', { email: 'ada@example.org', password: PASSWORD }).expect(200);
    const grace = await signUp(leaky, 'grace@example.com');
    await grace.patch('/users/me', { email: 'grace@example.org' }).expect(200);
    const otp = await leaky.code('grace@example.org');
    await grace.post('/users/me/contact/verify', { email: 'grace@example.org', otp }).expect(200);
    const { body: tokens } = await leaky
      .post('/auth/refresh', { refreshToken: grace.refreshToken })
      .expect(200);
    await leaky.post('/auth/refresh', { refreshToken: ada.refreshToken }).expect(401);
    await leaky.patch('/auth/reset', { token: 'garbage', password: 'velvet otters dance' }).expect(400);

    const open = `select from messages where state in ('queued', 'sending')`;
    await until('every message has gone', async () => (await leaky.sql(open)).length === 0);
    const { body: inbox } = await leaky.get('/inbox/messages').expect(200);
    const mails = (inbox as { text: string }[]).map(({ text }) => text).join('\n');
    secrets.push(...tokensOf(ada), ...tokensOf(grace), ...tokensOf(tokens as Person));
    secrets.push(...(mails.match(/\b\d{10}\b/g) ?? []), ...(mails.match(/(?<=#token=)[\w-]+/g) ?? []));
    // Three passwords, eight tokens, seven codes at least, and links of two kinds.
    expect(new Set(secrets).size).toBeGreaterThanOrEqual(20);
    expect(mails.match(/(reset|undo)#token=/g)?.sort()).toEqual(['reset#token=', 'undo#token=']);

    const tables = await leaky.sql<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public'`,
    );
    let dump = '';
    for (const { name } of tables)
      for (const { row } of await leaky.sql<{ row: string }>(`select t::text as row from ${name} t`))
        dump += `${name} ${row}\n`;
    expect(dump).toContain('users (');
    expect(leaky.log).toContain('/auth/reset');
    const places = { dump, log: leaky.log };
    for (const [place, text] of Object.entries(places)) {
      const found = secrets.filter((secret) => spellings(secret).some((form) => text.includes(form)));
      expect({ place, found }).toEqual({ place, found: [] });
    }
  });
});

function tokensOf({ accessToken, refreshToken, deviceToken }: Partial<Person>): string[] {
  return [accessToken, refreshToken, deviceToken].filter((token) => token !== undefined);
}

/** A token is base64url of bytes that could be stored as they are. */
function spellings(secret: string): string[] {
  const isToken = /^[\w-]{40,}$/.test(secret);
  return [...forms(secret), ...(isToken ? [Buffer.from(secret, 'base64url').toString('hex')] : [])];
}
