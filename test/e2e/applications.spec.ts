import { decodeJwt } from 'jose';
import { logIn, PASSWORD, signUp, type Person } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import {
  ApplicationClient,
  basic,
  createApplication,
  type ApplicationReply,
} from '../support/applications.js';
import { POSTGRES_URL } from '../support/database.js';
import { raw } from '../support/raw.js';

const ORIGIN = 'https://shop.acme.test';
const WRONG_SECRET = `app_secret_${'x'.repeat(43)}`;
const UNKNOWN_ID = `app_${'0'.repeat(31)}`;
const CONTEXT = { amount: '39.99 EUR', payee: 'Acme' };

/** The application with an administrator. */
async function startWithAdmin(settings: Record<string, string> = {}) {
  const app = await TestApp.start({ BCRYPT_COST: '4', ...settings });
  await signUp(app, 'admin@example.com');
  await app.sql(`update users set roles = '{user,admin}'`);
  return { app, admin: await logIn(app, 'admin@example.com') };
}

describe('applications', () => {
  let app: TestApp;
  let admin: Person;
  let server: ApplicationClient;
  let browser: ApplicationClient;
  let people = 0;
  const newEmail = () => `somebody-${++people}@example.com`;
  const create = (fields: object = {}) => createApplication(app, admin, fields);
  beforeAll(async () => {
    ({ app, admin } = await startWithAdmin());
    server = await create();
    browser = await create({ kind: 'browser', origins: [ORIGIN, 'https://*.pages.acme.test'] });
  });
  afterAll(() => app?.stop());

  /** Sends a code and verifies it, and returns the claims of the proof. */
  async function prove(client: ApplicationClient, more: object = {}): Promise<Record<string, unknown>> {
    const email = newEmail();
    const { otp } = await app.codeOf(email, () =>
      client.post('/otp/generate', { email, ...more }).expect(200),
    );
    const { body } = await client
      .post('/otp/verify', { email, otp, ...more, metadata: undefined })
      .expect(200);
    return decodeJwt((body as { proof: string }).proof);
  }

  describe('management', () => {
    it('shows the secret once and stores its SHA-256 only', async () => {
      const { body } = await admin
        .post('/applications', { name: 'Shop', kind: 'server', audience: 'https://api.acme.test' })
        .expect(201);
      const { id, secret = '' } = body as ApplicationReply;
      expect(body).toEqual({
        id: expect.stringMatching(/^app_[\w-]{22,}$/),
        secret: expect.stringMatching(/^app_secret_[\w-]{43}$/),
        name: 'Shop',
        kind: 'server',
        purposes: null,
        channels: null,
        countries: null,
        origins: [],
        audience: 'https://api.acme.test',
        brandName: null,
        smsHost: null,
        limits: { messagesPerMinute: 600, messagesPerDay: null, spendPerDay: null },
        createdAt: expect.any(String),
        disabledAt: null,
        previousSecretExpiresAt: null,
      });
      const shown = await admin.get(`/applications/${id}`).expect(200);
      expect({ ...(shown.body as object), secret }).toEqual(body);
      expect(shown.body).not.toHaveProperty('secret');
      const [row] = await app.sql<{ hash: string; dump: string }>(
        `select encode(secret_hash, 'hex') as hash, a::text as dump from applications a where id = $1`,
        [id],
      );
      expect(row?.hash).toMatch(/^[0-9a-f]{64}$/);
      expect(row?.dump).not.toContain(secret);
    });

    it('gives a browser application no secret', async () => {
      const { body } = await admin
        .post('/applications', { name: 'Front', kind: 'browser', origins: [ORIGIN] })
        .expect(201);
      expect(body).not.toHaveProperty('secret');
      const refused = await admin.post(`/applications/${(body as ApplicationReply).id}/secret`, {});
      expect([refused.status, refused.body.code]).toEqual([409, 'application_has_no_secret']);
    });

    it.each<[string, object]>([
      ['kind', { kind: 'mobile' }],
      ['kind', { kind: undefined }],
      ['name', { name: '' }],
      ['name', { name: 'two\nlines' }],
      ['purposes', { purposes: [] }],
      ['purposes', { purposes: ['Login'] }],
      ['purposes', { purposes: ['checkout', 'checkout'] }],
      ['purposes', { purposes: 'checkout' }],
      ['channels', { channels: ['fax'] }],
      ['countries', { countries: ['XX'] }],
      ['countries', { countries: [1] }],
      ['origins', { kind: 'browser', origins: ['*'] }],
      ['origins', { kind: 'browser', origins: ['https://shop.acme.test/'] }],
      ['origins', { kind: 'server', origins: [ORIGIN] }],
      ['origins', { kind: 'browser', origins: null }],
      ['audience', { audience: 'with blank' }],
      ['brandName', { brandName: 'https://evil.test' }],
      ['limits', { limits: { messagesPerMinute: null } }],
      ['limits', { limits: { messagesPerDay: -1 } }],
      ['limits', { limits: { perHour: 1 } }],
      ['limits', { limits: [] }],
      ['limits', { limits: { spendPerDay: '1' } }],
      ['secret', { secret: 'chosen' }],
    ])('refuses an invalid %s: %j', async (field, fields) => {
      const { body } = await admin
        .post('/applications', { name: 'Shop', kind: 'server', ...fields })
        .expect(400);
      expect(body).toMatchObject({ code: 'validation_failed', errors: [{ field }] });
    });

    it('changes the given fields only, and refuses an empty change', async () => {
      const { id } = await create({ purposes: ['verification'], limits: { messagesPerDay: 10 } });
      const change = (fields: object) => admin.patch(`/applications/${id}`, fields);
      await change({}).expect(400);
      await change({ origins: [ORIGIN] }).expect(400);
      const { body } = await change({ name: 'Store', limits: { spendPerDay: 2.5 }, brandName: 'Acme' });
      expect(body).toMatchObject({
        name: 'Store',
        purposes: ['verification'],
        brandName: 'Acme',
        limits: { messagesPerMinute: 600, messagesPerDay: 10, spendPerDay: 2.5 },
      });
      const cleared = await change({ purposes: null, brandName: null, limits: { messagesPerDay: null } });
      expect(cleared.body).toMatchObject({
        purposes: null,
        brandName: null,
        limits: { messagesPerDay: null, spendPerDay: 2.5 },
      });
    });

    it('lists applications in pages, oldest first', async () => {
      const all: string[] = [];
      let path: string | undefined = '/applications?limit=2';
      while (path) {
        const { body, headers }: { body: ApplicationReply[]; headers: Record<string, string> } = await admin
          .get(path)
          .expect(200);
        expect(body.length).toBeLessThanOrEqual(2);
        all.push(...body.map(({ id }) => id));
        path = /<[^>]*(\/applications[^>]*)>; rel="next"/.exec(headers.link ?? '')?.[1];
      }
      expect(all).toEqual(
        (await app.sql<ApplicationReply>('select id from applications order by created_at')).map(
          ({ id }) => id,
        ),
      );
      await admin.get('/applications?cursor=x').expect(400);
    });

    it.each(['x', UNKNOWN_ID, '%00', 'app_', `${UNKNOWN_ID}'`])(
      'answers 404 to the unknown id %s',
      async (id) => {
        const path = `/applications/${id}`;
        const replies = [
          await admin.get(path),
          await admin.patch(path, { name: 'x' }),
          await admin.delete(path),
          await admin.post(`${path}/secret`, {}),
        ];
        for (const { status, body } of replies)
          expect([status, body.code]).toEqual([404, 'application_not_found']);
      },
    );

    it('is for administrators with a recent sign-in only', async () => {
      const user = await signUp(app, newEmail());
      await user.get('/applications').expect(403);
      await user.post('/applications', { name: 'Shop', kind: 'server' }).expect(403);
      await app.post('/applications', { name: 'Shop', kind: 'server' }).expect(401);
      await server.get('/applications').expect(401);
    });

    it('writes every act to the audit log, without a secret', async () => {
      const { id, secret = '' } = await create();
      await admin.patch(`/applications/${id}`, { disabled: true }).expect(200);
      const rotated = await admin.post(`/applications/${id}/secret`, { revokePrevious: true }).expect(201);
      await admin.delete(`/applications/${id}`).expect(204);
      const { body } = await admin.get('/audit?limit=4').expect(200);
      const entries = body as { action: string; details: object; actorId: string }[];
      expect(entries.map(({ action, details }) => [action, details])).toEqual([
        ['application.delete', { application: id }],
        ['application.new_secret', { application: id, revokePrevious: true }],
        ['application.update', { application: id, disabled: true }],
        ['application.create', { application: id, name: 'Shop', kind: 'server' }],
      ]);
      expect(entries.every(({ actorId }) => actorId === admin.user.id)).toBe(true);
      for (const text of [secret, (rotated.body as ApplicationReply).secret ?? ''])
        expect(JSON.stringify(body) + app.log).not.toContain(text);
    });
  });

  describe('authentication', () => {
    it('accepts HTTP Basic of a server and the id of a browser application', async () => {
      for (const client of [server, browser])
        await client.post('/otp/generate', { email: newEmail() }).expect(200);
    });

    it.each<[string, () => Record<string, string>]>([
      ['a wrong secret', () => ({ authorization: basic(server.id, WRONG_SECRET) })],
      ['an empty secret', () => ({ authorization: basic(server.id, '') })],
      ['an unknown application', () => ({ authorization: basic(UNKNOWN_ID, WRONG_SECRET) })],
      ['a malformed id', () => ({ authorization: basic('app_x', WRONG_SECRET) })],
      ['a browser application with a secret', () => ({ authorization: basic(browser.id, WRONG_SECRET) })],
      ['an unknown X-Application-Id', () => ({ 'x-application-id': UNKNOWN_ID })],
      ['a malformed X-Application-Id', () => ({ 'x-application-id': 'x' })],
      ['the id of a server without its secret', () => ({ 'x-application-id': server.id })],
      [
        'wrong Basic beside a right X-Application-Id',
        () => ({ authorization: basic(server.id, WRONG_SECRET), 'x-application-id': browser.id }),
      ],
    ])('refuses %s at /otp, and ignores it at /auth', async (_, headers) => {
      const email = newEmail();
      for (const path of ['/otp/generate', '/otp/resend', '/otp/verify']) {
        const reply = await app.post(path, { email, otp: '123456' }).set(headers());
        expect([path, reply.status, reply.body.code]).toEqual([path, 401, 'application_invalid']);
        expect(reply.headers['www-authenticate']).not.toMatch(/basic/i);
      }
      const status = await app.get(`/otp/challenges/0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001`).set(headers());
      expect([status.status, status.body.code]).toEqual([401, 'application_invalid']);
      await app.post('/auth/send_otp', { email }).set(headers()).expect(201);
      await app.post('/api/login', { email, password: 'x' }).set(headers()).expect(401);
      const [message] = await app.sql<{ application_id: string | null }>(
        'select application_id from messages where recipient = $1',
        [`email:${email}`],
      );
      expect(message).toEqual({ application_id: null });
    });

    it('uses right credentials at /auth', async () => {
      for (const client of [server, browser]) {
        const email = newEmail();
        await client.post('/auth/send_otp', { email }).expect(201);
        expect(
          await app.sql('select application_id from messages where recipient = $1', [`email:${email}`]),
        ).toEqual([{ application_id: client.id }]);
      }
    });

    it('lets a server application read the status of a challenge', async () => {
      const { body } = await server.post('/otp/generate', { email: newEmail() }).expect(200);
      const { id } = (body as { challenge: { id: string } }).challenge;
      await server.get(`/otp/challenges/${id}`).expect(200);
      await app.get(`/otp/challenges/${id}`).expect(200);
    });

    it('ends with disabling, starts again with enabling, and ends with deletion', async () => {
      for (const fields of [{}, { kind: 'browser' }]) {
        const client = await create(fields);
        const send = () => client.post('/otp/generate', { email: newEmail() });
        await send().expect(200);
        const disabled = await admin.patch(`/applications/${client.id}`, { disabled: true }).expect(200);
        expect(disabled.body.disabledAt).toEqual(expect.any(String));
        await send().expect(401);
        await admin.patch(`/applications/${client.id}`, { disabled: false }).expect(200);
        await send().expect(200);
        await admin.delete(`/applications/${client.id}`).expect(204);
        await send().expect(401);
      }
    });

    it('accepts the previous secret for 24 hours', async () => {
      const old = await create();
      const { body } = await admin.post(`/applications/${old.id}/secret`, {}).expect(201);
      const { secret, previousSecretExpiresAt } = body as { secret: string; previousSecretExpiresAt: string };
      const hours = (Date.parse(previousSecretExpiresAt) - Date.now()) / 3_600_000;
      expect(hours).toBeGreaterThan(23.9);
      expect(hours).toBeLessThanOrEqual(24.1);
      const next = new ApplicationClient(app.url, old.id, secret);
      for (const client of [old, next]) await client.post('/otp/generate', { email: newEmail() }).expect(200);
      await app.sql(`update applications set previous_secret_expires_at = now() where id = $1`, [old.id]);
      // Drops the cached row of this process.
      await admin.patch(`/applications/${old.id}`, { name: 'Shop' }).expect(200);
      await old.post('/otp/generate', { email: newEmail() }).expect(401);
      await next.post('/otp/generate', { email: newEmail() }).expect(200);
    });

    it('refuses a revoked secret, and all but the last two', async () => {
      const first = await create();
      const rotate = async (revokePrevious?: boolean) => {
        const { body } = await admin.post(`/applications/${first.id}/secret`, { revokePrevious }).expect(201);
        return new ApplicationClient(app.url, first.id, (body as ApplicationReply).secret);
      };
      const second = await rotate();
      const third = await rotate();
      await first.post('/otp/generate', { email: newEmail() }).expect(401);
      for (const client of [second, third])
        await client.post('/otp/generate', { email: newEmail() }).expect(200);
      const fourth = await rotate(true);
      for (const client of [second, third])
        await client.post('/otp/generate', { email: newEmail() }).expect(401);
      await fourth.post('/otp/generate', { email: newEmail() }).expect(200);
    });
  });

  describe('origins of a browser application', () => {
    const send = (client: ApplicationClient, origin: string) =>
      client.post('/otp/generate', { email: newEmail() }).set('origin', origin);

    it.each([ORIGIN, 'https://a.pages.acme.test'])('may use it from %s', async (origin) => {
      const { headers } = await send(browser, origin).expect(200);
      expect(headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
      });
      const preflight = await raw(app.url, '/otp/generate', {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'x-application-id,content-type',
        },
      });
      expect(preflight.status).toBe(204);
      expect(preflight.headers['access-control-allow-origin']).toBe(origin);
      expect(preflight.headers['access-control-allow-headers']).toMatch(/x-application-id/);
    });

    it.each([
      'https://evil.test',
      'http://shop.acme.test',
      'https://pages.acme.test',
      'https://shop.acme.test.evil.test',
      'null',
      '',
    ])('may not use it from "%s"', async (origin) => {
      const refused = await send(browser, origin);
      expect([refused.status, refused.body.code]).toEqual([403, 'origin_not_allowed']);
      expect(refused.headers).not.toHaveProperty('access-control-allow-origin');
      await browser.post('/auth/send_otp', { email: newEmail() }).set('origin', origin).expect(403);
    });

    it('are its own, and not those of another application', async () => {
      const other = await create({ kind: 'browser', origins: ['https://other.acme.test'] });
      await send(other, 'https://other.acme.test').expect(200);
      await send(other, ORIGIN).expect(403);
      await send(browser, 'https://other.acme.test').expect(403);
    });

    it('lose CORS when the application is disabled', async () => {
      const origin = 'https://gone.acme.test';
      const { id } = await create({ kind: 'browser', origins: [origin] });
      const allowed = async () =>
        (await app.get('/health').set('origin', origin)).headers['access-control-allow-origin'];
      expect(await allowed()).toBe(origin);
      await admin.patch(`/applications/${id}`, { disabled: true }).expect(200);
      expect(await allowed()).toBeUndefined();
    });

    it('do not restrict a server application', async () => {
      await send(server, 'https://evil.test').expect(200);
    });
  });

  describe('what only a server application may send', () => {
    it('is a context', async () => {
      const body = { email: newEmail(), purpose: 'transaction', context: CONTEXT };
      for (const path of ['/otp/generate', '/otp/resend', '/otp/verify']) {
        const refused = await browser.post(path, {
          ...body,
          otp: path.endsWith('verify') ? '123456' : undefined,
        });
        expect([path, refused.status, refused.body.code]).toEqual([path, 403, 'context_not_allowed']);
      }
      expect(await prove(server, { purpose: 'transaction', context: CONTEXT })).toMatchObject({
        context_sha256: expect.any(String),
      });
      await app.post('/otp/generate', { ...body, email: newEmail() }).expect(200);
    });

    it('is metadata', async () => {
      for (const client of [browser, app]) {
        const refused = await client.post('/otp/generate', { email: newEmail(), metadata: { order: '1' } });
        expect([refused.status, refused.body.code]).toEqual([403, 'metadata_not_allowed']);
      }
    });

    it('is clientIp', async () => {
      for (const client of [browser, app]) {
        const { body } = await client
          .post('/otp/generate', { email: newEmail(), clientIp: '203.0.113.7' })
          .expect(400);
        expect(body).toMatchObject({ code: 'validation_failed', errors: [{ field: 'clientIp' }] });
      }
      for (const clientIp of ['203.0.113.7', '2001:db8::1'])
        await server.post('/otp/generate', { email: newEmail(), clientIp }).expect(200);
      for (const clientIp of ['203.0.113', 'localhost', 7, '', null])
        await server.post('/otp/generate', { email: newEmail(), clientIp }).expect(400);
    });
  });

  describe('metadata', () => {
    it('is in the timeline and in the proof', async () => {
      const email = newEmail();
      const metadata = { order: '4711', 'ünï "code"': '\u{1f600}' };
      const { otp } = await app.codeOf(email, () =>
        server.post('/otp/generate', { email, metadata }).expect(200),
      );
      const { body } = await server.post('/otp/verify', { email, otp }).expect(200);
      expect(decodeJwt((body as { proof: string }).proof)).toMatchObject({ metadata });
      const timeline = await admin.get(`/deliveries?recipient=${email}`).expect(200);
      const expected = { applicationId: server.id, metadata };
      expect(timeline.body).toMatchObject({ codes: [expected], messages: [expected] });
    });

    it.each([
      'text',
      ['a'],
      null,
      { a: 1 },
      { a: null },
      { a: { b: 'c' } },
      { a: '\0' },
      { a: '\ud800' },
      { '\0': 'a' },
    ])('is refused if it is not an object of strings up to 1 kB: %j', async (metadata) => {
      const { body } = await server.post('/otp/generate', { email: newEmail(), metadata }).expect(400);
      expect(body).toMatchObject({ code: 'validation_failed', errors: [{ field: 'metadata' }] });
    });

    it('may have 1 kB', async () => {
      const metadata = { a: 'x'.repeat(1017) };
      await server.post('/otp/generate', { email: newEmail(), metadata }).expect(400);
      expect(await prove(server, { metadata: { a: 'x'.repeat(1016) } })).toMatchObject({
        metadata: { a: 'x'.repeat(1016) },
      });
      expect(await prove(server)).not.toHaveProperty('metadata');
    });
  });

  describe('restrictions', () => {
    it('of purposes refuse others', async () => {
      const client = await create({ purposes: ['checkout'] });
      for (const path of ['/otp/generate', '/otp/verify']) {
        const otp = path.endsWith('verify') ? '123456' : undefined;
        const { status, body } = await client.post(path, { email: newEmail(), otp });
        expect([status, body.code]).toEqual([403, 'application_purpose_refused']);
      }
      expect(await prove(client, { purpose: 'checkout' })).toMatchObject({ purpose: 'checkout' });
    });

    it('of channels refuse others, and choose an allowed one by default', async () => {
      const client = await create({ channels: ['sms'] });
      const refused = await client.post('/otp/generate', { email: newEmail() });
      expect([refused.status, refused.body.code]).toEqual([403, 'application_channel_refused']);
      const signIn = await client.post('/auth/send_otp', { email: newEmail() });
      expect([signIn.status, signIn.body.code]).toEqual([403, 'application_channel_refused']);
      const sent = await client.post('/otp/generate', { phone_number: '+14155550101' }).expect(200);
      expect(sent.body.challenge.channel).toBe('sms');
    });

    it('of countries refuse the numbers of others', async () => {
      const client = await create({ countries: ['IN'] });
      const refused = await client.post('/otp/generate', { phone_number: '+14155550102' });
      expect([refused.status, refused.body.code]).toEqual([403, 'application_country_refused']);
      await client.post('/otp/generate', { phone_number: '+919445012345' }).expect(200);
      await client.post('/otp/generate', { email: newEmail() }).expect(200);
    });
  });

  describe('audience and brand', () => {
    it('are in the proof and in the message', async () => {
      const client = await create({ audience: 'https://api.acme.test', brandName: 'Acme' });
      expect(await prove(client)).toMatchObject({ aud: 'https://api.acme.test' });
      expect(await prove(server)).toMatchObject({ aud: expect.stringMatching(/^http:\/\/localhost/) });

      const texts: string[] = [];
      for (const sender of [client, server, client]) {
        const email = newEmail();
        texts.push((await app.codeOf(email, () => sender.post('/otp/generate', { email }).expect(200))).text);
      }
      expect(texts.map((text) => text.includes('Acme'))).toEqual([true, false, true]);
    });

    it('belong to the application whose message had the code', async () => {
      const email = newEmail();
      const [first, second] = [
        await create({ audience: 'https://first.test' }),
        await create({ audience: 'https://second.test' }),
      ];
      const send = async (client: ApplicationClient, metadata: object) =>
        (await app.codeOf(email, () => client.post('/otp/generate', { email, metadata }).expect(200))).otp;
      const firstCode = await send(first, { of: 'first' });
      await app.ageWhenSent(61);
      const secondCode = await send(second, { of: 'second' });
      expect(secondCode).not.toBe(firstCode);
      const { body } = await second.post('/otp/verify', { email, otp: firstCode }).expect(200);
      expect(decodeJwt((body as { proof: string }).proof)).toMatchObject({
        aud: 'https://first.test',
        metadata: { of: 'first' },
      });
    });
  });

  describe('records', () => {
    it('of account events and the audit log name the application', async () => {
      const email = newEmail();
      const { otp } = await app.codeOf(email, () =>
        browser.post('/auth/register', { email, password: 'correct horse battery staple' }).expect(201),
      );
      await browser.post('/auth/verify', { email, otp }).expect(200);
      const person = await logIn(app, email);
      const { body } = await person.get('/users/me/events').expect(200);
      expect(body).toEqual([
        expect.objectContaining({ action: 'sign_in', applicationId: null }),
        expect.objectContaining({ applicationId: browser.id }),
        ...(body as object[]).slice(2),
      ]);

      await admin.get('/users').set('x-application-id', browser.id).expect(200);
      const [entry] = (await admin.get('/audit?limit=1').expect(200)).body as object[];
      expect(entry).toMatchObject({ action: 'user.list', applicationId: browser.id });
    });

    it('of notices name the application whose request causes them', async () => {
      const password = 'velvet otters dance';
      const causes: [template: string, cause: (person: Person, id: string) => PromiseLike<unknown>][] = [
        [
          'new_sign_in',
          ({ email }, id) =>
            app.post('/auth/login', { email, password: PASSWORD }).set('x-application-id', id).expect(200),
        ],
        [
          'password_changed',
          (person, id) => person.patch('/users/me', { password }).set('x-application-id', id).expect(200),
        ],
        [
          'contact_changed',
          async (person, id) => {
            const phone = `+1415555${2_000 + people}`;
            const { otp } = await app.codeOf(phone, () => person.patch('/users/me', { phone }).expect(200));
            await person
              .post('/users/me/contact/verify', { phone, otp })
              .set('x-application-id', id)
              .expect(200);
          },
        ],
        [
          'roles_changed',
          ({ user }, id) =>
            admin
              .patch(`/users/${user.id}`, { roles: ['user', 'admin'] })
              .set('x-application-id', id)
              .expect(200),
        ],
        [
          'account_deleted',
          (person, id) => person.delete('/users/me').set('x-application-id', id).expect(204),
        ],
      ];
      for (const [template, cause] of causes) {
        const person = await signUp(app, newEmail());
        await cause(person, browser.id);
        const notices = await app.sql(
          'select template, application_id from messages where recipient = $1 and challenge_id is null',
          [`email:${person.email}`],
        );
        expect(notices).toEqual([{ template, application_id: browser.id }]);
      }

      const email = newEmail();
      await admin.post('/users', { email }).set('x-application-id', browser.id).expect(201);
      const { body } = await admin.get(`/deliveries?recipient=${email}`).expect(200);
      expect(body).toMatchObject({ messages: [{ applicationId: browser.id }] });
    });

    it('of notices name no application if the request came without one', async () => {
      const person = await signUp(app, newEmail());
      await logIn(app, person.email);
      expect(
        await app.sql('select application_id from messages where recipient = $1 and challenge_id is null', [
          `email:${person.email}`,
        ]),
      ).toEqual([{ application_id: null }]);
    });
  });
});

