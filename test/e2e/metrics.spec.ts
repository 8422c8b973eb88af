import pg from 'pg';
import { TestApp } from '../support/app.js';
import { POSTGRES_URL } from '../support/database.js';
import { Exposition } from '../support/exposition.js';
import { raw } from '../support/raw.js';
import {
  bounce,
  postmarkEvent,
  RECEIPT_SETTINGS,
  sendPostmark,
  sendTwilio,
  twilioFields,
} from '../support/receipts.js';
import { until } from '../support/until.js';
import { VendorStub } from '../support/vendor-stub.js';
import { wrongCode } from '../support/wrong-code.js';

const METRICS_TOKEN = 'q7Vx2mKp9sTz4wBn6rJd8fHg3cLy5aEu';
const onPostgres = POSTGRES_URL ? it : it.skip;

/** Settings that production requires in addition to a database and real providers. */
const PRODUCTION_SETTINGS = {
  NODE_ENV: 'production',
  PHONE_SPEND_PER_HOUR: '1000000',
  PHONE_SPEND_PER_DAY: '1000000',
  PUBLIC_URL: 'https://auth.example.org',
  APP_SECRET: 'Zm9yIHRlc3RzIG9ubHksIG1hZGUgYnkgaGFuZCA0Mg==',
  SMS_ALLOWED_COUNTRIES: '*',
};

