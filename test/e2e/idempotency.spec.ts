import { randomUUID } from 'node:crypto';
import type { Response, Test } from 'supertest';
import { logIn, PASSWORD, signUp, type Person } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { createApplication, type ApplicationClient } from '../support/applications.js';
import { raw } from '../support/raw.js';
import { until } from '../support/until.js';

const KEY = 'idempotency-key';

describe('Idempotency-Key', () => {
  let app: TestApp;
  let admin: Person;
  let server: ApplicationClient;
  let people = 0;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4', TRUST_PROXY: 'loopback', LOG_LEVEL: 'debug' });
    await signUp(app, 'admin@example.com');
    await app.sql(`update users set roles = '{user,admin}'`);
    admin = await logIn(app, 'admin@example.com');
    server = await createApplication(app, admin, {});
  });
  afterAll(() => app?.stop());

  const newEmail = () => `somebody-${++people}@example.com`;
  const newPhone = () => `+141555501${String(++people).padStart(2, '0')}`;
  const generate = (key: string, body: object, from: Pick<TestApp, 'post'> = app): Test =>
    from.post('/otp/generate', body).set(KEY, key);
  const messages = async (to: string) => (await app.messages(to)).length;
  const outcome = ({ status, body }: Response) => ({ status, body: body as unknown });
  /** The registration cookie is sealed anew each time. */
  const cookieNames = ({ headers }: Response) =>
    [headers['set-cookie']].flat().map((cookie?: string) => cookie?.split('=')[0]);
  const problem = ({ status, body }: Response) => `${status} ${(body as { code: string }).code}`;

  describe.each<[string, () => { to: string; body: object }, number]>([
    ['/otp/generate', () => withAddress(newEmail(), 'email'), 200],
    ['/auth/send_otp', () => withAddress(newPhone(), 'phone'), 201],
    ['/auth/register', () => withAddress(newEmail(), 'email', { password: PASSWORD }), 201],
    ['/auth/forgot', () => withAddress(newEmail(), 'email'), 202],
    ['/api/register', () => withAddress(newEmail(), 'email', { password: PASSWORD }), 201],
  ])('POST %s', (path, newRequest, status) => {
    it('sends once, and repeats status, body and cookie', async () => {
      const { to, body } = newRequest();
      const key = randomUUID();
      const first = await app.post(path, body).set(KEY, key).expect(status);
      await until('the message', async () => (await messages(to)) === 1);
      const again = await app.post(path, body).set(KEY, `"${key}"`).expect(status);
      expect(again.text).toBe(first.text);
      expect(again.headers['content-type']).toBe(first.headers['content-type']);
      expect(cookieNames(again)).toEqual(cookieNames(first));
      expect(again.headers['x-request-id']).not.toBe(first.headers['x-request-id']);
      expect(await messages(to)).toBe(1);
      const other = await app.post(path, { ...body, locale: 'de' }).set(KEY, key);
      expect(problem(other)).toBe('422 idempotency_key_reused');
      expect(await messages(to)).toBe(1);
    });
  });

  function withAddress(to: string, field: string, more: object = {}) {
    return { to, body: { [field]: to, ...more } };
  }

  it('repeats the reply of /otp/resend', async () => {
    const email = newEmail();
    await generate(randomUUID(), { email }).expect(200);
    await app.ageWhenSent(61);
    const key = randomUUID();
    const resend = () => app.post('/otp/resend', { email }).set(KEY, key).expect(200);
    const first = await resend();
    expect((await resend()).text).toBe(first.text);
    await app.code(email, 2);
    expect(await messages(email)).toBe(2);
  });

  it('repeats the reply of a contact change, and separates users', async () => {
    const [ada, eve] = [await signUp(app, newEmail()), await signUp(app, newEmail())];
    const key = randomUUID();
    const change = (person: Person, phone: string) => person.patch('/users/me', { phone }).set(KEY, key);
    const [phone, other] = [newPhone(), newPhone()];
    const first = await change(ada, phone).expect(200);
    expect((await change(ada, phone).expect(200)).text).toBe(first.text);
    expect(problem(await change(ada, other))).toBe('422 idempotency_key_reused');
    await change(eve, other).expect(200);
    await app.code(phone);
    expect(await messages(phone)).toBe(1);
    await app.patch('/users/me', { phone }).set(KEY, key).expect(401);
  });

  it('treats a request with another key as another request', async () => {
    const email = newEmail();
    await generate(randomUUID(), { email }).expect(200);
    expect(problem(await generate(randomUUID(), { email }))).toBe('429 otp_cooldown');
  });

  it('accepts the same body in another layout', async () => {
    const email = newEmail();
    const key = randomUUID();
    const first = await generate(key, { email }).expect(200);
    const { status, text } = await raw(app.url, '/otp/generate', {
      headers: { 'content-type': 'application/json', [KEY]: key },
      body: `{ "email" :  "${email}" }`,
    });
    expect({ status, text }).toEqual({ status: 200, text: first.text });
  });

  it('separates routes, networks and applications', async () => {
    const key = randomUUID();
    const other = await createApplication(app, admin, {});
    const browser = await createApplication(app, admin, {
      kind: 'browser',
      origins: ['https://shop.acme.test'],
    });
    const from = (ip: string) => (body: object) => generate(key, body).set('x-forwarded-for', ip);
    const requests = [
      from('203.0.113.7'),
      from('203.0.113.8'),
      from('2001:db8:1:2::1'),
      from('2001:db8:1:3::1'),
      (body: object) => generate(key, body, server),
      (body: object) => generate(key, body, other),
      (body: object) => generate(key, body, browser).set('x-forwarded-for', '203.0.113.7'),
      (body: object) => generate(key, body, browser).set('x-forwarded-for', '203.0.113.8'),
      (body: object) => app.post('/auth/send_otp', body).set(KEY, key),
    ];
    const ids: string[] = [];
    for (const request of requests) {
      const { body } = await request({ email: newEmail() });
      ids.push((body as { challenge: { id: string } }).challenge.id);
    }
    expect(new Set(ids).size).toBe(requests.length);
    // The addresses of one IPv6 /64, and all addresses of a server application, share their keys.
    expect(problem(await from('2001:db8:1:2::ffff')({ email: newEmail() }))).toMatch(/^422/);
    const elsewhere = generate(key, { email: newEmail() }, server).set('x-forwarded-for', '203.0.113.9');
    expect(problem(await elsewhere)).toMatch(/^422/);
  });

  it('forgets a key after ten minutes', async () => {
    const email = newEmail();
    const key = randomUUID();
    const first = await generate(key, { email }).expect(200);
    await app.ageWhenSent(590);
    expect((await generate(key, { email }).expect(200)).text).toBe(first.text);
    await app.ageWhenSent(11);
    const later = await generate(key, { email }).expect(200);
    expect(later.text).not.toBe(first.text);
    const email2 = newEmail();
    await app.ageWhenSent(601);
    await generate(key, { email: email2 }).expect(200);
  });

  it('repeats refusals of what the request says', async () => {
    const key = randomUUID();
    const first = await generate(key, { email: 'nobody' }).expect(400);
    const again = await generate(key, { email: 'nobody' }).expect(400);
    const withoutId = ({ body }: Response) => ({ ...(body as object), requestId: undefined });
    expect(withoutId(again)).toEqual(withoutId(first));
    expect(problem(await generate(key, { email: newEmail() }))).toBe('422 idempotency_key_reused');

    const [email, missing] = [newEmail(), randomUUID()];
    const resend = () => app.post('/otp/resend', { email }).set(KEY, missing);
    expect(problem(await resend())).toBe('404 otp_not_found');
    await generate(randomUUID(), { email }).expect(200);
    expect(problem(await resend())).toBe('404 otp_not_found');
  });

  it('judges a request again after a refusal that time or another sign-in can change', async () => {
    const email = newEmail();
    await generate(randomUUID(), { email }).expect(200);
    const key = randomUUID();
    expect(problem(await generate(key, { email }))).toBe('429 otp_cooldown');
    await app.ageWhenSent(61);
    await generate(key, { email }).expect(200);
    await generate(key, { email }).expect(200);
    expect(await messages(email)).toBe(2);

    const person = await signUp(app, newEmail());
    const change = (currentPassword: string, changeKey: string) =>
      person.patch('/users/me', { phone: '+14155550199', currentPassword }).set(KEY, changeKey);
    await app.ageWhenSent(601);
    const changeKey = randomUUID();
    expect(problem(await change('wrong', changeKey))).toBe('401 current_password_wrong');
    await change(PASSWORD, changeKey).expect(200);
  });

  it('judges a request again after a fault', async () => {
    const email = newEmail();
    const key = randomUUID();
    await app.sql('alter table challenges rename column context_hash to gone');
    await generate(key, { email }).expect(500);
    await app.sql('alter table challenges rename column gone to context_hash');
    await generate(key, { email }).expect(200);
    expect(await messages(email)).toBeLessThanOrEqual(1);
  });

  it.each([
    ['too long', 'x'.repeat(256)],
    ['a list', 'a, b'],
    ['an open string', '"a'],
    ['8-bit control characters', 'a\u0085'],
  ])('refuses a key that is invalid: %s', async (_, key) => {
    const email = newEmail();
    const reply = await raw(app.url, '/otp/generate', {
      headers: { 'content-type': 'application/json', [KEY]: key },
      body: JSON.stringify({ email }),
    });
    expect([reply.status, reply.text]).toEqual([400, expect.stringContaining('idempotency_key_invalid')]);
    expect(await messages(email)).toBe(0);
  });

  it('answers 409 with Retry-After while the first request is running', async () => {
    const email = newEmail();
    const key = randomUUID();
    await generate(key, { email }).expect(200);
    await app.sql('update idempotency_keys set answer = null');
    const running = await generate(key, { email });
    expect(problem(running)).toBe('409 idempotency_key_in_use');
    expect(running.headers['retry-after']).toBe('1');
    expect(problem(await generate(key, { email: newEmail() }))).toBe('422 idempotency_key_reused');
  });

  it('stores no address, code, password or key in clear', async () => {
    const demo = await TestApp.start({ OTP_EXPOSE_CODE: 'true', BCRYPT_COST: '4' });
    try {
      const email = 'ada.lovelace@example.com';
      const key = `key-of-${email}`;
      const { body } = await demo.post('/otp/generate', { email }).set(KEY, key).expect(200);
      const { otp, challenge } = body as { otp: string; challenge: { id: string; maskedTo: string } };
      expect((await demo.post('/otp/generate', { email }).set(KEY, key).expect(200)).body).toEqual(body);
      await demo.post('/auth/register', { email, password: PASSWORD }).set(KEY, 'r').expect(201);
      const rows = await demo.sql<{ row: string; bytes: Buffer[] }>(
        `select k::text as row, array[key_hash, fingerprint, answer] as bytes from idempotency_keys k`,
      );
      expect(rows).toHaveLength(2);
      for (const { row, bytes } of rows) {
        const dump = row + bytes.map((value) => Buffer.from(value).toString('latin1')).join();
        for (const secret of [email, otp, challenge.id, challenge.maskedTo, PASSWORD, key])
          expect(dump).not.toContain(secret);
      }
    } finally {
      await demo.stop();
    }
  });

  it('removes expired keys', async () => {
    await generate(randomUUID(), { email: newEmail() }).expect(200);
    await app.ageWhenSent(601);
    await until(
      'the removal of expired keys',
      async () => (await app.sql('select from idempotency_keys')).length === 0,
    );
  });

  it('changes nothing for requests without a key', async () => {
    const email = newEmail();
    await app.post('/otp/generate', { email }).expect(200);
    expect(outcome(await app.post('/otp/generate', { email }))).toMatchObject({ status: 429 });
    expect(await app.sql('select from idempotency_keys')).toEqual([]);
  });
});