describe('API_ACCESS=applications', () => {
  let app: TestApp;
  let admin: Person;
  beforeAll(async () => {
    ({ app, admin } = await startWithAdmin({ API_ACCESS: 'applications' }));
  });
  afterAll(() => app?.stop());

  it('refuses /otp without an application, and nothing else', async () => {
    const email = 'ada@example.com';
    for (const path of ['/otp/generate', '/otp/resend', '/otp/verify'])
      for (const headers of [
        {},
        { authorization: 'Basic YWRhOnNlY3JldA==' },
        { authorization: 'Bearer a.b.c' },
      ]) {
        const reply = await app.post(path, { email, otp: '123456' }).set(headers);
        expect([path, reply.status, reply.body.code]).toEqual([path, 401, 'application_required']);
        expect(reply.headers['www-authenticate']).not.toMatch(/basic/i);
      }
    await app.post('/auth/send_otp', { email }).expect(201);
  });

  it('accepts applications, and everybody reads the status of a challenge', async () => {
    for (const fields of [{}, { kind: 'browser' }]) {
      const client = await createApplication(app, admin, fields);
      const { body } = await client.post('/otp/generate', { email: `${client.id}@example.com` }).expect(200);
      await app.get(`/otp/challenges/${(body as { challenge: { id: string } }).challenge.id}`).expect(200);
    }
  });
});

