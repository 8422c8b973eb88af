import type { Response, Test } from 'supertest';
import {
  changeContact,
  logIn,
  PASSWORD,
  Person,
  signInByCode,
  signUp,
  type Address,
  type SignedInReply,
} from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { tally } from '../support/parallel.js';
import { until } from '../support/until.js';
import { wrongCode } from '../support/wrong-code.js';

const HOUR = 3600;
const STALE_SIGN_IN_AGE = 10 * 60;
const COOLDOWN = 61;
const CLOSED = { status: 403, code: 'account_closed' };
const UNDO_INVALID = { status: 400, code: 'undo_link_invalid' };

function problemOf({ status, body }: Response): object {
  return { status, code: (body as { code?: string }).code };
}

describe('deletion of an account', () => {
  let app: TestApp;
  let emailCount = 0;
  let phoneCount = 0;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4', SIGN_UP_ON_VERIFY: 'true', TRUST_PROXY: 'loopback' });
  });
  afterAll(() => app?.stop());

  const newEmail = () => `person-${++emailCount}@example.com`;
  const newPhone = () => `+141555503${String(++phoneCount).padStart(2, '0')}`;
  const newUser = () => signUp(app, newEmail());
  const deleteAccount = (person: Person) => person.delete('/users/me').expect(204);
  const undo = (token: string) => app.post('/users/deletion/undo', { token }).then(problemOf);
  const row = async (id: string) =>
    (await app.sql<Record<string, unknown>>('select * from users where id = $1', [id]))[0];

  /** A user with a verified number. */
  async function newUserWithPhone(): Promise<{ ada: Person; phone: string }> {
    const [ada, phone] = [await newUser(), newPhone()];
    await changeContact(app, ada, { phone });
    return { ada, phone };
  }

  /** Waits for `count` links that undo a deletion and returns the token of the newest. */
  function undoToken(to: string, count = 1): Promise<string> {
    return until(`undo link number ${count} to ${to}`, async () => {
      const texts = (await app.messages(to)).map(({ text }) => text);
      const tokens = texts.flatMap((text) => /\/undo-deletion#token=([\w-]+)/.exec(text)?.[1] ?? []);
      return tokens.length >= count && tokens[0];
    });
  }

  async function erased(id: string): Promise<void> {
    await until('the account erased', async () => (await row(id)) === undefined, 40);
  }

  describe('closing', () => {
    it('requires a sign-in within ten minutes', async () => {
      const ada = await newUser();
      await app.ageWhenSent(STALE_SIGN_IN_AGE);
      const refused = await ada.delete('/users/me');
      expect(problemOf(refused)).toEqual({ status: 401, code: 'reauthentication_required' });
      expect(await row(ada.user.id)).toMatchObject({ closed_at: null });
    });

    it('ends all sessions, forgets all devices and allows no sign-in by any route', async () => {
      const { ada, phone } = await newUserWithPhone();
      const { email } = ada;
      const other = await signInByCode(app, { phone });
      const { otp: resetCode, text } = await app.codeOf(email, () => app.post('/auth/forgot', { email }));
      const resetToken = /#token=([\w-]+)/.exec(text)?.[1];
      const { otp: loginCode } = await app.codeOf(email, () => app.post('/auth/send_otp', { email }));
      await deleteAccount(ada);

      for (const session of [ada, other]) {
        expect(problemOf(await session.get('/users/me'))).toEqual({ status: 401, code: 'token_invalid' });
        const { refreshToken } = session;
        expect(problemOf(await app.post('/auth/refresh', { refreshToken }))).toMatchObject({ status: 401 });
      }
      expect(await app.sql('select 1 from devices where user_id = $1', [ada.user.id])).toEqual([]);

      for (const path of ['/auth/login', '/api/login']) {
        expect(problemOf(await app.post(path, { email, password: PASSWORD }))).toEqual(CLOSED);
        expect(await app.post(path, { email, password: 'wrong' }).then(problemOf)).toEqual({
          status: 401,
          code: 'invalid_credentials',
        });
      }
      const password = 'another horse battery staple';
      expect(await app.post('/auth/verify_otp', { email, otp: loginCode }).then(problemOf)).toEqual(CLOSED);
      expect(await app.patch('/auth/reset', { token: resetToken, password }).then(problemOf)).toEqual(CLOSED);
      expect((await app.patch('/auth/reset', { email, otp: resetCode, password })).status).toBe(404);
      const { otp: phoneCode } = await app.codeOf(phone, () => app.post('/auth/send_otp', { phone }));
      expect(await app.post('/auth/verify_otp', { phone, otp: phoneCode }).then(problemOf)).toEqual(CLOSED);
      expect(
        await app.sql('select 1 from sessions where user_id = $1 and ended_at is null', [ada.user.id]),
      ).toEqual([]);
    });

    it('sends an undo link to every proved address, by mail and by SMS', async () => {
      const { ada, phone } = await newUserWithPhone();
      const claimed = newPhone();
      const eve = await signUp(app, newEmail(), { phone: claimed });
      await deleteAccount(ada);
      await deleteAccount(eve);
      await undoToken(ada.email);
      await undoToken(phone);
      await undoToken(eve.email);
      const [mail] = await app.messages(ada.email);
      expect(mail).toMatchObject({ subject: 'Your account was deleted' });
      expect(mail?.text).toContain('72 hours');
      expect((await app.messages(phone))[0]?.text).toMatch(/^Your account was deleted\./);
      expect(await app.messages(claimed)).toEqual([]);
    });

    it('reserves the proved addresses', async () => {
      const { ada, phone } = await newUserWithPhone();
      const bob = await newUser();
      await deleteAccount(ada);
      await undoToken(ada.email);
      for (const address of [{ email: ada.email }, { phone }] as Address[]) {
        const [to = ''] = Object.values<string>(address);
        const { otp } = await app.codeOf(to, () => bob.patch('/users/me', address).expect(200));
        const taken = await bob.post('/users/me/contact/verify', { ...address, otp });
        expect(problemOf(taken)).toEqual({ status: 409, code: 'address_taken' });
        const code = await app.codeOf(to, () => app.post('/auth/send_otp', address).expect(201));
        const proved = await app.post('/auth/verify_otp', { ...address, otp: code.otp });
        expect(problemOf(proved)).toEqual(CLOSED);
      }
      const owners = await app.sql('select id from users where email = $1 or phone = $2', [ada.email, phone]);
      expect(owners).toEqual([{ id: ada.user.id }]);
    });

    it.each([
      ['/auth/register', { password: PASSWORD }, 201],
      ['/auth/forgot', {}, 202],
      ['/api/register', { password: PASSWORD }, 201],
    ])(
      'mails the undo link again and answers strangers as for other addresses: %s',
      async (path, fields, status) => {
        const ada = await newUser();
        await deleteAccount(ada);
        await undoToken(ada.email);
        await app.ageWhenSent(COOLDOWN);
        const [closed, unused] = await Promise.all(
          [ada.email, newEmail()].map((email) => app.post(path, { email, ...fields }).expect(status)),
        );
        const shapeOf = ({ body }: Response) =>
          JSON.stringify(body, (key, value: unknown) =>
            /^(id|expiresAt|resendAt)$/.test(key) ? key : value,
          );
        expect(shapeOf(closed as Response)).toBe(shapeOf(unused as Response));
        expect(await undo(await undoToken(ada.email, 2))).toEqual({ status: 204, code: undefined });
      },
    );

    it('ends tokens of /api as well', async () => {
      const ada = await newUser();
      const { body } = await app.post('/api/login', { email: ada.email, password: PASSWORD }).expect(200);
      const { token } = body as { token: string };
      await app.get('/api/customers').set('authorization', token).expect(200);
      await deleteAccount(ada);
      await app.get('/api/customers').set('authorization', token).expect(401);
    });

    it('is carried out once when several requests arrive at once', async () => {
      const ada = await newUser();
      const replies = await Promise.all(Array.from({ length: 4 }, () => ada.delete('/users/me')));
      const { 204: deleted, ...refused } = tally(replies);
      expect(deleted).toBe(1);
      for (const reply of Object.keys(refused))
        expect(['401 token_invalid', '409 changed_meanwhile']).toContain(reply);
      await undoToken(ada.email);
    });

    it('is refused for the last administrator', async () => {
      const [ada, bob] = [await newUser(), await newUser()];
      const asAdmin = async (person: Person) => {
        await app.sql(`update users set roles = '{user,admin}' where id = $1`, [person.user.id]);
        return logIn(app, person.email);
      };
      const admin = await asAdmin(ada);
      const last = { status: 409, code: 'last_administrator' };
      expect(problemOf(await admin.delete('/users/me'))).toEqual(last);
      const other = await asAdmin(bob);
      await app.sql('update users set disabled_at = now() where id = $1', [bob.user.id]);
      expect(problemOf(await admin.delete('/users/me'))).toEqual(last);
      await app.sql('update users set disabled_at = null where id = $1', [bob.user.id]);
      await deleteAccount(admin);
      // A closed account is no administrator.
      expect(problemOf(await other.delete('/users/me'))).toEqual(last);
    });
  });

  describe('undo', () => {
    it('opens the account again within 72 hours, once, and leaves its sessions ended', async () => {
      const { ada, phone } = await newUserWithPhone();
      await ada.post('/customers', { name: 'Herschel', address: '1 Dorset Street' }).expect(201);
      await deleteAccount(ada);
      const token = await undoToken(phone);
      await app.ageWhenSent(72 * HOUR - 60);
      const cut = token.slice(0, -2);
      for (const bad of [cut, '', 'x', token.replace(/.{4}$/, 'AAAA'), "' or 1=1 --"])
        expect(await undo(bad)).toEqual(UNDO_INVALID);
      expect(await undo(token)).toEqual({ status: 204, code: undefined });
      expect(await undo(token)).toEqual(UNDO_INVALID);
      await ada.get('/users/me').expect(401);
      const again = await logIn(app, ada.email);
      expect((await again.get('/customers')).body).toMatchObject([{ name: 'Herschel' }]);
      await signInByCode(app, { phone });
      const { body: events } = await again.get('/users/me/events').expect(200);
      expect((events as { action: string }[]).map(({ action }) => action)).toEqual(
        expect.arrayContaining(['deletion', 'deletion_undo']),
      );
    });

    it('rejects a link after 72 hours and the link of an earlier deletion', async () => {
      const ada = await newUser();
      await deleteAccount(ada);
      const earlier = await undoToken(ada.email);
      expect(await undo(earlier)).toMatchObject({ status: 204 });
      await deleteAccount(await logIn(app, ada.email));
      expect(await undo(earlier)).toEqual(UNDO_INVALID);
      const token = await undoToken(ada.email, 2);
      await app.ageWhenSent(72 * HOUR);
      expect(await undo(token)).toEqual(UNDO_INVALID);
    });

    it('accepts only one of several requests at once', async () => {
      const ada = await newUser();
      await deleteAccount(ada);
      const token = await undoToken(ada.email);
      const replies = await Promise.all(
        Array.from({ length: 8 }, () => app.post('/users/deletion/undo', { token })),
      );
      expect(tally(replies)).toEqual({ '204': 1, '400 undo_link_invalid': 7 });
    });

    it('changes nothing when its page is opened', async () => {
      const ada = await newUser();
      await deleteAccount(ada);
      const token = await undoToken(ada.email);
      await app.get(`/undo-deletion?token=${token}`).expect(200);
      expect(await row(ada.user.id)).not.toMatchObject({ closed_at: null });
      expect(app.log).not.toContain(token);
      expect(await undo(token)).toMatchObject({ status: 204 });
    });

    it('happens with the undo of a contact change that came before the deletion', async () => {
      const ada = await newUser();
      const thiefEmail = newEmail();
      await changeContact(app, ada, { email: thiefEmail });
      await deleteAccount(await logIn(app, thiefEmail));
      const token = await until('the link', async () =>
        (await app.messages(ada.email))
          .map(({ text }) => /\/undo#token=([\w-]+)/.exec(text)?.[1])
          .find((found) => found !== undefined),
      );
      await app.post('/users/contact/undo', { token }).expect(204);
      const owner = await signInByCode(app, { email: ada.email });
      expect(owner.user.id).toBe(ada.user.id);
    });
  });

  describe('erasure', () => {
    it('leaves no address, name, user agent or IP address of the person in any table', async () => {
      const [IP, AGENT] = ['203.0.113.77', 'Analytical-Engine/1.0'];
      const [firstEmail, email, requested, alsoRequested] = [newEmail(), newEmail(), newEmail(), newEmail()];
      const [claimed, phone] = [newPhone(), newPhone()];
      const names = { username: 'countess', firstName: 'Augusta', lastName: 'Byron-King' };
      const byAda = (test: Test) => test.set('x-forwarded-for', IP).set('user-agent', AGENT);
      const post = (path: string, body: object) => byAda(app.post(path, body));

      const { otp } = await app.codeOf(firstEmail, () =>
        post('/auth/register', { email: firstEmail, password: PASSWORD, phone: claimed, ...names }),
      );
      await post('/auth/verify', { email: firstEmail, otp: wrongCode(otp) }).expect(400);
      const { body } = await post('/auth/verify', { email: firstEmail, otp }).expect(200);
      const ada = new Person(app, firstEmail, body as SignedInReply);
      await app.codeOf(claimed, () => post('/auth/send_otp', { phone: claimed }).expect(201));
      for (const address of [{ email }, { phone }]) await changeContact(app, ada, address);
      await app.ageWhenSent(80 * HOUR);

      const { body: again } = await post('/auth/login', { email, password: PASSWORD }).expect(200);
      const signedIn = new Person(app, email, again as SignedInReply);
      for (const address of [requested, alsoRequested])
        await app.codeOf(address, () => signedIn.patch('/users/me', { email: address }).expect(200));
      await post('/auth/login', { email, password: 'wrong' }).expect(401);
      await post('/auth/forgot', { email }).expect(202);
      await byAda(
        signedIn.post('/customers', { name: 'Babbage', contact: email, address: 'Byron-King Hall' }),
      ).expect(201);
      await app.sql(
        `insert into suppressions (recipient, reason, provider) values ($1, 'bounced', 'postmark')`,
        [`email:${firstEmail}`],
      );
      await byAda(signedIn.delete('/users/me')).expect(204);
      await undoToken(email);
      await post('/auth/register', { email, password: PASSWORD });
      const bob = await newUser();
      await app.ageWhenSent(72 * HOUR);
      await erased(ada.user.id);
      // The limits of networks and of strangers' addresses end by themselves within a day.
      await until(
        'the old limits removed',
        async () =>
          (await app.sql(`select 1 from budget_counters where key like $1`, [`%${IP}%`])).length === 0,
        30,
      );

      const personal = [firstEmail, email, requested, alsoRequested, claimed, phone, IP, AGENT];
      const words = [...personal, ...Object.values(names), 'Babbage'];
      const tables = await app.sql<{ name: string }>(
        `select table_name as name from information_schema.tables where table_schema = 'public'`,
      );
      expect(tables.length).toBeGreaterThan(10);
      for (const { name } of tables) {
        const rows = await app.sql<{ text: string }>(`select t::text as text from "${name}" t`);
        for (const word of words)
          expect([name, rows.filter(({ text }) => text.toLowerCase().includes(word.toLowerCase()))]).toEqual([
            name,
            [],
          ]);
        const withId = rows.filter(({ text }) => text.includes(ada.user.id)).length;
        expect([name, withId]).toEqual([name, name === 'audit_entries' ? 1 : 0]);
      }
      expect(
        await app.sql(
          'select actor_id, action, details, ip, user_agent from audit_entries where subject_id = $1',
          [ada.user.id],
        ),
      ).toEqual([{ actor_id: null, action: 'user.erase', details: {}, ip: null, user_agent: null }]);
      // Others keep their data, and the address is free again.
      expect(
        (await app.sql('select 1 from messages where recipient = $1', [`email:${bob.email}`])).length,
      ).toBe(1);
      const newAccount = await signUp(app, email);
      expect(newAccount.user.id).not.toBe(ada.user.id);
    });

    it('leaves the codes and counts of strangers whose address the account asked for', async () => {
      const [claimed, requested] = [newPhone(), newEmail()];
      const ada = await signUp(app, newEmail(), { phone: claimed });
      await app.codeOf(requested, () => ada.patch('/users/me', { email: requested }).expect(200));
      await deleteAccount(ada);
      await undoToken(ada.email);
      await app.ageWhenSent(72 * HOUR);
      const { otp } = await app.codeOf(claimed, () =>
        app.post('/otp/generate', { phone_number: claimed }).expect(200),
      );
      await app.post('/otp/verify', { phone_number: claimed, otp: wrongCode(otp) }).expect(400);
      const { otp: mailed } = await app.codeOf(requested, () =>
        app.post('/otp/generate', { email: requested }),
      );
      await erased(ada.user.id);
      expect(
        await app.sql(`select failures from challenges where recipient = $1 and purpose = 'verification'`, [
          `phone:${claimed}`,
        ]),
      ).toEqual([{ failures: 1 }]);
      await app.post('/otp/verify', { phone_number: claimed, otp }).expect(200);
      await app.post('/otp/verify', { email: requested, otp: mailed }).expect(200);
    });

    it('keeps messages of the new owner of an address that the account had before', async () => {
      const [shared, ada] = [newEmail(), await newUser()];
      await changeContact(app, ada, { email: shared });
      await app.ageWhenSent(COOLDOWN);
      await changeContact(app, ada, { email: newEmail() });
      await app.ageWhenSent(80 * HOUR);
      const bob = await signUp(app, shared);
      await deleteAccount(await signInByCode(app, { email: (await row(ada.user.id))?.email as string }));
      await app.ageWhenSent(72 * HOUR);
      await erased(ada.user.id);
      const kept = await app.sql<{ template: string }>('select template from messages where recipient = $1', [
        `email:${shared}`,
      ]);
      expect(kept).toEqual([{ template: 'code' }]);
      await logIn(app, bob.email);
    });
  });
});
