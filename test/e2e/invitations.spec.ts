import type { Response } from 'supertest';
import { logIn, PASSWORD, type Person, signInByCode, signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { until } from '../support/until.js';

const OTHER_PASSWORD = 'quite another horse battery';
const LINK_HOURS = 73;

interface Invited {
  id: string;
  email: string;
  roles: string[];
  invitationPending: boolean;
}

const problemOf = ({ status, body }: Response) => ({ status, code: (body as { code?: string }).code });

describe('invitations', () => {
  let app: TestApp;
  let admin: Person;
  let people = 0;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4', RESET_URL: 'https://app.example.com/password' });
    const { email } = await signUp(app, 'admin@example.com');
    await app.sql(`update users set roles = '{user,admin}'`);
    admin = await logIn(app, email);
  });
  afterAll(() => app?.stop());

  const newAddress = () => `invited-${++people}@example.com`;

  async function invite(email: string, fields: object = {}): Promise<Invited> {
    return (await admin.post('/users', { email, ...fields }).expect(201)).body as Invited;
  }

  const tokenFor = (email: string) =>
    until(`an invitation for ${email}`, async () => {
      for (const { text } of await app.messages(email)) {
        const token = /^https:\/\/app\.example\.com\/password#token=([\w-]{43})$/m.exec(text)?.[1];
        if (token) return token;
      }
      return null;
    });

  const reset = (token: string, password = PASSWORD) => app.patch('/auth/reset', { token, password });

  const managed = async (id: string) => (await admin.get(`/users/${id}`).expect(200)).body as Invited;

  it('creates a user whose link sets the password, once', async () => {
    const email = newAddress();
    const user = await invite(email.toUpperCase(), { roles: ['user', 'admin'] });
    expect(user).toMatchObject({
      email,
      roles: ['user', 'admin'],
      invitationPending: true,
      hasPassword: false,
    });
    expect(await managed(user.id)).toEqual(user);
    const token = await tokenFor(email);
    expect(problemOf(await reset(token, 'password1'))).toEqual({ status: 400, code: 'password_refused' });
    await reset(token).expect(200);
    const signedIn = await logIn(app, email);
    await signedIn.get('/users').expect(200);
    expect(await managed(user.id)).toEqual({ ...user, invitationPending: false, hasPassword: true });
    expect(problemOf(await reset(token, OTHER_PASSWORD))).toEqual({
      status: 400,
      code: 'reset_link_invalid',
    });
    await logIn(app, email);
  });

  it('accepts only one of several parallel uses of the link', async () => {
    const email = newAddress();
    await invite(email);
    const token = await tokenFor(email);
    const passwords = Array.from({ length: 4 }, (_, i) => `${OTHER_PASSWORD} ${i}`);
    const statuses = await Promise.all(
      passwords.map(async (password) => (await reset(token, password)).status),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    await logIn(app, email, { password: passwords[statuses.indexOf(200)] });
  });

  it('mails the invitation in the language of the body, else of the request', async () => {
    const [first, second] = [newAddress(), newAddress()];
    await invite(first, { locale: 'fr' });
    await admin.post('/users', { email: second }).set('accept-language', 'de').expect(201);
    const subjectOf = (email: string) =>
      until(`a mail to ${email}`, async () => (await app.messages(email))[0]?.subject);
    expect(await subjectOf(first)).toBe('Un compte a été créé pour vous');
    expect(await subjectOf(second)).toBe('Für Sie wurde ein Konto angelegt');
  });

  it('is in the audit log without the address', async () => {
    const { id } = await invite(newAddress(), { roles: ['admin'] });
    const { body, text } = await admin.get(`/audit?subject=${id}`).expect(200);
    expect(body).toMatchObject([{ action: 'user.invite', details: { roles: ['admin'] } }]);
    expect(text).not.toContain('@example');
  });

  it('tells the administrators about an invited administrator only', async () => {
    const notices = () =>
      app.sql(`select id from messages where recipient = $1 and template = 'roles_changed'`, [
        `email:${admin.email}`,
      ]);
    const before = (await notices()).length;
    await invite(newAddress(), { roles: ['user'] });
    expect(await notices()).toHaveLength(before);
    await invite(newAddress(), { roles: ['admin'] });
    expect(await notices()).toHaveLength(before + 1);
  });

  it('expires after three days, and the owner of the address can still sign in with a code', async () => {
    const email = newAddress();
    const { id } = await invite(email, { roles: ['user', 'admin'] });
    const token = await tokenFor(email);
    const older = `update users set invitation_expires_at = invitation_expires_at - make_interval(hours => $2)
      where id = $1`;
    await app.sql(older, [id, LINK_HOURS]);
    expect(problemOf(await reset(token))).toEqual({ status: 400, code: 'reset_link_invalid' });
    await (await signInByCode(app, { email })).get('/users').expect(200);
    expect(await managed(id)).toMatchObject({ roles: ['user', 'admin'], invitationPending: false });
  });

  it('is accepted by a password reset, which verifies the address too', async () => {
    const email = newAddress();
    const { id } = await invite(email, { roles: ['admin'] });
    const { otp } = await app.codeOf(email, () => app.post('/auth/forgot', { email }).expect(202));
    await app.patch('/auth/reset', { email, otp, password: PASSWORD }).expect(200);
    expect(await managed(id)).toMatchObject({ roles: ['admin'], invitationPending: false });
    expect(problemOf(await reset(await tokenFor(email)))).toMatchObject({ code: 'reset_link_invalid' });
  });

  it('gives nobody access who has not verified the address', async () => {
    const email = newAddress();
    // Somebody registered the address before the invitation, and again after it.
    await app.post('/auth/register', { email, password: OTHER_PASSWORD }).expect(201);
    const otp = await app.code(email);
    const { id } = await invite(email, { roles: ['admin'] });
    await app.post('/auth/register', { email, password: OTHER_PASSWORD, username: 'eve' });
    const login = () => app.post('/auth/login', { email, password: OTHER_PASSWORD });
    expect(problemOf(await login())).toEqual({ status: 401, code: 'invalid_credentials' });
    for (const token of [id, 'x', '', `${'A'.repeat(43)}`])
      expect(problemOf(await reset(token))).toMatchObject({ code: 'reset_link_invalid' });
    const [stored] = await app.sql<{ roles: string[]; invitation_hash: Uint8Array }>(
      'select roles, invitation_hash from users where id = $1',
      [id],
    );
    expect(stored?.roles).toEqual(['user']);
    const token = await tokenFor(email);
    expect(Buffer.from(stored?.invitation_hash ?? []).includes(token)).toBe(false);
    // The owner of the mailbox enters the code of the registration: none of its data is used.
    const reply = await app.post('/auth/verify', { email, otp });
    if (reply.status === 200) expect(reply.body).toMatchObject({ user: { id, username: null } });
    expect(problemOf(await login())).toEqual({ status: 401, code: 'invalid_credentials' });
  });

  it('is changed, disabled and deleted like every user', async () => {
    const [email, other] = [newAddress(), newAddress()];
    const { id } = await invite(email, { roles: ['admin'] });
    const token = await tokenFor(email);
    const path = `/users/${id}`;
    expect((await admin.patch(path, { roles: ['user'] }).expect(200)).body).toMatchObject({
      roles: ['user'],
      invitationPending: true,
    });
    await admin.patch(path, { disabled: true }).expect(200);
    expect(problemOf(await reset(token))).toEqual({ status: 403, code: 'account_disabled' });
    await admin.patch(path, { disabled: false }).expect(200);
    await reset(token).expect(200);
    expect(problemOf(await (await logIn(app, email)).get('/users'))).toMatchObject({ status: 403 });

    const { id: otherId } = await invite(other);
    const otherToken = await tokenFor(other);
    await admin.delete(`/users/${otherId}`).expect(204);
    expect(problemOf(await reset(otherToken))).toMatchObject({ code: 'reset_link_invalid' });
  });

  it('is refused for an address that has an account', async () => {
    const { email } = await signUp(app, newAddress());
    const invited = newAddress();
    await invite(invited);
    for (const taken of [email, email.toUpperCase(), invited])
      expect(problemOf(await admin.post('/users', { email: taken }))).toEqual({
        status: 409,
        code: 'address_taken',
      });
  });

  it.each<[object, string]>([
    [{}, 'email'],
    [{ email: 'ada' }, 'email'],
    [{ email: 'a@example.com,b@example.com' }, 'email'],
    [{ email: ['a@example.com'] }, 'email'],
    [{ email: 'a@example.com', roles: [] }, 'roles'],
    [{ email: 'a@example.com', roles: ['root'] }, 'roles'],
    [{ email: 'a@example.com', roles: 'admin' }, 'roles'],
    [{ email: 'a@example.com', roles: null }, 'roles'],
    [{ email: 'a@example.com', locale: 7 }, 'locale'],
    [{ email: 'a@example.com', password: PASSWORD }, 'password'],
    [{ email: 'a@example.com', invitedRoles: ['admin'] }, 'invitedRoles'],
  ])('rejects the body %j', async (body, field) => {
    const { body: problem } = await admin.post('/users', body).expect(400);
    expect(problem).toMatchObject({ errors: [{ field }] });
    expect(await app.sql(`select 1 from users where email = 'a@example.com'`)).toEqual([]);
  });
});
