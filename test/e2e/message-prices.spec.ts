import { logIn, signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { createApplication, type ApplicationClient } from '../support/applications.js';
import { RECEIPT_SETTINGS, sendDelivery } from '../support/receipts.js';
import { until } from '../support/until.js';
import { VendorStub } from '../support/vendor-stub.js';

/** The default price of a segment, in millionths. */
const SEGMENT = 300_000;

describe('prices of messages', () => {
  let stub: VendorStub;
  let app: TestApp;
  let shop: ApplicationClient;
  beforeAll(async () => {
    stub = await VendorStub.start();
    app = await TestApp.start({
      ...stub.settings,
      ...RECEIPT_SETTINGS,
      // Makes the text of a code two segments long in Hindi, and leaves it one in English.
      PUBLIC_URL: `https://${'a'.repeat(28)}.example.com`,
      MAIL_PROVIDER: 'inbox',
      SMS_PROVIDERS: 'webhook',
      WHATSAPP_PROVIDERS: 'webhook',
      OTP_CHANNELS: 'email,sms,whatsapp',
      BCRYPT_COST: '4',
      PHONE_SPEND_PER_HOUR: '100',
    });
    await signUp(app, 'admin@example.com');
    await app.sql(`update users set roles = '{user,admin}'`);
    shop = await createApplication(app, await logIn(app, 'admin@example.com'), {});
  });
  afterAll(async () => {
    await app?.stop();
    await stub?.stop();
  });
  beforeEach(() => app.sql('delete from budget_counters'));
  afterEach(() => stub.heal());

  /** What is counted as spent, in segments. */
  async function spent(...keys: string[]): Promise<number[]> {
    const rows = await app.sql<{ key: string; spent: number }>(
      'select key, day_spent::float8 as spent from budget_counters',
    );
    return keys.map((key) => (rows.find((row) => row.key === key)?.spent ?? 0) / SEGMENT);
  }
  const newestMessage = async (phone: string) => {
    const [row] = await app.sql<{ id: string; state: string; attempts: number; price: number }>(
      'select id, state, attempts, price from messages where recipient = $1 order by id desc limit 1',
      [`phone:${phone}`],
    );
    if (!row) throw new Error(`no message to ${phone}`);
    return row;
  };
  const send = (phone_number: string, fields: object = {}, path = '/otp/generate') =>
    shop.post(path, { phone_number, ...fields });

  it.each([
    ['an SMS in one segment', '+14155560001', { locale: 'en' }, 1],
    ['an SMS in two segments', '+14155560002', { locale: 'hi' }, 2],
    [
      'an SMS with a context',
      '+14155560003',
      { purpose: 'transaction', context: { payee: 'x'.repeat(60), note: 'y'.repeat(60) } },
      2,
    ],
    ['WhatsApp', '+14155560004', { locale: 'hi', channel: 'whatsapp' }, 1],
  ])('charges %s by the segments of its text', async (_, phone, fields, segments) => {
    await send(phone, fields).expect(200);
    expect((await newestMessage(phone)).price).toBe(segments * SEGMENT);
    const keys = ['money', 'prefix:+1415556', 'country:US', `app:${shop.id}`];
    expect(await spent(...keys)).toEqual([segments, segments, segments, segments]);
  });

  it('refuses a message whose segments do not fit into the spend limit', async () => {
    await send('+14155561001', { locale: 'en' }).expect(200);
    await app.sql(`update budget_counters set hour_spent = 100000000 - ${1.5 * SEGMENT} where key = 'money'`);
    const { body } = await send('+14155561002', { locale: 'hi' }).expect(429);
    expect(body).toMatchObject({ code: 'phone_send_limit' });
    await send('+14155561002', { locale: 'en' }).expect(200);
    await until('the refused message is given back', async () => (await spent('country:US'))[0] === 2);
  });

  it('charges every message of a recipient, and counts the recipient once', async () => {
    for (const purpose of ['verification', 'checkout', 'payout'])
      await send('+14155562001', { purpose }).expect(200);
    expect(await spent('prefix:+1415556', 'country:US', 'money')).toEqual([3, 3, 3]);
    const [row] = await app.sql(
      `select hour_sent, day_sent from budget_counters where key = 'prefix:+1415556'`,
    );
    expect(row).toEqual({ hour_sent: 1, day_sent: 1 });
  });

  it.each([
    ['hi', 'en', '+14155563001', 2],
    ['en', 'hi', '+14155563002', 1],
  ])('charges a code in %s that is repeated for a request in %s as it is sent', async (...row) => {
    const [first, second, phone, segments] = row;
    await send(phone, { locale: first }).expect(200);
    await stub.message(phone);
    await app.ageWhenSent(61);
    await send(phone, { locale: second }, '/otp/resend').expect(200);
    const { text } = await stub.message(phone, 2);
    expect(text.startsWith((await stub.message(phone)).text.slice(0, 20))).toBe(true);
    expect((await newestMessage(phone)).price).toBe(segments * SEGMENT);
    const keys = ['money', 'prefix:+1415556', 'country:US', `app:${shop.id}`];
    expect(await spent(...keys)).toEqual(Array(4).fill(2 * segments));
  });

  it('charges a message once that is delivered at the second attempt', async () => {
    const phone = '+14155564001';
    stub.behave({ fault: 'html 500' }, { to: phone, times: 1 });
    await send(phone, { locale: 'hi' }).expect(200);
    await until('the message is sent', async () => (await newestMessage(phone)).state === 'sent');
    expect(await newestMessage(phone)).toMatchObject({ attempts: 2, price: 2 * SEGMENT });
    expect(await spent('money')).toEqual([2]);
  });

  it('corrects the sums of server, application, country and prefix by the first real price', async () => {
    const phone = '+14155565001';
    await send(phone, { locale: 'hi' }).expect(200);
    const { id } = await newestMessage(phone);
    for (const price of ['0.9', '0.0158', '0.9'])
      expect((await sendDelivery(app.url, { id, status: 'delivered', price })).status).toBe(204);
    const keys = ['money', `app:${shop.id}`, 'country:US', 'prefix:+1415556'];
    expect(await spent(...keys)).toEqual([3, 3, 3, 3]);
  });

  it('does not correct windows that began after the message', async () => {
    const phone = '+14155566001';
    await send(phone).expect(200);
    await app.sql('delete from budget_counters');
    await send('+14155566002').expect(200);
    const { id } = await newestMessage(phone);
    expect((await sendDelivery(app.url, { id, status: 'delivered', price: '0.9' })).status).toBe(204);
    expect(await spent('money', 'country:US')).toEqual([1, 1]);
  });
});
