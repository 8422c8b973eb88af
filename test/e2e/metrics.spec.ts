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

const METRICS_TOKEN = 'q7Vx2mKp9sTz4wBn6rJd8fHg3cLy5aEu';
const onPostgres = POSTGRES_URL ? it : it.skip;

/** What production does not start without, beside a database and real providers. */
const PRODUCTION = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://auth.example.org',
  APP_SECRET: 'Zm9yIHRlc3RzIG9ubHksIG1hZGUgYnkgaGFuZCA0Mg==',
  SMS_ALLOWED_COUNTRIES: '*',
};

describe('metrics', () => {
  let stub: VendorStub;
  let app: TestApp;
  let people = 0;
  beforeAll(async () => {
    stub = await VendorStub.start();
    app = await TestApp.start({ ...stub.settings, ...RECEIPT_SETTINGS, METRICS_TOKEN });
  });
  afterAll(async () => {
    await app?.stop();
    await stub?.stop();
  });
  afterEach(() => stub.heal());

  const mailbox = () => `metered-${++people}@example.com`;
  const scrape = async () => {
    const { text } = await app.get('/metrics').set('authorization', `Bearer ${METRICS_TOKEN}`).expect(200);
    return new Exposition(text);
  };
  /** How much a number grew, once it did by at least that. */
  const growth = (before: Exposition, name: string, labels: Record<string, string>, atLeast = 1) =>
    until(`${name}${JSON.stringify(labels)} grows by ${atLeast}`, async () => {
      const grown = (await scrape()).sum(name, labels) - before.sum(name, labels);
      return grown >= atLeast && grown;
    });
  const events = (event: string, more: Record<string, string> = {}) => ({
    channel: 'email',
    provider: 'postmark',
    event,
    ...more,
  });
  const row = async (to: string) => {
    const [message] = await app.sql<{ id: string; ref: string; state: string }>(
      `select id, provider_ref as ref, state from messages where recipient = $1`,
      [`${to.startsWith('+') ? 'phone' : 'email'}:${to}`],
    );
    return message;
  };
  const sent = (to: string) =>
    until(`${to} has its message`, async () => {
      const message = await row(to);
      return message?.state === 'sent' && message;
    });

  it('are in the text format of Prometheus, with those that every Node process has', async () => {
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

  onPostgres('tell how busy the connections are', async () => {
    const exposition = await scrape();
    expect(exposition.sum('database_pool_connections')).toBeGreaterThan(0);
    expect(exposition.all('database_pool_waiting')).toHaveLength(1);
  });

  it('count a code that is sent, refused, guessed at and right', async () => {
    const email = mailbox();
    const before = await scrape();
    await app.post('/otp/generate', { email }).expect(200);
    await app.post('/otp/generate', { email }).expect(429);
    await app.post('/otp/verify', { email, otp: '0000000000' }).expect(400);
    await app.post('/otp/verify', { email, otp: await stub.code(email) }).expect(200);
    await app.get(`/nothing/${email}`).expect(404);
    await growth(before, 'otp_message_events_total', events('sent'));

    const after = await scrape();
    const grown = (name: string, labels: Record<string, string> = {}) =>
      after.sum(name, labels) - before.sum(name, labels);
    const requests = (route: string, method: string, status: string) =>
      grown('http_request_duration_seconds_count', { route, method, status });
    expect(requests('/otp/generate', 'POST', '2xx')).toBe(1);
    expect(requests('/otp/generate', 'POST', '4xx')).toBe(1);
    expect(requests('/otp/verify', 'POST', '2xx')).toBe(1);
    expect(requests('', 'GET', '4xx')).toBe(1);
    expect(grown('http_request_duration_seconds_sum', { route: '/otp/generate' })).toBeGreaterThan(0);
    expect(grown('http_request_duration_seconds_sum', { route: '/otp/generate' })).toBeLessThan(5);
    expect(grown('http_problems_total', { route: '/otp/generate', code: 'otp_cooldown' })).toBe(1);
    expect(grown('http_problems_total', { route: '/otp/verify', code: 'otp_invalid' })).toBe(1);
    expect(grown('http_problems_total', { route: '', code: 'route_not_found' })).toBe(1);
    expect(grown('otp_codes_issued_total', { channel: 'email' })).toBe(1);
    expect(grown('otp_codes_issued_total')).toBe(1);
    expect(grown('otp_codes_verified_total')).toBe(1);
    expect(grown('otp_message_events_total')).toBe(1);
  });

  it('show a vendor that is away: its failures, who is passed over, and how long messages wait', async () => {
    const before = await scrape();
    const late = Array.from({ length: 6 }, mailbox);
    stub.behave({ fault: 'html 500' });
    for (const email of late) await app.post('/otp/generate', { email }).expect(200);

    await growth(before, 'otp_message_events_total', events('retry', { reason: 'unavailable' }), late.length);
    const passedOver = { channel: 'email', provider: 'postmark' };
    expect((await scrape()).sum('otp_provider_passed_over', passedOver)).toBe(1);
    await app.age(100);
    await until('the queue is seen', async () => {
      const now = await scrape();
      const waiting = now.sum('otp_queue_messages', { channel: 'email' });
      return waiting === late.length && now.sum('otp_queue_oldest_seconds', { channel: 'email' }) >= 100;
    });
    expect((await scrape()).sum('otp_queue_oldest_seconds', { channel: 'sms' })).toBe(0);

    stub.heal();
    await growth(before, 'otp_message_events_total', events('sent'), late.length);
    await until('the queue is empty', async () => {
      const now = await scrape();
      return (
        now.sum('otp_queue_messages') === 0 &&
        now.sum('otp_queue_oldest_seconds') === 0 &&
        now.all('otp_provider_passed_over', passedOver)[0]?.value === 0
      );
    });
  });

  it('count what is refused, what expires, what stays silent and what receipts say', async () => {
    const before = await scrape();
    await app.post('/otp/generate', { email: 'error-300@example.com' }).expect(200);
    await growth(before, 'otp_message_events_total', events('failed', { reason: 'rejected' }));

    const bounced = mailbox();
    await app.post('/otp/generate', { email: bounced }).expect(200);
    const { id, ref } = await sent(bounced);
    const bounceOf = bounce(bounced, 'HardBounce', 1, true);
    for (let i = 0; i < 2; i++) await sendPostmark(app.url, postmarkEvent('Bounce', id, ref, bounceOf));
    expect(await growth(before, 'otp_message_events_total', events('failed', { reason: 'bounced' }))).toBe(1);

    const phone_number = '+14155557001';
    await app.post('/otp/generate', { phone_number }).expect(200);
    const message = await sent(phone_number);
    await sendTwilio(app.url, message.id, twilioFields(message.ref, 'delivered'));
    await growth(before, 'otp_message_events_total', {
      channel: 'sms',
      provider: 'twilio',
      event: 'delivered',
    });

    const silent = mailbox();
    stub.behave({ fault: 'html 500' });
    await app.post('/otp/generate', { email: silent }).expect(200);
    await until('it waits', async () => (await row(silent))?.state === 'queued');
    await app.sql(
      `update messages set state = 'sent', provider = 'postmark', due_at = now() where recipient = $1`,
      [`email:${silent}`],
    );
    await growth(before, 'otp_message_events_total', events('silent'));

    await app.age(300);
    await growth(before, 'otp_message_events_total', events('expired'));
  });

  it('are for those who know the token', async () => {
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

  it('say nothing of anybody: no address, code, id or token', async () => {
    const { samples, text } = await scrape();
    const codes = stub.messages.map(({ text: said }) => /\b\d{6}\b/.exec(said)?.[0] ?? '');
    expect(codes.length).toBeGreaterThan(5);
    const values = samples.flatMap(({ labels }) => Object.values(labels));
    expect(values.filter((value) => codes.some((code) => value.includes(code)))).toEqual([]);
    expect(text).not.toMatch(/@|\+1415|example\.|[0-9a-f]{8}-[0-9a-f]{4}-/);
    for (const secret of [METRICS_TOKEN, ...Object.values(stub.settings).filter((one) => one.length > 15)])
      expect(text).not.toContain(secret);
  });

  it('do not stop when the queue cannot be read, and show no old numbers then', async () => {
    await app.sql('alter table messages rename to elsewhere');
    const away = await until('it is noticed', async () => {
      const now = await scrape();
      return now.sum('database_up') === 0 && now;
    });
    expect(away.all('otp_queue_messages')).toEqual([]);
    expect(away.all('otp_queue_oldest_seconds')).toEqual([]);
    expect(away.sum('http_request_duration_seconds_count')).toBeGreaterThan(0);
    await app.sql('alter table elsewhere rename to messages');
    await until('it is back', async () => (await scrape()).sum('database_up') === 1);
  });

  onPostgres('do not stop while the database is away', async () => {
    const [database] = await app.sql<{ name: string }>('select current_database() as name');
    const admin = new pg.Client({ connectionString: POSTGRES_URL });
    await admin.connect();
    await admin.query(`alter database ${database?.name} with allow_connections false`);
    await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [
      database?.name,
    ]);
    await until('it is noticed', async () => (await scrape()).sum('database_up') === 0);
    await admin.query(`alter database ${database?.name} with allow_connections true`);
    await admin.end();
    await until('it is back', async () => (await scrape()).sum('database_up') === 1);
  });

  describe('without a token', () => {
    it('are open in development, and cost nothing of the limit per address', async () => {
      const open = await TestApp.start({ IP_RATE_LIMIT: '2' });
      try {
        for (let i = 0; i < 5; i++) new Exposition((await open.get('/metrics').expect(200)).text);
        await open.post('/otp/generate', { email: 'ada@example.com' }).expect(200);
      } finally {
        await open.stop();
      }
    });

    onPostgres('are not there in production', async () => {
      const settings = { ...stub.settings, ...PRODUCTION };
      const [bare, guarded] = await Promise.all([
        TestApp.start(settings),
        TestApp.start({ ...settings, METRICS_TOKEN }),
      ]);
      try {
        const { body } = await bare.get('/metrics').set('authorization', 'Bearer undefined').expect(404);
        expect(body).toMatchObject({ code: 'route_not_found' });
        await guarded.get('/metrics').expect(401);
        await guarded.get('/metrics').set('authorization', `Bearer ${METRICS_TOKEN}`).expect(200);
      } finally {
        await Promise.all([bare.stop(), guarded.stop()]);
      }
    });
  });
});
