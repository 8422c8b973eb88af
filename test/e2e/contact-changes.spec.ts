import type { Response } from 'supertest';
import { changeContact, logIn, PASSWORD, signInByCode, signUp, undoToken } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { tally } from '../support/parallel.js';

const HOUR = 3600;
const STALE_SIGN_IN_AGE = 10 * 60;

interface Problem {
  code: string;
  errors?: { field: string; detail: string }[];
}

function problemOf({ status, body }: Response): object {
  return { status, code: (body as Problem).code };
}

describe('contact changes', () => {
  let app: TestApp;
  let emailCount = 0;
  let phoneCount = 0;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4', SIGN_UP_ON_VERIFY: 'true' });
  });
  afterAll(() => app?.stop());

  const newEmail = () => `somebody-${++emailCount}@example.com`;
  const newPhone = () => `+141555501${String(++phoneCount).padStart(2, '0')}`;
  const newUser = (extraFields: object = {}) => signUp(app, newEmail(), extraFields);
  const userRow = async (id: string) => (await app.sql<object>('select * from users where id = $1', [id]))[0];

  async function undoChange(token: string): Promise<object> {
    return problemOf(await app.post('/users/contact/undo', { token }));
  }

  describe('changing an address', () => {
    it('replaces the sign-in address once the code for the new one is verified', async () => {
      const ada = await newUser();
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

    it('keeps the current session and its device and ends all other sessions', async () => {
      const ada = await newUser();
      const otherSession = await logIn(app, ada.email);
      const email = newEmail();
      await changeContact(app, ada, { email });
      await ada.get('/users/me').expect(200);
      await app.post('/auth/refresh', { refreshToken: ada.refreshToken }).expect(200);
      await otherSession.get('/users/me').expect(401);
      await app.post('/auth/refresh', { refreshToken: otherSession.refreshToken }).expect(401);
      const { deviceToken } = await logIn(app, email, { deviceToken: ada.deviceToken });
      // The first 16 bytes name the device.
      expect(deviceToken.slice(0, 21)).toBe(ada.deviceToken.slice(0, 21));
    });

    it('sends an undo link to the replaced address, by mail or by SMS', async () => {
      const ada = await newUser();
      const [email, phone, newerPhone] = [newEmail(), newPhone(), newPhone()];
      await changeContact(app, ada, { email });
      await undoToken(app, ada.email);
      const [mail] = await app.messages(ada.email);
      expect(mail).toMatchObject({ subject: 'The e-mail address of your account was changed' });
      expect(mail?.text).toContain('s•••@example.com');
      expect(mail?.text).not.toContain(email);

      await changeContact(app, ada, { phone });
      await undoToken(app, email);
      await changeContact(app, ada, { phone: newerPhone });
      await undoToken(app, phone);
      expect((await app.messages(phone))[0]?.text).toMatch(/^Your account has a new phone number/);
      expect((await app.messages(phone))[0]?.text).not.toContain(newerPhone);
    });

    it('requires a recent sign-in or the current password, except for names', async () => {
      const ada = await newUser();
      await app.ageWhenSent(STALE_SIGN_IN_AGE);
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

    it('rejects codes sent for another account and still accepts the right code', async () => {
      const [ada, eve, email] = [await newUser(), await newUser(), newEmail()];
      const verify = (person: typeof ada, otp: string) =>
        person.post('/users/me/contact/verify', { email, otp }).then(problemOf);
      const refused = { status: 400, code: 'otp_invalid' };
      await ada.patch('/users/me', { email }).expect(200);
      const adaCode = await app.code(email);
      expect(await verify(eve, adaCode)).toEqual(refused);
      await app.ageWhenSent(61);
      await eve.patch('/users/me', { email }).expect(200);
      const eveCode = await app.code(email, 2);
      expect(eveCode).not.toBe(adaCode);
      expect(await verify(ada, eveCode)).toEqual(refused);
      expect(await verify(ada, adaCode)).toEqual(refused);
      expect(await verify(eve, eveCode)).toEqual({ status: 200 });
      expect((await ada.get('/users/me')).body).toMatchObject({ email: ada.email });
    });

    it('reveals that an address is taken only after its code is verified', async () => {
      const [ada, bob, freeEmail] = [await newUser(), await newUser(), newEmail()];
      const [taken, unknown] = await Promise.all(
        [bob.email, freeEmail].map((email) => ada.patch('/users/me', { email }).expect(200)),
      );
      const pendingKeys = ({ body }: Response) =>
        Object.keys((body as { pending: object[] }).pending[0] ?? {});
      expect(pendingKeys(taken as Response)).toEqual(pendingKeys(unknown as Response));
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

    it('gives a phone number to only one of two accounts that verify it at once', async () => {
      for (let round = 0; round < 3; round++) {
        const phone = newPhone();
        const [ada, bob] = [await newUser(), await newUser({ phone })];
        await ada.patch('/users/me', { phone }).expect(200);
        const adaCode = await app.code(phone);
        await app.post('/auth/send_otp', { phone }).expect(201);
        const bobCode = await app.code(phone, 2);
        const replies = await Promise.all([
          ada.post('/users/me/contact/verify', { phone, otp: adaCode }),
          app.post('/auth/verify_otp', { phone, otp: bobCode }).set('x-device-token', bob.deviceToken),
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

  describe('requesting another address before the first one is confirmed', () => {
    const fields = { email: newEmail, phone: newPhone };
    type Field = keyof typeof fields;
    type User = Awaited<ReturnType<typeof newUser>>;
    const replaced = { status: 409, code: 'contact_change_replaced' };

    /** Requests a change and returns the address with its code. */
    async function requestChange(user: User, field: Field, address = fields[field]()) {
      const { otp } = await app.codeOf(address, () =>
        user.patch('/users/me', { [field]: address }).expect(200),
      );
      return { [field]: address, otp };
    }
    const confirm = (user: User, body: object) => user.post('/users/me/contact/verify', body).then(problemOf);
    const addressOf = async (user: User, field: Field) =>
      ((await user.get('/users/me').expect(200)).body as Record<string, unknown>)[field];

    it.each<[Field, string, string[]]>([
      ['email', 'before', ['older', 'newer']],
      ['email', 'after', ['newer', 'older']],
      ['phone', 'before', ['older', 'newer']],
      ['phone', 'after', ['newer', 'older']],
    ])('refuses the older %s %s the newer one is confirmed', async (field, _, order) => {
      const ada = await newUser();
      const changes: Record<string, Record<string, string>> = {
        older: await requestChange(ada, field),
        newer: await requestChange(ada, field),
      };
      for (const which of order)
        expect(await confirm(ada, changes[which] ?? {})).toEqual(
          which === 'newer' ? { status: 200 } : replaced,
        );
      expect(await addressOf(ada, field)).toBe(changes.newer?.[field]);
      const { body: events } = await ada.get('/users/me/events').expect(200);
      expect(events).toContainEqual(
        expect.objectContaining({ action: 'contact_change', succeeded: false, reason: replaced.code }),
      );
    });

    it.each<Field>(['email', 'phone'])('sets the newer %s when both are confirmed at once', async (field) => {
      const ada = await newUser();
      const older = await requestChange(ada, field);
      const newer = await requestChange(ada, field);
      const replies = await Promise.all([confirm(ada, older), confirm(ada, newer)]);
      expect(replies).toEqual([replaced, { status: 200 }]);
      expect(await addressOf(ada, field)).toBe(newer[field]);
    });

    it('accepts the first address again when it was requested again', async () => {
      const ada = await newUser();
      const first = await requestChange(ada, 'email');
      const second = await requestChange(ada, 'email');
      await app.ageWhenSent(61);
      const again = await requestChange(ada, 'email', first.email);
      expect(again).toEqual(first);
      expect(await confirm(ada, second)).toEqual(replaced);
      expect(await confirm(ada, again)).toEqual({ status: 200 });
      expect(await addressOf(ada, 'email')).toBe(first.email);
    });

    it('keeps the first request when a limit refuses the second one', async () => {
      const ada = await newUser();
      const blocked = newEmail();
      const eve = await newUser();
      await eve.patch('/users/me', { email: blocked }).expect(200);
      const first = await requestChange(ada, 'email');
      await ada.patch('/users/me', { email: blocked }).expect(429);
      expect(await confirm(ada, first)).toEqual({ status: 200 });
    });

    it('keeps requests for an e-mail address and a phone number apart', async () => {
      const ada = await newUser();
      const phone = await requestChange(ada, 'phone');
      const email = await requestChange(ada, 'email');
      expect(await confirm(ada, phone)).toEqual({ status: 200 });
      expect(await confirm(ada, email)).toEqual({ status: 200 });
    });

    it('does not let another account replace a request', async () => {
      const [ada, eve] = [await newUser(), await newUser()];
      const adas = await requestChange(ada, 'email');
      await requestChange(eve, 'email');
      expect(await confirm(ada, adas)).toEqual({ status: 200 });
    });

    it('undoes the change and ends the requests for the same kind of address', async () => {
      const ada = await newUser();
      const older = await requestChange(ada, 'email');
      const newer = await requestChange(ada, 'email');
      expect(await confirm(ada, newer)).toEqual({ status: 200 });
      const pending = await requestChange(ada, 'email');
      expect(await undoChange(await undoToken(app, ada.email))).toEqual({ status: 204 });
      const owner = await signInByCode(app, { email: ada.email });
      for (const change of [older, pending]) expect(await confirm(owner, change)).toEqual(replaced);
      expect(await addressOf(owner, 'email')).toBe(ada.email);
    });
  });

  describe('undoing a change', () => {
    it('restores the address once in 72 hours and revokes all credentials', async () => {
      const ada = await newUser();
      const thiefEmail = newEmail();
      await changeContact(app, ada, { email: thiefEmail });
      const token = await undoToken(app, ada.email);
      await app.ageWhenSent(72 * HOUR - 60);
      const thief = await logIn(app, thiefEmail);

      expect(await undoChange(token)).toEqual({ status: 204 });
      expect(await undoChange(token)).toEqual({ status: 400, code: 'undo_link_invalid' });
      for (const session of [ada, thief]) {
        await session.get('/users/me').expect(401);
        await app.post('/auth/refresh', { refreshToken: session.refreshToken }).expect(401);
      }
      for (const email of [ada.email, thiefEmail])
        await app.post('/auth/login', { email, password: PASSWORD }).expect(401);
      const owner = await signInByCode(app, { email: ada.email }, { deviceToken: thief.deviceToken });
      expect(owner.deviceToken).not.toBe(thief.deviceToken);
      const { body } = await owner.get('/users/me').expect(200);
      expect(body).toMatchObject({ id: ada.user.id, email: ada.email, hasPassword: false });
    });

    it('rejects a link after 72 hours and an unknown token', async () => {
      const ada = await newUser();
      await changeContact(app, ada, { email: newEmail() });
      const token = await undoToken(app, ada.email);
      await app.ageWhenSent(72 * HOUR);
      const refused = { status: 400, code: 'undo_link_invalid' };
      for (const badToken of [token, '', 'x', token.slice(1), "' or 1=1 --"])
        expect(await undoChange(badToken)).toEqual(refused);
    });

    it('reverts later changes as well and invalidates their links', async () => {
      const ada = await newUser();
      const [firstEmail, secondEmail, phone] = [newEmail(), newEmail(), newPhone()];
      await changeContact(app, ada, { email: firstEmail });
      await changeContact(app, ada, { phone });
      await changeContact(app, ada, { email: secondEmail });
      const [firstToken, phoneToken] = [await undoToken(app, ada.email), await undoToken(app, firstEmail, 2)];

      expect(await undoChange(firstToken)).toEqual({ status: 204 });
      expect(await undoChange(phoneToken)).toEqual({ status: 400, code: 'undo_link_invalid' });
      expect(await userRow(ada.user.id)).toMatchObject({
        email: ada.email,
        phone: null,
        phone_verified_at: null,
      });
      const thief = await signInByCode(app, { phone });
      expect(thief.user.id).not.toBe(ada.user.id);
    });

    it('keeps earlier changes and their links', async () => {
      const ada = await newUser();
      const [phone, email] = [newPhone(), newEmail()];
      await changeContact(app, ada, { phone });
      const olderToken = await undoToken(app, ada.email);
      await changeContact(app, ada, { email });
      const newestToken = await undoToken(app, ada.email, 2);
      expect(await undoChange(newestToken)).toEqual({ status: 204 });
      expect(await userRow(ada.user.id)).toMatchObject({ email: ada.email, phone });
      expect(await undoChange(olderToken)).toEqual({ status: 204 });
      expect(await userRow(ada.user.id)).toMatchObject({ email: ada.email, phone: null });
    });

    it('accepts only one of several concurrent undo requests', async () => {
      const ada = await newUser();
      await changeContact(app, ada, { email: newEmail() });
      const token = await undoToken(app, ada.email);
      const replies = await Promise.all(
        Array.from({ length: 8 }, () => app.post('/users/contact/undo', { token })),
      );
      expect(tally(replies)).toEqual({ '204': 1, '400 undo_link_invalid': 7 });
    });
  });
});

describe('the channel of the code for a new phone number', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4', OTP_CHANNELS: 'sms,email,whatsapp' });
  });
  afterAll(() => app?.stop());

  it('is the one that the person chooses, among those that reach the number', async () => {
    const person = await signUp(app, 'bob@example.com');
    const change = (phone: string, more: object) => person.patch('/users/me', { phone, ...more });
    const both = await change('+14155550130', { channel: 'whatsapp', email: 'rob@example.com' }).expect(200);
    expect(both.body).toMatchObject({ pending: [{ channel: 'email' }, { channel: 'whatsapp' }] });
    const byDefault = await change('+14155550131', {}).expect(200);
    expect(byDefault.body).toMatchObject({ pending: [{ channel: 'sms' }] });
    expect(problemOf(await change('+14155550132', { channel: 'voice' }))).toEqual({
      status: 400,
      code: 'channel_not_available',
    });
    const mail = await change('+14155550132', { channel: 'email' }).expect(400);
    expect(mail.body).toMatchObject({ code: 'validation_failed', errors: [{ field: 'channel' }] });
    const { body } = await person.get('/users/me').expect(200);
    expect(body).toMatchObject({ phone: null });
  });
});
