import {
  changeContact,
  logIn,
  PASSWORD,
  signInByCode,
  signUp,
  undoToken,
  type Person,
} from '../support/accounts.js';
import { TestApp } from '../support/app.js';

const HOUR = 3600;
const UNDO = '/users/contact/undo';

/** While a contact change can be undone, the old address is reserved for its account. */
describe('reserved addresses', () => {
  let closed: TestApp;
  let open: TestApp;
  let people = 0;
  beforeAll(async () => {
    [closed, open] = await Promise.all([
      TestApp.start({ BCRYPT_COST: '4' }),
      TestApp.start({ BCRYPT_COST: '4', SIGN_UP_ON_VERIFY: 'true' }),
    ]);
  });
  afterAll(async () => {
    await closed?.stop();
    await open?.stop();
  });

  const newEmail = () => `somebody-${++people}@example.com`;
  const newPhone = () => `+1415555${String(++people).padStart(4, '0')}`;
  const owners = (app: TestApp, address: string) =>
    app.sql('select id from users where email = $1 or (phone = $1 and phone_verified_at is not null)', [
      address,
    ]);

  /** An account whose e-mail address a thief has changed. Waits for the notice with the undo link. */
  async function stolenAccount(app: TestApp) {
    const owner = await signUp(app, newEmail());
    const thiefEmail = newEmail();
    await changeContact(app, owner, { email: thiefEmail });
    return { owner, email: owner.email, thiefEmail, token: await undoToken(app, owner.email) };
  }

  async function proveByCode(app: TestApp, address: { email: string } | { phone: string }) {
    const [to = ''] = Object.values<string>(address);
    const { otp } = await app.codeOf(to, () => app.post('/auth/send_otp', address).expect(201));
    return (await app.post('/auth/verify_otp', { ...address, otp }).expect(201)).body as object;
  }

  /** Undoes the change and signs in with the restored address. */
  async function expectRestored(app: TestApp, { user, email }: Person, token: string): Promise<void> {
    await app.post(UNDO, { token }).expect(204);
    const restored = await signInByCode(app, { email });
    expect(restored.user.id).toBe(user.id);
    expect(await owners(app, email)).toEqual([{ id: user.id }]);
  }

  it('offers the undo to a sign-in by code with the old address, and creates no account', async () => {
    for (const app of [closed, open]) {
      const { owner, email, token } = await stolenAccount(app);
      const reply = await proveByCode(app, { email });
      expect(reply).toEqual({ VerificationStatus: 'approved', undoToken: token });
      expect(await owners(app, email)).toEqual([]);
      await expectRestored(app, owner, token);
    }
  });

  it('keeps a replaced phone number reserved as well', async () => {
    for (const app of [closed, open]) {
      const owner = await signUp(app, newEmail());
      const phone = newPhone();
      await changeContact(app, owner, { phone });
      await changeContact(app, owner, { phone: newPhone() });
      const token = await undoToken(app, phone);
      // A claim with evidence does not link it either.
      const claimant = await signUp(app, newEmail(), { phone });
      const { otp } = await app.codeOf(phone, () => app.post('/auth/send_otp', { phone }).expect(201));
      const proof = app.post('/auth/verify_otp', { phone, otp }).set('x-device-token', claimant.deviceToken);
      expect((await proof.expect(201)).body).toEqual({ VerificationStatus: 'approved', undoToken: token });
      expect(await owners(app, phone)).toEqual([]);
      await app.post(UNDO, { token }).expect(204);
      expect(await owners(app, phone)).toEqual([{ id: owner.user.id }]);
    }
  });

  it.each([
    ['/auth/register', { password: PASSWORD }],
    ['/api/register', { password: PASSWORD }],
    ['/auth/forgot', {}],
  ])('mails the undo link again after %s with the old address, and no code', async (path, fields) => {
    const { owner, email, thiefEmail, token } = await stolenAccount(closed);
    await closed.ageWhenSent(61);
    const { status, body } = await closed.post(path, { email, ...fields });
    const free = await closed.post(path, { email: newEmail(), ...fields });
    const shapeOf = (reply: object) =>
      JSON.stringify(reply).replace(/"(id|maskedTo|expiresAt|resendAt)":"[^"]+"/g, '');
    expect([status, shapeOf(body as object)]).toEqual([free.status, shapeOf(free.body as object)]);

    expect(await undoToken(closed, email, 2)).toBe(token);
    const [mail] = await closed.messages(email);
    expect(mail?.subject).toBe('The e-mail address of your account was changed');
    expect(mail?.text).toContain(`${thiefEmail.slice(0, 1)}•••@example.com`);
    expect(mail?.text).not.toMatch(/\b\d{6}\b/);
    expect(await closed.sql('select from registrations where email = $1', [email])).toEqual([]);
    await expectRestored(closed, owner, token);
  });

  it('refuses the old address to another account and offers the undo after the code', async () => {
    const { owner, email, token } = await stolenAccount(closed);
    const other = await signUp(closed, newEmail());
    const { otp } = await closed.codeOf(email, () => other.patch('/users/me', { email }).expect(200));
    const { body } = await other.post('/users/me/contact/verify', { email, otp }).expect(409);
    expect(body).toMatchObject({ code: 'address_reserved', undoToken: token });
    expect(await owners(closed, email)).toEqual([]);
    await expectRestored(closed, owner, token);
  });

  it('refuses a registration that was pending before the address was taken and changed again', async () => {
    const [email, owner] = [newEmail(), await signUp(closed, newEmail())];
    await closed.post('/auth/register', { email, password: PASSWORD }).expect(201);
    const registrationCode = await closed.code(email);
    await changeContact(closed, owner, { email });
    await changeContact(closed, owner, { email: newEmail() });
    const token = await undoToken(closed, email);
    const { body } = await closed.post('/auth/verify', { email, otp: registrationCode }).expect(409);
    expect(body).toMatchObject({ code: 'address_reserved', undoToken: token });
    expect(await owners(closed, email)).toEqual([]);
    await closed.post(UNDO, { token }).expect(204);
    expect(await owners(closed, email)).toEqual([{ id: owner.user.id }]);
  });

  it('gives the address back to its own account without an undo', async () => {
    const { owner, email } = await stolenAccount(closed);
    await changeContact(closed, owner, { email });
    expect((await logIn(closed, email)).user.id).toBe(owner.user.id);
    await closed.ageWhenSent(61);
    await closed.post('/auth/register', { email, password: PASSWORD }).expect(201);
    const subjects = async () => (await closed.messages(email)).map(({ subject }) => subject);
    await closed.ageWhenSent(1);
    expect((await subjects())[0]).toBe('You already have an account');
  });

  it('frees the address when the undo expires after 72 hours', async () => {
    const { owner, email, token } = await stolenAccount(open);
    await open.ageWhenSent(72 * HOUR);
    const { user } = (await proveByCode(open, { email })) as { user: { id: string } };
    expect(user.id).not.toBe(owner.user.id);
    expect((await open.post(UNDO, { token }).expect(400)).body).toMatchObject({ code: 'undo_link_invalid' });
  });

  it('frees the address when the account is deleted', async () => {
    const { owner, email } = await stolenAccount(open);
    await open.sql('delete from users where id = $1', [owner.user.id]);
    expect(await proveByCode(open, { email })).toMatchObject({ user: { email } });
  });
});
