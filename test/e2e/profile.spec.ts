import type { Response } from 'supertest';
import { changeContact, logIn, PASSWORD, signInByCode, signUp, undoToken } from '../support/accounts.js';
import { TestApp } from '../support/app.js';

const TOO_LONG_AGO = 10 * 60;

interface Problem {
  code: string;
  errors?: { field: string; detail: string }[];
}

function problemOf({ status, body }: Response): object {
  return { status, code: (body as Problem).code };
}

describe('a profile', () => {
  let app: TestApp;
  let people = 0;
  let phones = 0;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4', SIGN_UP_ON_VERIFY: 'true' });
  });
  afterAll(() => app?.stop());

  const newEmail = () => `somebody-${++people}@example.com`;
  const newPhone = () => `+141555501${String(++phones).padStart(2, '0')}`;
  const somebody = (more: object = {}) => signUp(app, newEmail(), more);
  const row = async (id: string) => (await app.sql<object>('select * from users where id = $1', [id]))[0];

  async function undo(token: string): Promise<object> {
    return problemOf(await app.post('/users/contact/undo', { token }));
  }

  it('shows who is signed in, and nothing that is secret', async () => {
    const email = newEmail();
    const ada = await signUp(app, email, { username: 'ada', firstName: 'Ada' });
    const { body } = await ada.get('/users/me').expect(200);
    expect(body).toEqual({
      id: ada.user.id,
      email,
      phone: null,
      phoneVerified: false,
      username: 'ada',
      firstName: 'Ada',
      lastName: null,
      roles: ['user'],
      hasPassword: true,
      createdAt: expect.stringMatching(/Z$/),
    });
  });

  describe('has names', () => {
    it('that count at once, stay where nothing is said of them, and go with null', async () => {
      const ada = await somebody();
      const now = async (body: object) => (await ada.patch('/users/me', body).expect(200)).body as object;
      expect(await now({ firstName: 'Ada', lastName: "O'Brien-Ñuñez" })).not.toHaveProperty('pending');
      expect(await now({ username: '王小明' })).toMatchObject({
        firstName: 'Ada',
        lastName: "O'Brien-Ñuñez",
        username: '王小明',
      });
      expect(await now({ firstName: null })).toMatchObject({ firstName: null, lastName: "O'Brien-Ñuñez" });
      expect((await ada.get('/users/me')).body).toMatchObject({ firstName: null, username: '王小明' });
    });

    it.each([
      ['a link', '<a href=//evil.example>'],
      ['a template', '{{7*7}}'],
      ['a template of another kind', '${7*7}'],
      ['a block', '{{#each this}}'],
      ['a header', 'Ada\r\nBcc: eve@example.com'],
      ['a line break', 'Ada\n'],
      ['an address of a page', 'https://evil.example'],
      ['a NUL', 'Ada\u0000'],
      ['an escape', '\u001b[2JAda'],
      ['reversed text', '\u202eadA'],
      ['half a character', 'Ada\ud83d'],
      ['a letter that does not show', '\u3164'],
      ['a hidden letter', 'A\u115fda'],
      ['no letter', ' . '],
      ['nothing', ''],
      ['too much', 'x'.repeat(65)],
      ['a number', 7],
      ['a list', ['Ada']],
      ['an object', { $gt: '' }],
    ])('that cannot be %s, with one message a field (I7, I8, I9)', async (_, name) => {
      const ada = await somebody({ firstName: 'Ada' });
      const before = await row(ada.user.id);
      const body = { username: name, firstName: name, lastName: name };
      const { errors } = (await ada.patch('/users/me', body).expect(400)).body as Problem;
      expect(errors?.map(({ field, detail }) => `${field}: ${detail}`).sort()).toEqual(
        ['firstName', 'lastName', 'username'].map(
          (field) => `${field}: ${field} must be 1 to 64 letters, digits and blanks.`,
        ),
      );
      expect(await row(ada.user.id)).toEqual(before);
    });
  });

  it.each([
    ['id', '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001'],
    ['roles', ['user', 'admin']],
    ['role', 'admin'],
    ['isAdmin', true],
    ['verified', true],
    ['emailVerified', true],
    ['phoneVerified', true],
    ['phone_verified_at', '2026-01-01'],
    ['createdAt', '2026-01-01'],
    ['disabledAt', null],
    ['stamp', 7],
    ['passwordHash', 'x'],
    ['hasPassword', false],
    ['attempts', 0],
    ['constructor', {}],
  ])('has no %s that its owner could set (M1, M3)', async (field, value) => {
    const ada = await somebody({ phone: newPhone() });
    const before = await row(ada.user.id);
    for (const reply of [
      await ada.patch('/users/me', { firstName: 'Ada', [field]: value }),
      await ada.post('/users/me/contact/verify', { email: newEmail(), otp: '123456', [field]: value }),
    ])
      expect(reply).toMatchObject({ status: 400, body: { code: 'validation_failed', errors: [{ field }] } });
    expect(await row(ada.user.id)).toEqual(before);
  });

  it.each([
    [{}],
    [{ currentPassword: PASSWORD }],
    [{ email: null }],
    [{ phone: null }],
    [{ password: null }],
  ])('is not changed by %j', async (body) => {
    const ada = await somebody();
    const reply = await ada.patch('/users/me', body);
    expect(problemOf(reply)).toEqual({ status: 400, code: 'validation_failed' });
  });

  describe('that is deleted', () => {
    it('needs a sign-in within ten minutes, and leaves its data to limits and delivery records only', async () => {
      const [email, phone] = ['byron@example.com', newPhone()];
      const names = { username: 'countess', firstName: 'Augusta', lastName: 'Byron-King' };
      await signUp(app, email, { ...names, phone });
      await app.ageWhenSent(TOO_LONG_AGO);
      const ada = await logIn(app, email);
      const other = await signInByCode(app, { phone });
      await changeContact(app, ada, { email: 'lovelace@example.com' });
      await ada
        .post('/customers', { name: 'Babbage', contact: email, address: 'Byron-King Hall' })
        .expect(201);
      const token = await undoToken(app, email);

      await app.ageWhenSent(TOO_LONG_AGO);
      const stale = await ada.delete('/users/me');
      expect(problemOf(stale)).toEqual({ status: 401, code: 'reauthentication_required' });
      const fresh = await logIn(app, 'lovelace@example.com');
      await fresh.delete('/users/me').expect(204);

      for (const session of [ada, other, fresh]) {
        await session.get('/users/me').expect(401);
        await app.post('/auth/refresh', { refreshToken: session.refreshToken }).expect(401);
      }
      expect(await undo(token)).toEqual({ status: 400, code: 'undo_link_invalid' });

      const words = [email, 'lovelace@example.com', phone, ...Object.values(names), ada.user.id];
      const tables = await app.sql<{ name: string }>(
        `select table_name as name from information_schema.tables where table_schema = 'public'`,
      );
      const holding: string[] = [];
      for (const { name } of tables) {
        const found = await app.sql(
          `select 1 from "${name}" t where exists (select from unnest($1::text[]) word where t::text ilike '%' || word || '%')`,
          [words],
        );
        if (found.length > 0) holding.push(name);
      }
      expect(tables.length).toBeGreaterThan(10);
      expect(holding.sort()).toEqual(['challenges', 'messages']);

      await app.post('/auth/login', { email: 'lovelace@example.com', password: PASSWORD }).expect(401);
      const anew = await signUp(app, email);
      expect(anew.user.id).not.toBe(ada.user.id);
      expect((await anew.get('/users/me')).body).toMatchObject({ email, firstName: null, phone: null });
      expect((await anew.get('/customers')).body).toEqual([]);
    });
  });

  it('of a number only gets an e-mail address and a password, and signs in with them', async () => {
    const [phone, email] = [newPhone(), newEmail()];
    const ada = await signInByCode(app, { phone });
    expect((await ada.get('/users/me')).body).toMatchObject({
      phone,
      phoneVerified: true,
      email: null,
      hasPassword: false,
    });
    await changeContact(app, ada, { email });
    await undoToken(app, phone);
    await ada.patch('/users/me', { password: PASSWORD }).expect(200);
    await ada.get('/users/me').expect(401);
    const signedIn = await logIn(app, email);
    expect((await signedIn.get('/users/me')).body).toMatchObject({ phone, email, hasPassword: true });
  });
});
