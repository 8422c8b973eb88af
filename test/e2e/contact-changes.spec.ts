import type { Response } from 'supertest';
import { changeContact, logIn, PASSWORD, signInByCode, signUp, undoToken } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { tally } from '../support/parallel.js';

const HOURS = 3600;
const TOO_LONG_AGO = 10 * 60;

interface Problem {
  code: string;
  errors?: { field: string; detail: string }[];
}

function problemOf({ status, body }: Response): object {
  return { status, code: (body as Problem).code };
}

describe('an account', () => {
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

  describe('with a new address', () => {
    it('has it when its code is given, and signs in with it and no longer with the old one', async () => {
      const ada = await somebody();
      const email = newEmail();
      const { body } = await ada.patch('/users/me', { email, firstName: 'Ada' }).expect(200);
      expect(body).toMatchObject({
        email: ada.email,
        firstName: 'Ada',
        pending: [{ channel: 'email', maskedTo: 's•••@example.com', attemptsLeft: 3 }],
      });
      await logIn(app, ada.email);
      const otp = await app.code(email);
      for (const path of ['/auth/verify', '/otp/verify', '/auth/verify_otp'])
        expect((await app.post(path, { email, otp })).status).toBe(404);
      const verified = await ada.post('/users/me/contact/verify', { email, otp }).expect(200);
      expect(verified.body).toMatchObject({ id: ada.user.id, email });

      await logIn(app, email);
      const refused = await app.post('/auth/login', { email: ada.email, password: PASSWORD });
      expect(problemOf(refused)).toEqual({ status: 401, code: 'invalid_credentials' });
      const again = await ada.post('/users/me/contact/verify', { email, otp });
      expect(problemOf(again)).toEqual({ status: 404, code: 'otp_not_found' });
    });

    it('stays signed in here and nowhere else, and the device is still known', async () => {
      const ada = await somebody();
      const other = await logIn(app, ada.email);
      const email = newEmail();
      await changeContact(app, ada, { email });
      await ada.get('/users/me').expect(200);
      await app.post('/auth/refresh', { refreshToken: ada.refreshToken }).expect(200);
      await other.get('/users/me').expect(401);
      await app.post('/auth/refresh', { refreshToken: other.refreshToken }).expect(401);
      const { deviceToken } = await logIn(app, email, { deviceToken: ada.deviceToken });
      expect(deviceToken).toBe(ada.deviceToken);
    });

    it('tells the old one with a link: a mail where that was an e-mail address, an SMS where it was a number (N9, V7)', async () => {
      const ada = await somebody();
      const [email, phone, next] = [newEmail(), newPhone(), newPhone()];
      await changeContact(app, ada, { email });
      await undoToken(app, ada.email);
      const [mail] = await app.messages(ada.email);
      expect(mail).toMatchObject({ subject: 'The e-mail address of your account was changed' });
      expect(mail?.text).toContain('s•••@example.com');
      expect(mail?.text).not.toContain(email);

      await changeContact(app, ada, { phone });
      await undoToken(app, email);
      await changeContact(app, ada, { phone: next });
      await undoToken(app, phone);
      expect((await app.messages(phone))[0]?.text).toMatch(/^Your account has a new phone number/);
      expect((await app.messages(phone))[0]?.text).not.toContain(next);
    });

    it('needs a sign-in within ten minutes or the current password, names do not (N9, V3)', async () => {
      const ada = await somebody();
      await app.ageWhenSent(TOO_LONG_AGO);
      for (const body of [
        { email: newEmail() },
        { phone: newPhone() },
        { password: 'another horse battery staple' },
      ]) {
        const stale = await ada.patch('/users/me', { ...body, firstName: 'Ada' });
        expect(problemOf(stale)).toEqual({ status: 401, code: 'reauthentication_required' });
        expect(stale.headers['www-authenticate']).toContain('insufficient_user_authentication');
        const wrong = await ada.patch('/users/me', { ...body, currentPassword: 'wrong' });
        expect(problemOf(wrong)).toEqual({ status: 401, code: 'current_password_wrong' });
      }
      expect((await ada.get('/users/me')).body).toMatchObject({ firstName: null });
      await ada.patch('/users/me', { firstName: 'Ada' }).expect(200);
      const email = newEmail();
      await ada.patch('/users/me', { email, currentPassword: PASSWORD }).expect(200);
      const otp = await app.code(email);
      await ada.post('/users/me/contact/verify', { email, otp }).expect(200);
    });

    it('takes no code that was sent for another account, old or new, nor spends one of its own (R3, V19)', async () => {
      const [ada, eve, email] = [await somebody(), await somebody(), newEmail()];
      const verify = (who: typeof ada, otp: string) =>
        who.post('/users/me/contact/verify', { email, otp }).then(problemOf);
      const refused = { status: 400, code: 'otp_invalid' };
      await ada.patch('/users/me', { email }).expect(200);
      const adas = await app.code(email);
      expect(await verify(eve, adas)).toEqual(refused);
      await app.ageWhenSent(61);
      await eve.patch('/users/me', { email }).expect(200);
      const eves = await app.code(email, 2);
      expect(eves).not.toBe(adas);
      expect(await verify(ada, eves)).toEqual(refused);
      expect(await verify(ada, adas)).toEqual(refused);
      expect(await verify(eve, eves)).toEqual({ status: 200 });
      expect((await ada.get('/users/me')).body).toMatchObject({ email: ada.email });
    });

    it('learns that it is taken with its code only (V9)', async () => {
      const [ada, bob, free] = [await somebody(), await somebody(), newEmail()];
      const [taken, unknown] = await Promise.all(
        [bob.email, free].map((email) => ada.patch('/users/me', { email }).expect(200)),
      );
      const shape = ({ body }: Response) => Object.keys((body as { pending: object[] }).pending[0] ?? {});
      expect(shape(taken as Response)).toEqual(shape(unknown as Response));
      const otp = await app.code(bob.email, 2);
      const verify = (code: string) =>
        ada.post('/users/me/contact/verify', { email: bob.email, otp: code }).then(problemOf);
      expect(await verify(otp.replace(/\d$/, (digit) => String((Number(digit) + 1) % 10)))).toEqual({
        status: 400,
        code: 'otp_invalid',
      });
      expect(await verify(otp)).toEqual({ status: 409, code: 'address_taken' });
      expect((await bob.get('/users/me')).body).toMatchObject({ email: bob.email });
    });

    it('is one of two accounts that prove a number at once', async () => {
      for (let round = 0; round < 3; round++) {
        const phone = newPhone();
        const [ada, bob] = [await somebody(), await somebody({ phone })];
        await ada.patch('/users/me', { phone }).expect(200);
        const adas = await app.code(phone);
        await app.post('/auth/send_otp', { phone }).expect(201);
        const bobs = await app.code(phone, 2);
        const replies = await Promise.all([
          ada.post('/users/me/contact/verify', { phone, otp: adas }),
          app.post('/auth/verify_otp', { phone, otp: bobs }),
        ]);
        for (const { status } of replies) expect([200, 201, 409]).toContain(status);
        const owners = await app.sql(
          'select id from users where phone = $1 and phone_verified_at is not null',
          [phone],
        );
        expect(owners).toHaveLength(1);
        await bob.get('/users/me').expect(200);
      }
    });
  });

  describe('whose address was changed by a thief', () => {
    it('gets it back for 72 hours, once: no session, device or password of before is good any more (V7)', async () => {
      const ada = await somebody();
      const stolen = newEmail();
      await changeContact(app, ada, { email: stolen });
      const token = await undoToken(app, ada.email);
      await app.ageWhenSent(72 * HOURS - 60);
      const thief = await logIn(app, stolen);

      expect(await undo(token)).toEqual({ status: 204 });
      expect(await undo(token)).toEqual({ status: 400, code: 'undo_link_invalid' });
      for (const session of [ada, thief]) {
        await session.get('/users/me').expect(401);
        await app.post('/auth/refresh', { refreshToken: session.refreshToken }).expect(401);
      }
      for (const email of [ada.email, stolen])
        await app.post('/auth/login', { email, password: PASSWORD }).expect(401);
      const owner = await signInByCode(app, { email: ada.email }, { deviceToken: thief.deviceToken });
      expect(owner.deviceToken).not.toBe(thief.deviceToken);
      const { body } = await owner.get('/users/me').expect(200);
      expect(body).toMatchObject({ id: ada.user.id, email: ada.email, hasPassword: false });
    });

    it('does not get it back after 72 hours, nor by a link that we never made', async () => {
      const ada = await somebody();
      await changeContact(app, ada, { email: newEmail() });
      const token = await undoToken(app, ada.email);
      await app.ageWhenSent(72 * HOURS);
      const refused = { status: 400, code: 'undo_link_invalid' };
      for (const bad of [token, '', 'x', token.slice(1), "' or 1=1 --"])
        expect(await undo(bad)).toEqual(refused);
    });

    it('gets it back from later changes too, whose links the thief holds, and whose number signs nobody in', async () => {
      const ada = await somebody();
      const [first, second, phone] = [newEmail(), newEmail(), newPhone()];
      await changeContact(app, ada, { email: first });
      await changeContact(app, ada, { phone });
      await changeContact(app, ada, { email: second });
      const [owners, ofPhone] = [await undoToken(app, ada.email), await undoToken(app, first, 2)];

      expect(await undo(owners)).toEqual({ status: 204 });
      expect(await undo(ofPhone)).toEqual({ status: 400, code: 'undo_link_invalid' });
      expect(await row(ada.user.id)).toMatchObject({
        email: ada.email,
        phone: null,
        phone_verified_at: null,
      });
      const thief = await signInByCode(app, { phone });
      expect(thief.user.id).not.toBe(ada.user.id);
    });

    it('keeps what was changed before, and its link', async () => {
      const ada = await somebody();
      const [phone, email] = [newPhone(), newEmail()];
      await changeContact(app, ada, { phone });
      const older = await undoToken(app, ada.email);
      await changeContact(app, ada, { email });
      const newest = await undoToken(app, ada.email, 2);
      expect(await undo(newest)).toEqual({ status: 204 });
      expect(await row(ada.user.id)).toMatchObject({ email: ada.email, phone });
      expect(await undo(older)).toEqual({ status: 204 });
      expect(await row(ada.user.id)).toMatchObject({ email: ada.email, phone: null });
    });

    it('gets it back by one of many at once', async () => {
      const ada = await somebody();
      await changeContact(app, ada, { email: newEmail() });
      const token = await undoToken(app, ada.email);
      const replies = await Promise.all(
        Array.from({ length: 8 }, () => app.post('/users/contact/undo', { token })),
      );
      expect(tally(replies)).toEqual({ '204': 1, '400 undo_link_invalid': 7 });
    });
  });
});