describe('GET /metrics', () => {
  let stub: VendorStub;
  let app: TestApp;
  let emailCount = 0;
  beforeAll(async () => {
    stub = await VendorStub.start();
    app = await TestApp.start({ ...stub.settings, ...RECEIPT_SETTINGS, METRICS_TOKEN });
  });
  afterAll(async () => {
    await app?.stop();
    await stub?.stop();
  });
  afterEach(() => stub.heal());

  const newEmail = () => `metered-${++emailCount}@example.com`;
  const scrape = async () => {
    const { text } = await app.get('/metrics').set('authorization', `Bearer ${METRICS_TOKEN}`).expect(200);
    return new Exposition(text);
  };
  /** Waits until a metric has grown by at least `atLeast` and returns the growth. */
  const waitForGrowth = (before: Exposition, name: string, labels: Record<string, string>, atLeast = 1) =>
    until(`${name}${JSON.stringify(labels)} grows by ${atLeast}`, async () => {
      const grown = (await scrape()).sum(name, labels) - before.sum(name, labels);
      return grown >= atLeast && grown;
    });
  const eventLabels = (event: string, more: Record<string, string> = {}) => ({
    channel: 'email',
    provider: 'postmark',
    event,
    ...more,
  });
  const findMessage = async (to: string) => {
    const [message] = await app.sql<{ id: string; ref: string; state: string }>(
      `select id, provider_ref as ref, state from messages where recipient = $1`,
      [`${to.startsWith('+') ? 'phone' : 'email'}:${to}`],
    );
    return message;
  };
  const waitUntilSent = (to: string) =>
    until(`${to} has a sent message`, async () => {
      const message = await findMessage(to);
      return message?.state === 'sent' && message;
    });

  it('returns the Prometheus text format, including the default Node.js metrics', async () => {
    const reply = await app.get('/metrics').set('authorization', `Bearer ${METRICS_TOKEN}`).expect(200);
    expect(reply.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(reply.headers['cache-control']).toBe('no-store');
    const exposition = new Exposition(reply.text);
    expect(exposition.types.get('http_request_duration_seconds')).toBe('histogram');
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'nodejs_eventloop_lag_p99_seconds',
    ])
      expect(exposition.all(name)).toHaveLength(1);
    expect(exposition.sum('database_up')).toBe(1);
    for (const channel of ['email', 'sms', 'whatsapp', 'voice']) {
      expect(exposition.all('otp_queue_oldest_seconds', { channel })).toHaveLength(1);
      expect(exposition.all('otp_queue_messages', { channel })).toHaveLength(3);
    }
  });

  onPostgres('reports pool connections and the requests that wait for one', async () => {
    const exposition = await scrape();
    expect(exposition.sum('database_pool_connections')).toBeGreaterThan(0);
    expect(exposition.all('database_pool_waiting')).toHaveLength(1);
  });

  it('counts requests, problems, issued codes, verified codes and sent messages', async () => {
    const email = newEmail();
    const before = await scrape();
    await app.post('/otp/generate', { email }).expect(200);
    await app.post('/otp/generate', { email }).expect(429);
    const otp = await stub.code(email);
    await app.post('/otp/verify', { email, otp: wrongCode(otp) }).expect(400);
    await app.post('/otp/verify', { email, otp }).expect(200);
    await app.get(`/nothing/${email}`).expect(404);
    await waitForGrowth(before, 'otp_message_events_total', eventLabels('sent'));

    const after = await scrape();
    const growthOf = (name: string, labels: Record<string, string> = {}) =>
      after.sum(name, labels) - before.sum(name, labels);
    const requests = (route: string, method: string, status: string) =>
      growthOf('http_request_duration_seconds_count', { route, method, status });
    expect(requests('/otp/generate', 'POST', '2xx')).toBe(1);
    expect(requests('/otp/generate', 'POST', '4xx')).toBe(1);
    expect(requests('/otp/verify', 'POST', '2xx')).toBe(1);
    expect(requests('', 'GET', '4xx')).toBe(1);
    expect(growthOf('http_request_duration_seconds_sum', { route: '/otp/generate' })).toBeGreaterThan(0);
    expect(growthOf('http_request_duration_seconds_sum', { route: '/otp/generate' })).toBeLessThan(5);
    expect(growthOf('http_problems_total', { route: '/otp/generate', code: 'otp_cooldown' })).toBe(1);
    expect(growthOf('http_problems_total', { route: '/otp/verify', code: 'otp_invalid' })).toBe(1);
    expect(growthOf('http_problems_total', { route: '', code: 'route_not_found' })).toBe(1);
    expect(growthOf('otp_codes_issued_total', { channel: 'email' })).toBe(1);
    expect(growthOf('otp_codes_issued_total')).toBe(1);
    expect(growthOf('otp_codes_verified_total')).toBe(1);
    expect(growthOf('otp_message_events_total')).toBe(1);
  });

  it('reports provider failures, the open circuit and the age of the queue during an outage', async () => {
    const before = await scrape();
    const recipients = Array.from({ length: 6 }, newEmail);
    stub.behave({ fault: 'html 500' });
    for (const email of recipients) await app.post('/otp/generate', { email }).expect(200);

    await waitForGrowth(
      before,
      'otp_message_events_total',
      eventLabels('retry', { reason: 'unavailable' }),
      recipients.length,
    );
    const circuitLabels = { channel: 'email', provider: 'postmark' };
    expect((await scrape()).sum('otp_provider_circuit_open', circuitLabels)).toBe(1);
    await app.age(100);
    await until('the metrics show the queue', async () => {
      const current = await scrape();
      const waiting = current.sum('otp_queue_messages', { channel: 'email' });
      return (
        waiting === recipients.length && current.sum('otp_queue_oldest_seconds', { channel: 'email' }) >= 100
      );
    });
    expect((await scrape()).sum('otp_queue_oldest_seconds', { channel: 'sms' })).toBe(0);

    stub.heal();
    await waitForGrowth(before, 'otp_message_events_total', eventLabels('sent'), recipients.length);
    await until('the queue is empty', async () => {
      const current = await scrape();
      return (
        current.sum('otp_queue_messages') === 0 &&
        current.sum('otp_queue_oldest_seconds') === 0 &&
        current.all('otp_provider_circuit_open', circuitLabels)[0]?.value === 0
      );
    });
  });

  it('counts rejected, bounced, delivered, unconfirmed and expired messages', async () => {
    const before = await scrape();
    await app.post('/otp/generate', { email: 'error-300@example.com' }).expect(200);
    await waitForGrowth(before, 'otp_message_events_total', eventLabels('failed', { reason: 'rejected' }));

    const bouncedEmail = newEmail();
    await app.post('/otp/generate', { email: bouncedEmail }).expect(200);
    const { id, ref } = await waitUntilSent(bouncedEmail);
    const bounceFields = bounce(bouncedEmail, 'HardBounce', 1, true);
    for (let i = 0; i < 2; i++) await sendPostmark(app.url, postmarkEvent('Bounce', id, ref, bounceFields));
    expect(
      await waitForGrowth(before, 'otp_message_events_total', eventLabels('failed', { reason: 'bounced' })),
    ).toBe(1);

    const phone_number = '+14155557001';
    await app.post('/otp/generate', { phone_number }).expect(200);
    const message = await waitUntilSent(phone_number);
    await sendTwilio(app.url, message.id, twilioFields(message.ref, 'delivered'));
    await waitForGrowth(before, 'otp_message_events_total', {
      channel: 'sms',
      provider: 'twilio',
      event: 'delivered',
    });

    const unconfirmed = newEmail();
    stub.behave({ fault: 'html 500' });
    await app.post('/otp/generate', { email: unconfirmed }).expect(200);
    await until('the message is queued', async () => (await findMessage(unconfirmed))?.state === 'queued');
    await app.sql(
      `update messages set state = 'sent', provider = 'postmark', due_at = now() where recipient = $1`,
      [`email:${unconfirmed}`],
    );
    await waitForGrowth(before, 'otp_message_events_total', eventLabels('no_receipt'));

    await app.age(300);
    await waitForGrowth(before, 'otp_message_events_total', eventLabels('expired'));
  });

  it('requires the metrics token as a bearer token', async () => {
    for (const authorization of [
      '',
      METRICS_TOKEN,
      'Bearer',
      'Bearer wrong',
      `Bearer ${METRICS_TOKEN.slice(0, -1)}`,
      `Bearer ${METRICS_TOKEN}x`,
      `Bearer ${METRICS_TOKEN.toLowerCase()}`,
      `Basic ${Buffer.from(`:${METRICS_TOKEN}`).toString('base64')}`,
    ]) {
      const reply = await raw(app.url, '/metrics', { method: 'GET', headers: { authorization } });
      expect([authorization, reply.status]).toEqual([authorization, 401]);
      expect(JSON.parse(reply.text)).toMatchObject({ code: 'metrics_token_invalid' });
      expect(reply.headers['www-authenticate']).toBe('Bearer');
    }
    await app.get(`/metrics?token=${METRICS_TOKEN}`).expect(401);
  });

  it('contains no address, code, id or token', async () => {
    const { samples, text } = await scrape();
    const codes = stub.messages.map(({ text: message }) => /\b\d{6}\b/.exec(message)?.[0] ?? '');
    expect(codes.length).toBeGreaterThan(5);
    const values = samples.flatMap(({ labels }) => Object.values(labels));
    expect(values.filter((value) => codes.some((code) => value.includes(code)))).toEqual([]);
    expect(text).not.toMatch(/@|\+1415|example\.|[0-9a-f]{8}-[0-9a-f]{4}-/);
    for (const secret of [
      METRICS_TOKEN,
      ...Object.values(stub.settings).filter((setting) => setting.length > 15),
    ])
      expect(text).not.toContain(secret);
  });

  it('keeps responding without stale queue values when the queue cannot be read', async () => {
    await app.sql('alter table messages rename to elsewhere');
    const duringFailure = await until('the metrics report the failure', async () => {
      const current = await scrape();
      return current.sum('database_up') === 0 && current;
    });
    expect(duringFailure.all('otp_queue_messages')).toEqual([]);
    expect(duringFailure.all('otp_queue_oldest_seconds')).toEqual([]);
    expect(duringFailure.sum('http_request_duration_seconds_count')).toBeGreaterThan(0);
    await app.sql('alter table elsewhere rename to messages');
    await until(
      'the metrics report the database as up',
      async () => (await scrape()).sum('database_up') === 1,
    );
  });

  onPostgres('keeps responding while the database is unavailable', async () => {
    const [database] = await app.sql<{ name: string }>('select current_database() as name');
    const admin = new pg.Client({ connectionString: POSTGRES_URL });
    await admin.connect();
    await admin.query(`alter database ${database?.name} with allow_connections false`);
    await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [
      database?.name,
    ]);
    await until('the metrics report the failure', async () => (await scrape()).sum('database_up') === 0);
    await admin.query(`alter database ${database?.name} with allow_connections true`);
    await admin.end();
    await until(
      'the metrics report the database as up',
      async () => (await scrape()).sum('database_up') === 1,
    );
  });

  describe('without METRICS_TOKEN', () => {
    it('is public in development and does not count towards the limit per IP address', async () => {
      const development = await TestApp.start({ IP_RATE_LIMIT: '2' });
      try {
        for (let i = 0; i < 5; i++) new Exposition((await development.get('/metrics').expect(200)).text);
        await development.post('/otp/generate', { email: 'ada@example.com' }).expect(200);
      } finally {
        await development.stop();
      }
    });

    onPostgres('returns 404 in production', async () => {
      const settings = { ...stub.settings, ...PRODUCTION_SETTINGS };
      const [withoutToken, withToken] = await Promise.all([
        TestApp.start(settings),
        TestApp.start({ ...settings, METRICS_TOKEN }),
      ]);
      try {
        const { body } = await withoutToken
          .get('/metrics')
          .set('authorization', 'Bearer undefined')
          .expect(404);
        expect(body).toMatchObject({ code: 'route_not_found' });
        await withToken.get('/metrics').expect(401);
        await withToken.get('/metrics').set('authorization', `Bearer ${METRICS_TOKEN}`).expect(200);
      } finally {
        await Promise.all([withoutToken.stop(), withToken.stop()]);
      }
    });
  });
});
