import { logIn, signUp, type Person } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { createApplication, type ApplicationClient } from '../support/applications.js';
import { until } from '../support/until.js';

const MINUTE = 60;
const DAY = 86_400;
/** Without `PHONE_PRICES` every message to a phone costs this. */
const PRICE = 0.3;

describe('limits of an application', () => {
  let app: TestApp;
  let admin: Person;
  let count = 0;
  beforeAll(async () => {
    app = await TestApp.start({
      BCRYPT_COST: '4',
      TRUST_PROXY: 'loopback',
      FRAUD_MODE: 'enforce',
      OTP_CHANNELS: 'sms,email,whatsapp,voice',
    });
    await signUp(app, 'admin@example.com');
    await app.sql(`update users set roles = '{user,admin}'`);
  });
  afterAll(() => app?.stop());
  beforeEach(async () => {
    // Again for each test, because sessions age too.
    admin = await logIn(app, 'admin@example.com');
    await app.sql('delete from budget_counters');
  });

  const newEmail = () => `somebody-${++count}@example.com`;
  /** In different prefixes, so that only the application is limited. */
  const newPhone = () => `+1415${2_010_000 + ++count * 10_000}`;
  const mail = (client: ApplicationClient) => client.post('/otp/generate', { email: newEmail() });
  const sms = (client: ApplicationClient) => client.post('/otp/generate', { phone_number: newPhone() });

  async function countMessages({ id }: ApplicationClient): Promise<number | undefined> {
    const [row] = await app.sql<{ count: number }>(
      'select count(*)::int as count from messages where application_id = $1',
      [id],
    );
    return row?.count;
  }

  /** Everything that is counted but for verdicts, by key. */
  async function counted(): Promise<Record<string, number>> {
    const rows = await app.sql<{ key: string; sent: number; spent: number }>(
      `select key, day_sent as sent, day_spent::int as spent from budget_counters
       where day_sent > 0 and key not like 'verdict:%' order by key`,
    );
    return Object.fromEntries(
      rows.flatMap(({ key, sent, spent }) => [
        [key, sent],
        [`${key} spent`, spent],
      ]),
    );
  }

  async function expectRefused(
    client: ApplicationClient,
    send: (client: ApplicationClient) => PromiseLike<{ status: number; body: unknown; headers: object }>,
    windowSeconds: number,
  ): Promise<void> {
    const [messages, before] = [await countMessages(client), await counted()];
    const { status, body, headers } = await send(client);
    expect([status, body]).toEqual([429, expect.objectContaining({ code: 'application_send_limit' })]);
    const wait = Number((headers as Record<string, string>)['retry-after']);
    expect(wait).toBeGreaterThan(windowSeconds - 30);
    expect(wait).toBeLessThanOrEqual(windowSeconds);
    expect(await countMessages(client)).toBe(messages);
    await until('nothing of it is counted', async () => {
      return JSON.stringify(await counted()) === JSON.stringify(before);
    });
  }

  describe.each(['server', 'browser'])('of the kind %s', (kind) => {
    const create = (limits: object) => createApplication(app, admin, { kind, limits });

    it('refuse more messages in a minute, on all routes', async () => {
      const client = await create({ messagesPerMinute: 3 });
      await mail(client).expect(200);
      await sms(client).expect(200);
      await client.post('/auth/send_otp', { email: newEmail() }).expect(201);
      for (const send of [
        mail,
        sms,
        (client: ApplicationClient) => client.post('/auth/send_otp', { email: newEmail() }),
        (client: ApplicationClient) => client.post('/auth/forgot', { email: newEmail() }),
      ])
        await expectRefused(client, send, MINUTE);
      await app.post('/otp/generate', { email: newEmail() }).expect(200);

      await app.ageWhenSent(MINUTE + 1);
      await mail(client).expect(200);
      expect(await countMessages(client)).toBe(4);
    });

    it('refuse more messages in a day, and not other applications', async () => {
      const client = await create({ messagesPerDay: 2 });
      await mail(client).expect(200);
      await sms(client).expect(200);
      await expectRefused(client, mail, DAY);
      await expectRefused(client, sms, DAY);
      await mail(await create({ messagesPerDay: 1 })).expect(200);
      await app.ageWhenSent(DAY + 1);
      await mail(client).expect(200);
    });

    it('refuse to spend more in a day, and not what costs nothing', async () => {
      const client = await create({ spendPerDay: 2 * PRICE });
      for (let message = 1; message <= 2; message++) await sms(client).expect(200);
      await expectRefused(client, sms, DAY);
      await mail(client).expect(200);
      await app.ageWhenSent(DAY + 1);
      await sms(client).expect(200);
    });

    it('act after a change, and a limit of nothing refuses everything', async () => {
      const client = await create({ messagesPerDay: 1 });
      await mail(client).expect(200);
      await expectRefused(client, mail, DAY);
      await admin.patch(`/applications/${client.id}`, { limits: { messagesPerDay: 2 } }).expect(200);
      await mail(client).expect(200);
      await admin
        .patch(`/applications/${client.id}`, { limits: { messagesPerDay: 0, spendPerDay: 0 } })
        .expect(200);
      await expectRefused(client, mail, DAY);
      await expectRefused(client, sms, DAY);
    });
  });

  it('count nothing that purposes, channels or countries refuse', async () => {
    const client = await createApplication(app, admin, {
      purposes: ['verification'],
      channels: ['sms'],
      countries: ['US'],
      limits: { messagesPerDay: 1 },
    });
    const refusals: [path: string, body: object, code: string][] = [
      ['/otp/generate', { phone_number: newPhone(), purpose: 'checkout' }, 'application_purpose_refused'],
      ['/otp/resend', { phone_number: newPhone(), purpose: 'checkout' }, 'application_purpose_refused'],
      ['/otp/generate', { email: newEmail() }, 'application_channel_refused'],
      ['/otp/generate', { phone_number: newPhone(), channel: 'voice' }, 'application_channel_refused'],
      ['/auth/send_otp', { phone: newPhone(), channel: 'whatsapp' }, 'application_channel_refused'],
      ['/auth/forgot', { email: newEmail() }, 'application_channel_refused'],
      [
        '/auth/register',
        { email: newEmail(), password: 'velvet otters dance' },
        'application_channel_refused',
      ],
      ['/otp/generate', { phone_number: '+919445012345' }, 'application_country_refused'],
      ['/auth/send_otp', { phone: '+919445012345' }, 'application_country_refused'],
    ];
    for (const [path, fields, code] of refusals) {
      const { status, body } = await client.post(path, fields);
      expect([path, status, body.code]).toEqual([path, 403, code]);
    }
    expect([await countMessages(client), await counted()]).toEqual([0, {}]);
    await sms(client).expect(200);
    await expectRefused(client, sms, DAY);
  });
});
