import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Response } from 'supertest';
import { changeContact, logIn, Person, signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { runCommand, runProcess } from '../support/command.js';
import { POSTGRES_URL } from '../support/database.js';
import { raw, type RawReply } from '../support/raw.js';
import { ServerProcess } from '../support/server.js';

const PUBLIC_URL = 'https://auth.example.com';
const UNKNOWN_ID = '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001';
/** Shared by the server and the command-line tool. */
const APP_SECRET = 'one for all of them';
const USER_AGENT = 'admin console';

/**
 * Who may call each route. Administrators may call all of them. A test fails for a route that is
 * missing here, so the access of a new route is always a deliberate choice.
 */
const PUBLIC_ROUTES = `
  GET /, GET /.well-known/jwks.json, GET /account, GET /assets/*, GET /console, GET /demo, GET /docs/*, GET /elements.js, GET /health,
  GET /health/ready, GET /inbox, GET /inbox/events, GET /inbox/messages, GET /inbox/preview,
  GET /inbox/templates, GET /inbox/templates/:template/:locale, GET /metrics,
  GET /otp/challenges/:id/events, GET /otp/challenges/:id, GET /proof-worker.js, GET /reset, GET /sign-in,
  GET /undo, GET /undo-deletion,
  PATCH /api/reset, PATCH /auth/reset, POST /api/login, POST /api/register, POST /api/verify,
  POST /auth/forgot, POST /auth/link, POST /auth/login, POST /auth/refresh, POST /auth/register,
  POST /auth/send_otp, POST /auth/verify, POST /auth/verify_otp, POST /otp/generate,
  POST /otp/resend, POST /otp/verify, POST /users/contact/undo, POST /users/deletion/undo`;
const USER_ROUTES = `
  DELETE /auth/sessions/:id, DELETE /customers/:id, GET /api/customers, GET /auth/sessions,
  GET /customers, GET /customers/:id, GET /users/me, GET /users/me/events, GET /users/me/export, PATCH /customers/:id,
  PATCH /users/me, POST /api/customers, POST /customers, POST /users/me/contact/verify,
  DELETE /auth/sessions, POST /api/logout, POST /auth/logout, DELETE /users/me`;
const ADMIN_ROUTES = `
  DELETE /users/:id, GET /audit, GET /deliveries, GET /deliveries/:challengeId, GET /users,
  GET /users/:id, GET /users/:id/events, PATCH /users/:id, POST /deliveries/unblock, POST /users`;

const parseRoutes = (list: string) => list.split(',').map((route) => route.trim());

interface User {
  id: string;
  disabledAt: string | null;
}

function nextPath({ headers }: Response): string {
  const { link = '' } = headers as { link?: string };
  return /^<https:\/\/auth\.example\.com(\/[^>]+)>; rel="next"$/.exec(link)?.[1] ?? '';
}

const problemOf = ({ status, body }: Response) => ({
  status,
  code: (body as { code?: string }).code,
});

describe('administration', () => {
  let app: TestApp;
  let url = '';
  let userCount = 0;
  let admin: Person;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4', PUBLIC_URL, APP_SECRET });
    if (POSTGRES_URL) {
      const [row] = await app.sql<{ name: string }>('select current_database() as name');
      url = Object.assign(new URL(POSTGRES_URL), { pathname: `/${row?.name}` }).href;
    }
    admin = await newAdmin();
  });
  afterAll(() => app?.stop());

  const newUser = () => signUp(app, `somebody-${++userCount}@example.com`);
  const profileStatus = (person: Person) => person.get('/users/me').then(({ status }) => status);

  const grantAdmin = (email: string) =>
    runCommand(['admin:grant', email], { NODE_ENV: 'test', DATABASE_URL: url, APP_SECRET });

  async function newAdmin(): Promise<Person> {
    const { email } = await newUser();
    await app.sql(`update users set roles = '{user,admin}' where email = $1`, [email]);
    return logIn(app, email);
  }

  async function listUsers(query: string): Promise<User[]> {
    return (await admin.get(`/users?limit=100&${query}`).expect(200)).body as User[];
  }

  async function auditEntries(query: string): Promise<object[]> {
    return (await admin.get(`/audit?${query}`).expect(200)).body as object[];
  }

  // Only PostgreSQL lets a second process open the database.
  if (POSTGRES_URL)
    it('grants the admin role on the command line, ends sessions and records it', async () => {
      const ada = await newUser();
      expect(await grantAdmin(ada.email)).toEqual({
        code: 0,
        stdout: `${ada.email} is an administrator.\n`,
        stderr: '',
      });
      expect(await profileStatus(ada)).toBe(401);
      const afterGrant = await logIn(app, ada.email);
      await afterGrant.get('/users').expect(200);
      expect(await auditEntries(`subject=${ada.user.id}`)).toMatchObject([
        { actorId: null, action: 'user.grant_admin', details: {}, ip: null, userAgent: null },
      ]);
      expect(await grantAdmin('nobody@example.com')).toMatchObject({
        code: 1,
        stdout: 'There is no user nobody@example.com.\n',
      });
      expect(await grantAdmin('no address')).toMatchObject({ code: 2 });
    });

  describe('command line', () => {
    it.each([
      ['A command is missing.', []],
      ['Unknown command: grant.', ['grant']],
      ['Unknown command: constructor.', ['constructor']],
      ["Unknown option '--force'.", ['admin:grant', '--force']],
      ['admin:grant takes <e-mail>.', ['admin:grant']],
      ['admin:grant takes <e-mail>.', ['admin:grant', 'ada@example.com', 'bob@example.com']],
      ['Not an e-mail address: ada', ['admin:grant', 'ada']],
      ['openapi takes no arguments.', ['openapi', 'x']],
    ])('exits with code 2 and prints "%s" with the usage', async (message, args) => {
      const { code, stdout, stderr } = await runCommand(args);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr.startsWith(message)).toBe(true);
      expect(stderr).toContain('Usage: node dist/cli.js <command>');
      expect(stderr).toContain('admin:grant <e-mail>');
    });

    it('names the process that uses the embedded database and says what to do', async () => {
      const DATA_DIR = mkdtempSync(join(tmpdir(), 'otp-cli-'));
      const server = await ServerProcess.start({ NODE_ENV: 'test', DATA_DIR });
      try {
        expect(await runCommand(['admin:grant', 'ada@example.com'], { NODE_ENV: 'test', DATA_DIR })).toEqual({
          code: 1,
          stdout: '',
          stderr:
            `The embedded database is in use by process ${server.child.pid}: stop the server, run this ` +
            'command and start the server again, or set DATABASE_URL to use PostgreSQL.\n',
        });
        expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);
      } finally {
        await server.stop();
        rmSync(DATA_DIR, { recursive: true });
      }
    });

    it.each(['admin:grant', 'audit:verify', 'openapi'])(
      '`pnpm %s` says how to build a server that is not built',
      async (name) => {
        const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
          scripts: Record<string, string>;
        };
        const folder = mkdtempSync(join(tmpdir(), 'otp-cli-'));
        const result = await runProcess('sh', ['-c', scripts[name] ?? ''], {}, folder);
        rmSync(folder, { recursive: true });
        expect(result).toEqual({
          code: 1,
          stdout: '',
          stderr: 'The server is not built. Run: pnpm build\n',
        });
      },
    );
  });

  describe('access by route', () => {
    async function requestRoute(route: string, token?: string): Promise<RawReply> {
      const [method = '', path = ''] = route.split(' ');
      const headers = {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(/^P/.test(method) && { 'content-type': 'application/json' }),
      };
      const body = /^P/.test(method) ? '{}' : undefined;
      return raw(app.url, path.replace(/:(id|challengeId)/, UNKNOWN_ID).replace('*', ''), {
        // The stream of the inbox does not end.
        method: path === '/inbox/events' ? 'HEAD' : method,
        headers,
        body,
      });
    }
    /** `in` if the route granted access, whatever it replied then. Otherwise the status. */
    const accessDecision = ({ status, text }: RawReply) => {
      const code = /"code":"(\w+)"/.exec(text)?.[1];
      if (status === 401 && code === 'token_invalid') return 401;
      if (status === 403 && code === 'forbidden') return 403;
      return status < 500 ? 'in' : status;
    };

    it('lists every served route under public, user or admin', async () => {
      const { routes } = await app.inspect();
      const known = [PUBLIC_ROUTES, USER_ROUTES, ADMIN_ROUTES].flatMap(parseRoutes);
      const knownWithHead = known.flatMap((route) => [
        route,
        ...(/^GET/.test(route) ? [`HEAD${route.slice(3)}`] : []),
      ]);
      expect(routes).toEqual(knownWithHead.sort());
    });

    it.each(parseRoutes(PUBLIC_ROUTES))('%s is public', async (route) => {
      expect(accessDecision(await requestRoute(route))).toBe('in');
    });

    it.each(parseRoutes(USER_ROUTES))('%s requires a signed-in user', async (route) => {
      const [user, otherAdmin] = [await newUser(), await newAdmin()];
      expect(accessDecision(await requestRoute(route))).toBe(401);
      expect(accessDecision(await requestRoute(route, 'x.y.z'))).toBe(401);
      expect(accessDecision(await requestRoute(route, user.accessToken))).toBe('in');
      expect(accessDecision(await requestRoute(route, otherAdmin.accessToken))).toBe('in');
    });

    it.each(parseRoutes(ADMIN_ROUTES))('%s requires an administrator', async (route) => {
      const user = await newUser();
      expect(accessDecision(await requestRoute(route))).toBe(401);
      expect(accessDecision(await requestRoute(route, 'x.y.z'))).toBe(401);
      expect(accessDecision(await requestRoute(route, user.accessToken))).toBe(403);
      expect(accessDecision(await requestRoute(route, admin.accessToken))).toBe('in');
      expect((await requestRoute(route.replace(/^GET/, 'HEAD'), user.accessToken)).status).toBe(403);
    });

    it.each(parseRoutes(ADMIN_ROUTES).filter((route) => !route.startsWith('GET ')))(
      '%s requires a sign-in within ten minutes',
      async (route) => {
        const { email, user, accessToken } = await newAdmin();
        const older = `update sessions set authenticated_at = authenticated_at - interval '601 seconds' where user_id = $1`;
        await app.sql(older, [user.id]);
        const { status, text } = await requestRoute(route, accessToken);
        expect([status, JSON.parse(text)]).toMatchObject([401, { code: 'reauthentication_required' }]);
        // The body is empty and the user unknown, so a call that is let in fails for another reason.
        const signedInAgain = await requestRoute(route, (await logIn(app, email)).accessToken);
        expect([400, 404]).toContain(signedInAgain.status);
      },
    );
  });

  describe('user search', () => {
    it('returns the admin view of a user without secrets', async () => {
      const ada = await newUser();
      const { body } = await admin.get(`/users/${ada.user.id}`).expect(200);
      const profile = (await ada.get('/users/me').expect(200)).body as object;
      expect(body).toEqual({ ...profile, invitationPending: false, disabledAt: null });
      expect(await listUsers(`search=${ada.email}`)).toEqual([body]);
      for (const id of [UNKNOWN_ID, 'x', "'%20or%201=1"])
        expect(problemOf(await admin.get(`/users/${id}`))).toEqual({
          status: 404,
          code: 'user_not_found',
        });
    });

    it('matches the start of an e-mail address in any case, or of a phone number', async () => {
      const [ada, bob] = [
        await signUp(app, 'search.ada@example.com'),
        await signUp(app, 'search.bob@example.org', { phone: '+14155550151' }),
      ];
      await changeContact(app, ada, { phone: '+14155550162' });
      const searchIds = async (search: string) =>
        (await listUsers(`search=${encodeURIComponent(search)}`)).map(({ id }) => id);
      expect(await searchIds('search.')).toEqual([ada.user.id, bob.user.id]);
      expect(await searchIds('SEARCH.Bob@')).toEqual([bob.user.id]);
      expect(await searchIds('+1415555016')).toEqual([ada.user.id]);
      expect(await searchIds('+1415')).toEqual([ada.user.id, bob.user.id]);
      expect(await searchIds('search.ada@example.com')).toEqual([ada.user.id]);
      for (const prefix of ['earch.', 'search.adaa', '@example.com', '4155', '+2'])
        expect(await searchIds(prefix)).toEqual([]);
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
    ])('treats %j as literal text and finds no user', async (search) => {
      expect(await listUsers(`search=${encodeURIComponent(search)}`)).toEqual([]);
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
    ])('rejects ?%s', async (query, field) => {
      const { body } = await admin.get(`/users?${query}`).expect(400);
      expect(body).toMatchObject({ code: 'validation_failed', errors: [{ field }] });
    });

    it('pages without duplicates or gaps, also within a search', async () => {
      const created: string[] = [];
      for (let i = 0; i < 5; i++) created.push((await signUp(app, `paged-${i}@example.com`)).user.id);
      const collectIds = async (start: string) => {
        const seen: string[] = [];
        for (let path = start; path;) {
          const reply: Response = await admin.get(path).expect(200);
          expect((reply.body as User[]).length).toBeLessThanOrEqual(2);
          seen.push(...(reply.body as User[]).map(({ id }) => id));
          path = nextPath(reply);
        }
        return seen;
      };
      expect(await collectIds('/users?limit=2&search=paged-')).toEqual(created);
      const all = await app.sql<{ id: string }>('select id from users order by id');
      expect(await collectIds('/users?limit=2')).toEqual(all.map(({ id }) => id));
    });
  });

  describe('user updates', () => {
    it('changes roles at once and revokes earlier tokens', async () => {
      const ada = await newUser();
      const patch = (roles: string[]) => admin.patch(`/users/${ada.user.id}`, { roles }).expect(200);
      expect((await patch(['user', 'admin'])).body).toMatchObject({ roles: ['user', 'admin'] });
      expect(await profileStatus(ada)).toBe(401);
      await app.post('/auth/refresh', { refreshToken: ada.refreshToken }).expect(401);
      const promoted = await logIn(app, ada.email);
      await promoted.get('/users').expect(200);
      await patch(['user']);
      expect((await promoted.get('/users')).status).toBe(401);
      expect((await (await logIn(app, ada.email)).get('/users')).status).toBe(403);
    });

    it('disables an account at once and enables it again', async () => {
      const ada = await newUser();
      const path = `/users/${ada.user.id}`;
      const { body } = await admin.patch(path, { disabled: true }).expect(200);
      expect((body as User).disabledAt).toMatch(/Z$/);
      expect(await profileStatus(ada)).toBe(401);
      await app.post('/auth/refresh', { refreshToken: ada.refreshToken }).expect(401);
      const password = 'correct horse battery staple';
      const refused = await app.post('/auth/login', { email: ada.email, password });
      expect(problemOf(refused)).toEqual({ status: 403, code: 'account_disabled' });
      await app.post('/auth/send_otp', { email: ada.email }).expect(201);
      const otp = await app.code(ada.email, 2);
      const byCode = await app.post('/auth/verify_otp', { email: ada.email, otp });
      expect(problemOf(byCode)).toEqual({ status: 403, code: 'account_disabled' });

      expect((await admin.patch(path, { disabled: true })).body).toEqual(body);
      expect((await admin.patch(path, { disabled: false })).body).toMatchObject({
        disabledAt: null,
      });
      expect(await profileStatus(await logIn(app, ada.email))).toBe(200);
    });

    it('ends all sessions at once', async () => {
      const ada = await newUser();
      const otherSession = await logIn(app, ada.email);
      await admin.patch(`/users/${ada.user.id}`, { endSessions: true }).expect(200);
      expect([await profileStatus(ada), await profileStatus(otherSession)]).toEqual([401, 401]);
      expect(await profileStatus(await logIn(app, ada.email))).toBe(200);
    });

    it("rejects changes to the caller's own account, whatever the case of the id", async () => {
      await newAdmin();
      const { id } = admin.user;
      for (const path of [`/users/${id}`, `/users/${id.toUpperCase()}`])
        for (const body of [{ roles: ['user'] }, { disabled: true }, { roles: ['admin'], endSessions: true }])
          expect(problemOf(await admin.patch(path, body))).toEqual({
            status: 409,
            code: 'own_account',
          });
      expect(await profileStatus(admin)).toBe(200);
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
      [{ securityStamp: 0 }, 'securityStamp'],
    ])('rejects the body %j and changes nothing', async (body, ...fields) => {
      const ada = await newUser();
      const { body: problem } = await admin.patch(`/users/${ada.user.id}`, body).expect(400);
      expect(problem).toMatchObject({
        code: 'validation_failed',
        errors: fields.map((field) => ({ field })),
      });
      expect(await profileStatus(ada)).toBe(200);
      expect(await auditEntries(`subject=${ada.user.id}`)).toEqual([]);
    });
  });

  describe('audit log', () => {
    it('records actor, action, subject, time and client, with filters and pages', async () => {
      const [ada, otherAdmin] = [await newUser(), await newAdmin()];
      const path = `/users/${ada.user.id}`;
      const changes = [
        { disabled: true },
        { disabled: false },
        { roles: ['user', 'admin'] },
        { endSessions: true },
      ];
      for (const change of changes)
        await otherAdmin.patch(path, change).set('user-agent', USER_AGENT).expect(200);
      await otherAdmin.patch(`/users/${UNKNOWN_ID}`, { disabled: true }).expect(404);

      const expected = changes.reverse().map((details) => ({
        id: expect.any(String),
        at: expect.stringMatching(/Z$/),
        actorId: otherAdmin.user.id,
        action: 'user.update',
        subjectId: ada.user.id,
        details,
        ip: '127.0.0.1',
        userAgent: USER_AGENT,
      }));
      expect(await auditEntries(`subject=${ada.user.id}`)).toEqual(expected);
      expect(await auditEntries(`actor=${otherAdmin.user.id}`)).toEqual(expected);
      expect(await auditEntries(`actor=${otherAdmin.user.id}&subject=${admin.user.id}`)).toEqual([]);
      const first = await admin.get(`/audit?subject=${ada.user.id}&limit=3`).expect(200);
      const second = await admin.get(nextPath(first)).expect(200);
      expect([...(first.body as object[]), ...(second.body as object[])]).toEqual(expected);
      expect(nextPath(second)).toBe('');
      for (const query of ['subject=x', 'actor=1', 'cursor=x', 'action=user.update'])
        await admin.get(`/audit?${query}`).expect(400);
    });

    it('never changes entries and keeps them after the account is deleted', async () => {
      const ada = await newUser();
      await admin.patch(`/users/${ada.user.id}`, { roles: ['user'] }).expect(200);
      for (const statement of [
        `update audit_entries set actor_id = null`,
        'delete from audit_entries',
        'truncate audit_entries',
      ])
        await expect(app.sql(statement)).rejects.toThrow('audit_entries is append-only');
      const before = await auditEntries(`subject=${ada.user.id}`);
      expect(before).toHaveLength(1);
      await (await logIn(app, ada.email)).delete('/users/me').expect(204);
      expect(await auditEntries(`subject=${ada.user.id}`)).toEqual(before);
      expect(JSON.stringify(before)).not.toContain('@example');
    });

    it('rolls back the change when its entry cannot be written', async () => {
      const ada = await newUser();
      await app.sql('alter table audit_entries add constraint none check (false) not valid');
      await admin.patch(`/users/${ada.user.id}`, { disabled: true }).expect(500);
      await app.sql('alter table audit_entries drop constraint none');
      expect(await profileStatus(ada)).toBe(200);
      expect((await admin.get(`/users/${ada.user.id}`)).body).toMatchObject({ disabledAt: null });
    });
  });
});
