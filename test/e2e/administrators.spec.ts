import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Response } from 'supertest';
import { logIn, type Person, signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { Client } from '../support/client.js';
import { runCommand } from '../support/command.js';
import { ServerProcess } from '../support/server.js';
import { until } from '../support/until.js';

interface Entry {
  action: string;
  subjectId: string | null;
  details: object;
}

const problemOf = ({ status, body }: Response) => ({ status, code: (body as { code?: string }).code });

describe('administrators', () => {
  let app: TestApp;
  let people = 0;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4', PUBLIC_URL: 'https://auth.example.com' });
  });
  afterAll(() => app?.stop());

  const newUser = () => signUp(app, `person-${++people}@example.com`);

  async function newAdmin(): Promise<Person> {
    const { email } = await newUser();
    await app.sql(`update users set roles = '{user,admin}' where email = $1`, [email]);
    return logIn(app, email);
  }

  /** Makes the others ordinary users. */
  async function onlyAdmin(): Promise<Person> {
    await app.sql(`update users set roles = '{user}'`);
    return newAdmin();
  }

  /** What an administrator did, oldest first. */
  const entriesOf = (actor: Person) =>
    app.sql<Entry>(
      `select action, subject_id as "subjectId", details from audit_entries where actor_id = $1 order by seq`,
      [actor.user.id],
    );

  /** Waits for a mail to the address that matches, and returns its text. */
  const mailTo = (email: string, pattern: RegExp) =>
    until(`a mail to ${email} that matches ${String(pattern)}`, async () =>
      (await app.messages(email)).map(({ text }) => text).find((text) => pattern.test(text)),
    );

  describe('reading personal data', () => {
    it('is in the audit log, with who read what, and with masked addresses only', async () => {
      const [admin, ada] = [await newAdmin(), await newUser()];
      const { body } = await app.post('/auth/send_otp', { email: ada.email }).expect(201);
      const { id: challengeId } = (body as { challenge: { id: string } }).challenge;
      const masked = 'p•••@example.com';
      await admin.get('/users').expect(200);
      await admin.get(`/users?search=${ada.email.toUpperCase()}`).expect(200);
      await admin.get('/users?search=%2B14155550123').expect(200);
      await admin.get(`/users?cursor=${ada.user.id}&limit=1`).expect(200);
      await admin.get(`/users/${ada.user.id}`).expect(200);
      await admin.get(`/users/${ada.user.id}/events`).expect(200);
      await admin.get(`/deliveries?recipient=${ada.email}`).expect(200);
      await admin.get(`/deliveries/${challengeId}`).expect(200);
      expect(await entriesOf(admin)).toEqual([
        { action: 'user.list', subjectId: null, details: {} },
        { action: 'user.list', subjectId: null, details: { search: masked } },
        { action: 'user.list', subjectId: null, details: { search: '+14•••' } },
        { action: 'user.list', subjectId: null, details: { cursor: ada.user.id } },
        { action: 'user.read', subjectId: ada.user.id, details: {} },
        { action: 'user.read_events', subjectId: ada.user.id, details: {} },
        { action: 'delivery.read', subjectId: null, details: { recipient: masked } },
        { action: 'delivery.read', subjectId: null, details: { recipient: masked, challengeId } },
      ]);
      const [{ text = '' } = {}] = await app.sql<{ text: string }>(
        `select string_agg(audit_entries::text, '') as text from audit_entries`,
      );
      expect(text.toLowerCase()).not.toContain(ada.email);
      expect(text).not.toContain('+1415555');
    });

    it('returns nothing if the entry cannot be written', async () => {
      const [admin, ada] = [await newAdmin(), await newUser()];
      await app.sql('alter table audit_entries add constraint none check (false) not valid');
      for (const path of [
        '/users',
        `/users/${ada.user.id}`,
        `/users/${ada.user.id}/events`,
        `/deliveries?recipient=${ada.email}`,
      ])
        expect(problemOf(await admin.get(path))).toEqual({ status: 500, code: 'internal_error' });
      await app.sql('alter table audit_entries drop constraint none');
    });
  });

  describe('events of a user', () => {
    it('are the pages that the user sees', async () => {
      const [admin, ada] = [await newAdmin(), await newUser()];
      const own = await ada.get('/users/me/events').expect(200);
      const path = `/users/${ada.user.id}/events`;
      expect((await admin.get(path).expect(200)).body).toEqual(own.body);
      const first = await admin.get(`${path}?limit=1`).expect(200);
      expect(first.headers.link).toMatch(`<https://auth.example.com${path}?limit=1&cursor=`);
      expect(first.body).toEqual((own.body as object[]).slice(0, 1));
      for (const id of ['x', admin.user.id.replace(/^./, 'f')])
        expect(problemOf(await admin.get(`/users/${id}/events`))).toEqual({
          status: 404,
          code: 'user_not_found',
        });
      await admin.get(`${path}?limit=0`).expect(400);
    });
  });

  describe('notices of role changes', () => {
    it('go to the user and to all administrators, and only if the roles changed', async () => {
      const admin = await onlyAdmin();
      const [other, ada] = [await newAdmin(), await newUser()];
      const patch = (body: object) => admin.patch(`/users/${ada.user.id}`, body).expect(200);
      await patch({ roles: ['user'] });
      await patch({ roles: ['admin', 'user'] });
      await patch({ roles: ['user', 'admin'], endSessions: true });
      await patch({ roles: ['user'] });
      await mailTo(ada.email, /The roles of your account were changed\. They are now: user$/m);
      for (const { email } of [admin, other])
        await mailTo(email, /The roles of the account p•••@example\.com were changed\. They are now: user$/m);
      for (const { email } of [ada, admin, other]) {
        const texts = (await app.messages(email)).map(({ text }) => text);
        expect(texts.filter((text) => text.includes('were changed'))).toHaveLength(2);
      }
    });

    it('are in the language of the request', async () => {
      const [admin, ada] = [await newAdmin(), await newUser()];
      await admin.patch(`/users/${ada.user.id}`, { roles: ['admin'] }).set('accept-language', 'de');
      await mailTo(ada.email, /Die Rollen Ihres Kontos wurden geändert\. Sie sind jetzt: admin$/m);
    });

    it('roll back with the change', async () => {
      const [admin, ada] = [await newAdmin(), await newUser()];
      await app.sql('alter table audit_entries add constraint none check (false) not valid');
      await admin.patch(`/users/${ada.user.id}`, { roles: ['admin'] }).expect(500);
      await app.sql('alter table audit_entries drop constraint none');
      const queued = `select id from messages where recipient = $1 and template = 'roles_changed'`;
      expect(await app.sql(queued, [`email:${ada.email}`])).toEqual([]);
    });
  });

  describe('the only administrator', () => {
    const refusal = { status: 409, code: 'last_administrator' };

    it('cannot be demoted, disabled or deleted by any route', async () => {
      const admin = await onlyAdmin();
      const own = `/users/${admin.user.id}`;
      for (const body of [{ roles: ['user'] }, { disabled: true }])
        expect(problemOf(await admin.patch(own, body))).toEqual(refusal);
      expect(problemOf(await admin.delete(own))).toEqual(refusal);
      expect(problemOf(await admin.delete('/users/me'))).toEqual(refusal);
      await admin.get('/users').expect(200);
    });

    it('is not replaced by a disabled or merely invited administrator', async () => {
      const [admin, disabled] = [await onlyAdmin(), await newAdmin()];
      await admin.patch(`/users/${disabled.user.id}`, { disabled: true }).expect(200);
      await admin.post('/users', { email: 'nobody@example.com', roles: ['admin'] }).expect(201);
      expect(problemOf(await admin.delete('/users/me'))).toEqual(refusal);
    });

    it('may go once another one is appointed', async () => {
      const [admin, ada] = [await onlyAdmin(), await newUser()];
      await admin.patch(`/users/${ada.user.id}`, { roles: ['user', 'admin'] }).expect(200);
      await admin.delete('/users/me').expect(204);
      await (await logIn(app, ada.email)).get('/users').expect(200);
    });
  });

  describe('deleting a user', () => {
    it('ends the sessions, removes everything and keeps the id in the audit log', async () => {
      const [admin, ada] = [await newAdmin(), await newUser()];
      const path = `/users/${ada.user.id}`;
      await ada.post('/customers', { address: '1 Main St' }).expect(201);
      await admin.delete(path.toUpperCase().replace('USERS', 'users')).expect(204);
      await ada.get('/users/me').expect(401);
      await app.post('/auth/refresh', { refreshToken: ada.refreshToken }).expect(401);
      for (const table of ['sessions', 'devices', 'account_events'])
        expect(await app.sql(`select 1 from ${table} where user_id = $1`, [ada.user.id])).toEqual([]);
      expect(await app.sql('select 1 from customers where owner_id = $1', [ada.user.id])).toEqual([]);
      expect((await entriesOf(admin)).at(-1)).toEqual({
        action: 'user.delete',
        subjectId: ada.user.id,
        details: {},
      });
      for (const id of [ada.user.id, 'x'])
        expect(problemOf(await admin.delete(`/users/${id}`))).toEqual({
          status: 404,
          code: 'user_not_found',
        });
      await signUp(app, ada.email);
    });

    it('tells the other administrators if it was one of them', async () => {
      const admin = await onlyAdmin();
      const [other, ada] = [await newAdmin(), await newUser()];
      await admin.delete(`/users/${ada.user.id}`).expect(204);
      await admin.delete(`/users/${other.user.id}`).expect(204);
      await mailTo(admin.email, /The account p•••@example\.com, which had the role .* was deleted/);
      const texts = (await app.messages(admin.email)).map(({ text }) => text);
      expect(texts.filter((text) => text.includes('was deleted'))).toHaveLength(1);
    });

    it("rejects the caller's own account if another administrator is left", async () => {
      const [admin] = [await newAdmin(), await newAdmin()];
      expect(problemOf(await admin.delete(`/users/${admin.user.id}`))).toEqual({
        status: 409,
        code: 'own_account',
      });
    });
  });

  it('keeps a chain that the command line checks on the embedded database', async () => {
    const DATA_DIR = mkdtempSync(join(tmpdir(), 'otp-chain-'));
    const settings = { NODE_ENV: 'test', DATA_DIR };
    const server = await ServerProcess.start(settings);
    await signUp(new Client(server.url), 'ada@example.com').finally(() => server.stop());
    await runCommand(['admin:grant', 'ada@example.com'], settings);
    expect(await runCommand(['audit:verify'], settings)).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^The audit log is intact\. Entries: 1\. Head: [0-9a-f]{64}\.\n$/),
      stderr: '',
    });
    rmSync(DATA_DIR, { recursive: true });
  });
});