// Production needs PostgreSQL.
(POSTGRES_URL ? describe : describe.skip)('API_ACCESS=open in production', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({
      NODE_ENV: 'production',
      PUBLIC_URL: 'https://auth.acme.test',
      APP_SECRET: 'Zm9yIHRlc3RzIG9ubHksIG1hZGUgYnkgaGFuZCA0Mg==',
      SMS_ALLOWED_COUNTRIES: 'US',
      API_ACCESS: 'open',
      OTP_PURPOSES: 'checkout',
      PHONE_SPEND_PER_HOUR: '1000',
      PHONE_SPEND_PER_DAY: '1000',
      MAIL_PROVIDER: 'webhook',
      SMS_PROVIDER: 'webhook',
      WEBHOOK_URL: 'http://127.0.0.1:9/',
      WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    });
    await app.sql(
      `insert into applications (id, name, kind, secret_hash, origins, limits)
       values ($1, 'Shop', 'server', sha256($3::bytea), '{}', $4), ($2, 'Front', 'browser', null, '{}', $4)`,
      [
        SERVER,
        BROWSER,
        WRONG_SECRET,
        '{"messagesPerMinute": 600, "messagesPerDay": null, "spendPerDay": null}',
      ],
    );
  });
  afterAll(() => app?.stop());
  const SERVER = `app_${'1'.repeat(31)}`;
  const BROWSER = `app_${'2'.repeat(31)}`;

  it.each<[string, object, (string | null)[]]>([
    ['a verification', {}, [null, null, null]],
    ['a context', { context: CONTEXT }, ['context_not_allowed', 'context_not_allowed', null]],
    [
      'a transaction',
      { purpose: 'transaction', context: CONTEXT },
      ['context_not_allowed', 'context_not_allowed', null],
    ],
    ['a custom purpose', { purpose: 'checkout' }, ['application_required', null, null]],
  ])('decides about %s by the caller', async (name, fields, expected) => {
    const callers = [
      app,
      new ApplicationClient(app.url, BROWSER),
      new ApplicationClient(app.url, SERVER, WRONG_SECRET),
    ];
    const codes: (string | null)[] = [];
    for (const [i, caller] of callers.entries()) {
      const email = `${name.replaceAll(' ', '-')}-${i}@example.com`;
      const { status, body } = await caller.post('/otp/generate', { email, ...fields });
      codes.push(status === 200 ? null : (body as { code: string }).code);
    }
    expect(codes).toEqual(expected);
  });
});

