import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Response } from 'supertest';
import { changeContact, logIn, Person, signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { POSTGRES_URL } from '../support/database.js';
import { raw, type RawReply } from '../support/raw.js';

const PUBLIC_URL = 'https://auth.example.com';
const NOBODYS = '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001';
/** The server and the command line share it. */
const APP_SECRET = 'one for all of them';
const AGENT = 'admin console';

/** Whom each route lets in, beside administrators. A route that is not here is for nobody: add it on purpose. */
const EVERYBODY = `
  GET /.well-known/jwks.json, GET /docs/*, GET /health, GET /health/ready, GET /inbox, GET /inbox/messages,
  GET /inbox/preview, GET /inbox/preview/:template/:locale, GET /metrics, GET /otp/challenges/:id/events,
  GET /otp/challenges/:id, GET /reset, GET /undo, PATCH /api/reset, PATCH /auth/reset, POST /api/login,
  POST /api/register, POST /api/verify, POST /auth/forgot, POST /auth/login, POST /auth/refresh, POST /auth/register,
  POST /auth/send_otp, POST /auth/verify, POST /auth/verify_otp, POST /otp/generate, POST /otp/resend,
  POST /otp/verify, POST /users/contact/undo`;
const USERS = `
  DELETE /auth/sessions/:id, DELETE /customers/:id, GET /api/customers, GET /auth/sessions, GET /customers,
  GET /customers/:id, GET /users/me, GET /users/me/events, PATCH /customers/:id, PATCH /users/me,
  POST /api/customers, POST /customers, POST /users/me/contact/verify, DELETE /auth/sessions, POST /api/logout,
  POST /auth/logout, DELETE /users/me`;
const ADMINS = `
  GET /audit, GET /deliveries, GET /deliveries/:challengeId, GET /users, GET /users/:id, PATCH /users/:id,
  POST /deliveries/unblock`;

const routesOf = (list: string) => list.split(',').map((route) => route.trim());

interface User {
  id: string;
  disabledAt: string | null;
}

function nextOf({ headers }: Response): string {
  const { link = '' } = headers as { link?: string };
  return /^<https:\/\/auth\.example\.com(\/[^>]+)>; rel="next"$/.exec(link)?.[1] ?? '';
}

const problemOf = ({ status, body }: Response) => ({ status, code: (body as { code?: string }).code });

describe('administration', () => {
  let app: TestApp;
  let url = '';
  let people = 0;
  let admin: Person;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4', PUBLIC_URL, APP_SECRET });
    if (POSTGRES_URL) {
      const [row] = await app.sql<{ name: string }>('select current_database() as name');
      url = Object.assign(new URL(POSTGRES_URL), { pathname: `/${row?.name}` }).href;
    }
    admin = await administrator();
  });
  afterAll(() => app?.stop());

  const somebody = () => signUp(app, `somebody-${++people}@example.com`);
  const me = (person: Person) => person.get('/users/me').then(({ status }) => status);

  async function grant(email: string): Promise<string> {
    const env = { ...process.env, NODE_ENV: 'test', DATABASE_URL: url, APP_SECRET };
    return (await promisify(execFile)('node', ['dist/admin-grant.js', email], { env })).stdout;
  }

  async function administrator(): Promise<Person> {
    const { email } = await somebody();
    await app.sql(`update users set roles = '{user,admin}' where email = $1`, [email]);
    return logIn(app, email);
  }

  async function listed(query: string): Promise<User[]> {
    return (await admin.get(`/users?limit=100&${query}`).expect(200)).body as User[];
  }

  async function entries(query: string): Promise<object[]> {
    return (await admin.get(`/audit?${query}`).expect(200)).body as object[];
  }

  // Where a second process may open the database.
  if (POSTGRES_URL)
    it('is granted on the command line, which ends sessions and is recorded', async () => {
      const ada = await somebody();
      expect(await grant(ada.email)).toBe(`${ada.email} is an administrator.\n`);
      expect(await me(ada)).toBe(401);
      const again = await logIn(app, ada.email);
      await again.get('/users').expect(200);
      expect(await entries(`subject=${ada.user.id}`)).toMatchObject([
        { actorId: null, action: 'user.grant_admin', details: {}, ip: null, userAgent: null },
      ]);
      await expect(grant('nobody@example.com')).rejects.toMatchObject({
        code: 1,
        stdout: 'There is no user nobody@example.com.\n',
      });
      await expect(grant('no address')).rejects.toMatchObject({ code: 2 });
    });

  describe('lets in by route (V32)', () => {
    async function ask(route: string, token?: string): Promise<RawReply> {
      const [method = '', path = ''] = route.split(' ');
      const headers = {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(/^P/.test(method) && { 'content-type': 'application/json' }),
      };
      const body = /^P/.test(method) ? '{}' : undefined;
      return raw(app.url, path.replace(/:(id|challengeId)/, NOBODYS).replace('*', ''), {
        method,
        headers,
        body,
      });
    }
    /** Was it let in, whatever came of it? */
    const outcome = ({ status, text }: RawReply) => {
      const code = /"code":"(\w+)"/.exec(text)?.[1];
      if (status === 401 && code === 'token_invalid') return 401;
      if (status === 403 && code === 'forbidden') return 403;
      return status < 500 ? 'in' : status;
    };

    it('everybody, users or administrators, and knows of no other route', async () => {
      const { routes } = await app.inspect();
      const known = [EVERYBODY, USERS, ADMINS].flatMap(routesOf);
      const withHead = known.flatMap((route) => [
        route,
        ...(/^GET/.test(route) ? [`HEAD${route.slice(3)}`] : []),
      ]);
      expect(routes).toEqual(withHead.sort());
    });

    it.each(routesOf(EVERYBODY))('%s: everybody', async (route) => {
      expect(outcome(await ask(route))).toBe('in');
    });

    it.each(routesOf(USERS))('%s: users', async (route) => {
      const [user, other] = [await somebody(), await administrator()];
      expect(outcome(await ask(route))).toBe(401);
      expect(outcome(await ask(route, 'x.y.z'))).toBe(401);
      expect(outcome(await ask(route, user.accessToken))).toBe('in');
      expect(outcome(await ask(route, other.accessToken))).toBe('in');
    });

    it.each(routesOf(ADMINS))('%s: administrators', async (route) => {
      const user = await somebody();
      expect(outcome(await ask(route))).toBe(401);
      expect(outcome(await ask(route, 'x.y.z'))).toBe(401);
      expect(outcome(await ask(route, user.accessToken))).toBe(403);
      expect(outcome(await ask(route, admin.accessToken))).toBe('in');
      expect((await ask(route.replace(/^GET/, 'HEAD'), user.accessToken)).status).toBe(403);
    });
  });

  describe('finds users', () => {
    it('with what an administrator sees of them, and no secret', async () => {
      const ada = await somebody();
      const { body } = await admin.get(`/users/${ada.user.id}`).expect(200);
      const profile = (await ada.get('/users/me').expect(200)).body as object;
      expect(body).toEqual({ ...profile, disabledAt: null });
      expect(await listed(`search=${ada.email}`)).toEqual([body]);
      for (const id of [NOBODYS, 'x', "'%20or%201=1"])
        expect(problemOf(await admin.get(`/users/${id}`))).toEqual({ status: 404, code: 'user_not_found' });
    });

    it('by the beginning of an e-mail address, whatever its case, or of a number', async () => {
      const [ada, bob] = [
        await signUp(app, 'search.ada@example.com'),
        await signUp(app, 'search.bob@example.org', { phone: '+14155550151' }),
      ];
      await changeContact(app, ada, { phone: '+14155550162' });
      const found = async (search: string) =>
        (await listed(`search=${encodeURIComponent(search)}`)).map(({ id }) => id);
      expect(await found('search.')).toEqual([ada.user.id, bob.user.id]);
      expect(await found('SEARCH.Bob@')).toEqual([bob.user.id]);
      expect(await found('+1415555016')).toEqual([ada.user.id]);
      expect(await found('+1415')).toEqual([ada.user.id, bob.user.id]);
      expect(await found('search.ada@example.com')).toEqual([ada.user.id]);
      for (const none of ['earch.', 'search.adaa', '@example.com', '4155', '+2'])
        expect(await found(none)).toEqual([]);
    });

    it.each([
      ...[
        '%',
        '_',
        's%',
        'search.a_a',
        '%@example.com',
        '\\',
        '\\%',
        '*',
        '.*',
        "'",
        "' or '1'='1",
        '"',
        ';--',
      ],
      ...[
        "' union select * from users --",
        "'; drop table users; --",
        "' || pg_sleep(5) || '",
        '$1',
        '${7*7}',
      ],
      ...['{"$gt":""}', '+%', '+1_', '\u{10ffff}', 'ａ', '😀', 'x'.repeat(254)],
    ])('and none by %j, which means nothing but itself (I1)', async (search) => {
      expect(await listed(`search=${encodeURIComponent(search)}`)).toEqual([]);
    });

    it.each([
      ['search=%00', 'search'],
      ['search=a%0ab', 'search'],
      [`search=${'x'.repeat(255)}`, 'search'],
      ['search=a&search=b', 'search'],
      ['search[$gt]=', 'search??gt?'],
      ['limit=101', 'limit'],
      ['cursor=1', 'cursor'],
      ['order=id', 'order'],
    ])('and refuses ?%s', async (query, field) => {
      const { body } = await admin.get(`/users?${query}`).expect(400);
      expect(body).toMatchObject({ code: 'validation_failed', errors: [{ field }] });
    });

    it('page by page, none twice and none lost, in a search too', async () => {
      const made: string[] = [];
      for (let i = 0; i < 5; i++) made.push((await signUp(app, `paged-${i}@example.com`)).user.id);
      const walk = async (start: string) => {
        const seen: string[] = [];
        for (let path = start; path;) {
          const reply: Response = await admin.get(path).expect(200);
          expect((reply.body as User[]).length).toBeLessThanOrEqual(2);
          seen.push(...(reply.body as User[]).map(({ id }) => id));
          path = nextOf(reply);
        }
        return seen;
      };
      expect(await walk('/users?limit=2&search=paged-')).toEqual(made);
      const all = await app.sql<{ id: string }>('select id from users order by id');
      expect(await walk('/users?limit=2')).toEqual(all.map(({ id }) => id));
    });
  });

  describe('changes', () => {
    it('roles at once: tokens of before are good for nothing (J5)', async () => {
      const ada = await somebody();
      const patch = (roles: string[]) => admin.patch(`/users/${ada.user.id}`, { roles }).expect(200);
      expect((await patch(['user', 'admin'])).body).toMatchObject({ roles: ['user', 'admin'] });
      expect(await me(ada)).toBe(401);
      await app.post('/auth/refresh', { refreshToken: ada.refreshToken }).expect(401);
      const promoted = await logIn(app, ada.email);
      await promoted.get('/users').expect(200);
      await patch(['user']);
      expect((await promoted.get('/users')).status).toBe(401);
      expect((await (await logIn(app, ada.email)).get('/users')).status).toBe(403);
    });

    it('whether somebody can sign in, at once, and back', async () => {
      const ada = await somebody();
      const path = `/users/${ada.user.id}`;
      const { body } = await admin.patch(path, { disabled: true }).expect(200);
      expect((body as User).disabledAt).toMatch(/Z$/);
      expect(await me(ada)).toBe(401);
      await app.post('/auth/refresh', { refreshToken: ada.refreshToken }).expect(401);
      const password = 'correct horse battery staple';
      const refused = await app.post('/auth/login', { email: ada.email, password });
      expect(problemOf(refused)).toEqual({ status: 403, code: 'account_disabled' });
      await app.post('/auth/send_otp', { email: ada.email }).expect(201);
      const otp = await app.code(ada.email, 2);
      const byCode = await app.post('/auth/verify_otp', { email: ada.email, otp });
      expect(problemOf(byCode)).toEqual({ status: 403, code: 'account_disabled' });

      expect((await admin.patch(path, { disabled: true })).body).toEqual(body);
      expect((await admin.patch(path, { disabled: false })).body).toMatchObject({ disabledAt: null });
      expect(await me(await logIn(app, ada.email))).toBe(200);
    });

    it('sessions, which end at once, all of them', async () => {
      const ada = await somebody();
      const other = await logIn(app, ada.email);
      await admin.patch(`/users/${ada.user.id}`, { endSessions: true }).expect(200);
      expect([await me(ada), await me(other)]).toEqual([401, 401]);
      expect(await me(await logIn(app, ada.email))).toBe(200);
    });

    it('neither the roles nor the access of whoever asks, however the id is spelt', async () => {
      const { id } = admin.user;
      for (const path of [`/users/${id}`, `/users/${id.toUpperCase()}`])
        for (const body of [{ roles: ['user'] }, { disabled: true }, { roles: ['admin'], endSessions: true }])
          expect(problemOf(await admin.patch(path, body))).toEqual({ status: 409, code: 'own_account' });
      expect(await me(admin)).toBe(200);
    });

    it.each<[object, ...string[]]>([
      [{}],
      [{ endSessions: false }],
      [{ roles: [] }, 'roles'],
      [{ roles: ['root'] }, 'roles'],
      [{ roles: ['user', 'user'] }, 'roles'],
      [{ roles: 'admin' }, 'roles'],
      [{ roles: null }, 'roles'],
      [{ roles: [['admin']] }, 'roles'],
      [{ disabled: 'true' }, 'disabled'],
      [{ endSessions: 1 }, 'endSessions'],
      [{ email: 'eve@example.com' }, 'email'],
      [{ passwordHash: 'x' }, 'passwordHash'],
      [{ disabledAt: null }, 'disabledAt'],
      [{ stamp: 0 }, 'stamp'],
    ])('nothing by %j (M1)', async (body, ...fields) => {
      const ada = await somebody();
      const { body: problem } = await admin.patch(`/users/${ada.user.id}`, body).expect(400);
      expect(problem).toMatchObject({
        code: 'validation_failed',
        errors: fields.map((field) => ({ field })),
      });
      expect(await me(ada)).toBe(200);
      expect(await entries(`subject=${ada.user.id}`)).toEqual([]);
    });
  });

  describe('is recorded', () => {
    it('in entries that say who, what, to whom, when, from where, newest first, by filter and page', async () => {
      const [ada, other] = [await somebody(), await administrator()];
      const path = `/users/${ada.user.id}`;
      const changes = [
        { disabled: true },
        { disabled: false },
        { roles: ['user', 'admin'] },
        { endSessions: true },
      ];
      for (const change of changes) await other.patch(path, change).set('user-agent', AGENT).expect(200);
      await other.patch(`/users/${NOBODYS}`, { disabled: true }).expect(404);

      const recorded = changes.reverse().map((details) => ({
        id: expect.any(String),
        at: expect.stringMatching(/Z$/),
        actorId: other.user.id,
        action: 'user.update',
        subjectId: ada.user.id,
        details,
        ip: '127.0.0.1',
        userAgent: AGENT,
      }));
      expect(await entries(`subject=${ada.user.id}`)).toEqual(recorded);
      expect(await entries(`actor=${other.user.id}`)).toEqual(recorded);
      expect(await entries(`actor=${other.user.id}&subject=${admin.user.id}`)).toEqual([]);
      const first = await admin.get(`/audit?subject=${ada.user.id}&limit=3`).expect(200);
      const second = await admin.get(nextOf(first)).expect(200);
      expect([...(first.body as object[]), ...(second.body as object[])]).toEqual(recorded);
      expect(nextOf(second)).toBe('');
      for (const query of ['subject=x', 'actor=1', 'cursor=x', 'action=user.update'])
        await admin.get(`/audit?${query}`).expect(400);
    });

    it('for good: entries are never changed, and outlive the account with its ids only', async () => {
      const ada = await somebody();
      await admin.patch(`/users/${ada.user.id}`, { roles: ['user'] }).expect(200);
      for (const statement of [
        `update audit_entries set actor_id = null`,
        'delete from audit_entries',
        'truncate audit_entries',
      ])
        await expect(app.sql(statement)).rejects.toThrow('audit_entries is append-only');
      const before = await entries(`subject=${ada.user.id}`);
      expect(before).toHaveLength(1);
      await (await logIn(app, ada.email)).delete('/users/me').expect(204);
      expect(await entries(`subject=${ada.user.id}`)).toEqual(before);
      expect(JSON.stringify(before)).not.toContain('@example');
    });

    it('and when the record fails, so does what was to be recorded', async () => {
      const ada = await somebody();
      await app.sql('alter table audit_entries add constraint none check (false) not valid');
      await admin.patch(`/users/${ada.user.id}`, { disabled: true }).expect(500);
      await app.sql('alter table audit_entries drop constraint none');
      expect(await me(ada)).toBe(200);
      expect((await admin.get(`/users/${ada.user.id}`)).body).toMatchObject({ disabledAt: null });
    });
  });
});
