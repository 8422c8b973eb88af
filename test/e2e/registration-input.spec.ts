import { PASSWORD, Person, signUp, type SignedInReply } from '../support/accounts.js';
import { TestApp } from '../support/app.js';

const VALID_INPUT = {
  password: PASSWORD,
  username: 'ada',
  firstName: 'Ada',
  lastName: 'Lovelace',
  phone: '+14155550101',
};

describe('registration input', () => {
  let app: TestApp;
  let emailCount = 0;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4' });
  });
  afterAll(() => app?.stop());

  const newEmail = () => `somebody-${++emailCount}@example.com`;

  const findRegistrations = (email: string) =>
    app.sql<object>('select * from registrations where email = $1', [email]);

  describe('validation', () => {
    const expectRefused = async (changes: object) => {
      const email = newEmail();
      const { body } = await app.post('/auth/register', { email, ...VALID_INPUT, ...changes }).expect(400);
      expect(await findRegistrations(email)).toEqual([]);
      return body as { code: string; errors: { field: string; detail: string }[] };
    };

    it.each([
      ['a password that is too short', { password: 'xk7mDq1' }, 'must have at least 8 characters.'],
      [
        'a password that is too long',
        { password: 'xk7mDq1L'.repeat(33) },
        'must have at most 256 characters.',
      ],
      ['a common password', { password: 'Password1!' }, /is one of the most common passwords/],
      ['a blank password', { password: ' '.repeat(12) }, 'must not be blank.'],
      ['the first name as password', { firstName: 'Wilhelmina', password: 'Wilhelmina1' }, /your own name/],
      ['the username as password', { username: 'moonwalker', password: 'moonwalker77' }, /your own name/],
      [
        'the address as password',
        { email: 'moonwalker@example.com', password: 'moonwalker@example.com' },
        /own name or address/,
      ],
    ])('rejects %s with one message', async (_, changes, reason) => {
      const { code, errors } = await expectRefused(changes);
      expect(code).toBe('password_refused');
      expect(errors).toEqual([{ field: 'password', detail: expect.stringMatching(reason) }]);
    });

    it.each([
      ['email', 'ada@example', 'Give one plain e-mail address'],
      ['email', 'ada@example.com,eve@example.com', 'Give one plain e-mail address'],
      ['email', 'Ada <ada@example.com>', 'Give one plain e-mail address'],
      ['email', 'ada@example.com\r\nBcc: eve@example.com', 'Give one plain e-mail address'],
      ['email', `${'a'.repeat(250)}@example.com`, 'email is too long.'],
      ['email', ['ada@example.com'], 'email must be a string.'],
      ['email', null, 'email must be a string.'],
      ['password', 12345678, 'password must be a string.'],
      ['password', { $gt: '' }, 'password must be a string.'],
      ['phone', '+1234567890', 'Give one possible number'],
      ['phone', '(415) 555-0101', 'National numbers are not accepted'],
      ['phone', '+14155550101;ext=1', 'Give one possible number'],
      ['phone', 14155550101, 'phone must be a string.'],
      ['phone', null, 'phone must be a string.'],
    ])('rejects the %s %j with one message', async (field, value, detail) => {
      const { errors } = await expectRefused({ [field]: value });
      expect(errors).toEqual([{ field, detail: expect.stringContaining(detail) }]);
    });

    it.each([
      '<a href=//evil.example>Ada</a>',
      '{{7*7}}',
      '${7*7}',
      '{{#each this}}{{/each}}',
      'https://evil.example/now',
      'Ada\r\nBcc: eve@example.com',
      'Ada\u202eecalevoL',
      'Ada\u200b',
      'A'.repeat(65),
      '',
      '   ',
      null,
      7,
      ['Ada'],
    ])('rejects the name %j with one message per field', async (name) => {
      const fields = ['username', 'firstName', 'lastName'];
      const { errors } = await expectRefused(Object.fromEntries(fields.map((field) => [field, name])));
      expect(errors).toEqual(
        fields.map((field) => ({
          field,
          detail: expect.stringMatching(`^${field} must be 1 to 64 letters`),
        })),
      );
    });

    it('reports every missing required field', async () => {
      const { body } = await app.post('/auth/register', {}).expect(400);
      expect((body.errors as { field: string }[]).map(({ field }) => field).sort()).toEqual([
        'email',
        'password',
      ]);
    });
  });

  it('accepts names with accents, punctuation and non-Latin letters', async () => {
    const names = { username: 'grace_h@navy', firstName: "Núñez D'Arcy-Ōe", lastName: '小林 Jr.' };
    const grace = await signUp(app, newEmail(), names);
    expect(grace.user).toMatchObject(names);
  });

  it.each([
    ['ada@mixed.example', [' Ada@Mixed.Example', 'ADA@ｍｉｘｅｄ.example ']],
    [
      'ada@pasted.example',
      ['\tada@pasted.example\n', 'Mailto:Ada@pasted.example', '\u200bada@pasted.example\u00a0'],
    ],
    ['ada@xn--bcher-kva.example', ['ada@bücher.example', 'Ada@BÜCHER.example', 'ada@bu\u0308cher.example']],
  ])('treats every spelling of %s as the same account', async (email, spellings) => {
    await signUp(app, email);
    for (const spelling of spellings) {
      await app.ageWhenSent(61);
      await app.post('/auth/register', { email: spelling, ...VALID_INPUT }).expect(201);
      await app.post('/auth/login', { email: spelling, password: PASSWORD }).expect(200);
    }
    expect(await findRegistrations(email)).toEqual([]);
    const rows = await app.sql<{ email: string }>('select email from users where email like $1', [
      `%${email.split('@')[1]}`,
    ]);
    expect(rows).toEqual([{ email }]);
  });

  it.each([
    'ada@look.example.',
    '\u212aate@look.example',
    'ada\u200b@look.example',
    'ada@lo\u00adok.example',
  ])('rejects %j, which looks like another address', async (email) => {
    const { body } = await app.post('/auth/register', { email, password: PASSWORD }).expect(400);
    expect(body.code).toBe('email_invalid');
  });

  it('treats an address with a plus tag as a different account', async () => {
    const plain = await signUp(app, 'tagged@example.com');
    const tagged = await signUp(app, 'tagged+news@example.com');
    expect(tagged.user.id).not.toBe(plain.user.id);
  });

  it('rejects unknown fields in every request body of the API', async () => {
    const ada = await signUp(app, newEmail());
    await app.sql(`update users set roles = '{user,admin}' where id = $1`, [ada.user.id]);
    const { body: login } = await app.post('/auth/login', { email: ada.email, password: PASSWORD });
    const admin = new Person(app, ada.email, login as SignedInReply);
    const allRows = () =>
      Promise.all([app.sql('select * from users order by id'), app.sql('select * from customers')]);
    const before = await allRows();

    const forbiddenFields = {
      id: ada.user.id,
      role: 'admin',
      roles: ['admin'],
      isAdmin: true,
      verified: true,
      emailVerified: true,
      email_verified: true,
      phoneVerified: true,
      phoneVerifiedAt: '2020-01-01T00:00:00Z',
      phone_verified_at: '2020-01-01T00:00:00Z',
      passwordHash: 'x',
      password_hash: 'x',
      owner: ada.user.id,
      owner_id: ada.user.id,
      ownerId: ada.user.id,
      attempts: 0,
      createdAt: '2020-01-01T00:00:00Z',
    };
    type Operation = { requestBody?: object };
    const { body: api } = await app.get('/openapi.json').expect(200);
    const paths = Object.entries(api.paths as Record<string, Record<string, Operation>>);
    let bodyCount = 0;
    for (const [path, operations] of paths)
      for (const [method, { requestBody }] of Object.entries(operations)) {
        if (!requestBody) continue;
        bodyCount++;
        const allowedFields = ['/users', '/users/{id}'].includes(path) ? ['roles'] : [];
        const refusedFields = Object.entries(forbiddenFields).filter(
          ([field]) => !allowedFields.includes(field),
        );
        const send = method === 'patch' ? admin.patch.bind(admin) : admin.post.bind(admin);
        const { status, body } = await send(
          path.replace(/\{\w+\}/, ada.user.id),
          Object.fromEntries(refusedFields),
        );
        expect({ path, method, status }).toEqual({ path, method, status: 400 });
        expect(body.errors).toEqual(
          expect.arrayContaining(
            refusedFields.map(([field]) => ({
              field,
              detail: `There is no field "${field}" here.`,
            })),
          ),
        );
      }
    expect(bodyCount).toBeGreaterThan(20);

    for (const [field, value] of Object.entries(forbiddenFields)) {
      const email = newEmail();
      const { body } = await app
        .post('/auth/register', { email, ...VALID_INPUT, [field]: value })
        .expect(400);
      expect(body.errors).toMatchObject([{ field }]);
      expect(await findRegistrations(email)).toEqual([]);
      await admin.patch('/users/me', { firstName: 'Eve', [field]: value }).expect(400);
      await admin.post('/customers', { address: '1 Navy Yard', [field]: value }).expect(400);
    }
    expect(await allRows()).toEqual(before);
  });
});
