import type { Response } from 'supertest';
import { changeContact, logIn, PASSWORD, signInByCode, signUp, undoToken } from '../support/accounts.js';
import { TestApp } from '../support/app.js';

interface Problem {
  code: string;
  errors?: { field: string; detail: string }[];
}

function problemOf({ status, body }: Response): object {
  return { status, code: (body as Problem).code };
}

describe('user profile', () => {
  let app: TestApp;
  let emailCount = 0;
  let phoneCount = 0;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4', SIGN_UP_ON_VERIFY: 'true' });
  });
  afterAll(() => app?.stop());

  const newEmail = () => `somebody-${++emailCount}@example.com`;
  const newPhone = () => `+141555501${String(++phoneCount).padStart(2, '0')}`;
  const signUpUser = (more: object = {}) => signUp(app, newEmail(), more);
  const findUser = async (id: string) =>
    (await app.sql<object>('select * from users where id = $1', [id]))[0];

  it('returns the signed-in user without secret fields', async () => {
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

  describe('names', () => {
    it('takes effect immediately, keeps omitted names and removes names that are null', async () => {
      const ada = await signUpUser();
      const update = async (body: object) => (await ada.patch('/users/me', body).expect(200)).body as object;
      expect(await update({ firstName: 'Ada', lastName: "O'Brien-Ñuñez" })).not.toHaveProperty('pending');
      expect(await update({ username: '王小明' })).toMatchObject({
        firstName: 'Ada',
        lastName: "O'Brien-Ñuñez",
        username: '王小明',
      });
      expect(await update({ firstName: null })).toMatchObject({
        firstName: null,
        lastName: "O'Brien-Ñuñez",
      });
      expect((await ada.get('/users/me')).body).toMatchObject({
        firstName: null,
        username: '王小明',
      });
    });

    it.each([
      ['an HTML link', '<a href=//evil.example>'],
      ['a template', '{{7*7}}'],
      ['a template literal', '${7*7}'],
      ['a template block', '{{#each this}}'],
      ['a header injection', 'Ada\r\nBcc: eve@example.com'],
      ['a line break', 'Ada\n'],
      ['a URL', 'https://evil.example'],
      ['a NUL', 'Ada\u0000'],
      ['an escape sequence', '\u001b[2JAda'],
      ['a text direction override', '\u202eadA'],
      ['a lone surrogate', 'Ada\ud83d'],
      ['an invisible letter', '\u3164'],
      ['an invisible letter inside a name', 'A\u115fda'],
      ['punctuation only', ' . '],
      ['an empty string', ''],
      ['65 characters', 'x'.repeat(65)],
      ['a number', 7],
      ['an array', ['Ada']],
      ['an object', { $gt: '' }],
    ])('rejects %s with one message per field', async (_, name) => {
      const ada = await signUpUser({ firstName: 'Ada' });
      const before = await findUser(ada.user.id);
      const body = { username: name, firstName: name, lastName: name };
      const { errors } = (await ada.patch('/users/me', body).expect(400)).body as Problem;
      expect(errors?.map(({ field, detail }) => `${field}: ${detail}`).sort()).toEqual(
        ['firstName', 'lastName', 'username'].map(
          (field) => `${field}: ${field} must be 1 to 64 letters, digits, spaces and common punctuation.`,
        ),
      );
      expect(await findUser(ada.user.id)).toEqual(before);
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
    ['securityStamp', 7],
    ['passwordHash', 'x'],
    ['hasPassword', false],
    ['attempts', 0],
    ['constructor', {}],
  ])('rejects the field %s in every update', async (field, value) => {
    const ada = await signUpUser({ phone: newPhone() });
    const before = await findUser(ada.user.id);
    for (const reply of [
      await ada.patch('/users/me', { firstName: 'Ada', [field]: value }),
      await ada.post('/users/me/contact/verify', {
        email: newEmail(),
        otp: '123456',
        [field]: value,
      }),
    ])
      expect(reply).toMatchObject({
        status: 400,
        body: { code: 'validation_failed', errors: [{ field }] },
      });
    expect(await findUser(ada.user.id)).toEqual(before);
  });

  it.each([
    [{}],
    [{ currentPassword: PASSWORD }],
    [{ email: null }],
    [{ phone: null }],
    [{ password: null }],
  ])('rejects the update %j', async (body) => {
    const ada = await signUpUser();
    const reply = await ada.patch('/users/me', body);
    expect(problemOf(reply)).toEqual({ status: 400, code: 'validation_failed' });
  });

  it('lets a phone-only account add an e-mail address and a password and sign in with them', async () => {
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
    expect((await signedIn.get('/users/me')).body).toMatchObject({
      phone,
      email,
      hasPassword: true,
    });
  });
});