describe('limits of requests', () => {
  let app: TestApp;
  let admin: Person;
  beforeAll(async () => {
    ({ app, admin } = await startWithAdmin({ IP_RATE_LIMIT: '20', ACCEPT_RISKS: '' }));
  });
  afterAll(() => app?.stop());

  it('tell an application how many messages it has left in the minute', async () => {
    const shop = await createApplication(app, admin, { limits: { messagesPerMinute: 3 } });
    const send = (email: string) => shop.post('/otp/generate', { email });
    for (const remaining of [2, 1, 0]) {
      const { headers } = await send(`left-${remaining}@example.com`).expect(200);
      expect(headers['ratelimit-policy']).toBe('"application";q=3;w=60');
      expect(headers.ratelimit).toMatch(new RegExp(`^"application";r=${remaining};t=\\d{1,2}$`));
    }
    const { headers, body } = await send('left-over@example.com').expect(429);
    expect(body).toMatchObject({ code: 'application_send_limit' });
    expect(headers.ratelimit).toBe(`"application";r=0;t=${String(headers['retry-after'])}`);
    expect(
      (await shop.post('/otp/verify', { email: 'x@example.com', otp: '123456' })).headers,
    ).not.toHaveProperty('ratelimit');
  });

  it('are told once each, also if a request sends two messages', async () => {
    const shop = await createApplication(app, admin, {});
    const register = { email: 'two@example.com', phone: '+14155550111', password: 'velvet otters dance' };
    const { headers } = await shop.post('/auth/register', register).expect(201);
    expect(headers['ratelimit-policy']).toBe('"application";q=600;w=60');
    expect(headers.ratelimit).toMatch(/^"application";r=59[89];t=\d+$/);
  });

  it('do not tell a visitor what the other visitors of a browser application use', async () => {
    const front = await createApplication(app, admin, { kind: 'browser' });
    const { headers } = await front.post('/auth/send_otp', { email: 'visitor@example.com' }).expect(201);
    expect(headers['ratelimit-policy']).toBe('"address";q=20;w=60');
    expect(headers.ratelimit).toMatch(/^"address";r=\d+;t=\d+$/);
  });

  it('count a browser and failed requests of a server per address, and not its other requests', async () => {
    const server = await createApplication(app, admin, {});
    const browser = await createApplication(app, admin, { kind: 'browser' });
    const statuses = async (count: number, request: () => PromiseLike<{ status: number }>) => {
      const found: number[] = [];
      for (let i = 0; i < count; i++) found.push((await request()).status);
      return found;
    };
    const verify = (client: { post: ApplicationClient['post'] }) => () =>
      client.post('/otp/verify', { email: 'ada@example.com', otp: '123456' });
    expect(new Set(await statuses(60, verify(server)))).toEqual(new Set([404]));
    const wrong = new ApplicationClient(app.url, server.id, WRONG_SECRET);
    const refused = await statuses(25, verify(wrong));
    expect(new Set(refused)).toEqual(new Set([401, 429]));
    expect(refused.at(-1)).toBe(429);
    expect(await statuses(1, verify(browser))).toEqual([429]);
    expect(await statuses(1, verify(app))).toEqual([429]);
    expect(await statuses(1, verify(server))).toEqual([404]);
  });
});
