import { TestApp } from '../support/app.js';
import { VendorStub } from '../support/vendor-stub.js';

const CONTEXT = { amount: '39.99 EUR', payee: 'Acme' };

/** Numbers of countries whose SMS providers differ in what they can show. */
const PLAIN_ONLY = '+3361234';
const EITHER = '+491511234';

describe('choice of the channel by what its providers can show', () => {
  let stub: VendorStub;
  let app: TestApp;
  let numberCount = 0;
  beforeAll(async () => {
    stub = await VendorStub.start();
    app = await TestApp.start({
      ...stub.settings,
      OTP_CHANNELS:
        'whatsapp,sms,email,voice,delivery:whatsapp,delivery:sms,gift:whatsapp,call:sms,call:voice',
      WHATSAPP_PROVIDERS: 'twilio',
      VOICE_PROVIDERS: 'twilio',
      SMS_PROVIDERS: 'twilio',
      SMS_ROUTES: 'FR:twilio-verify;IN:twilio-verify,twilio',
      TEST_IDENTITIES: '+14155550199=000000',
    });
  });
  afterAll(async () => {
    await app?.stop();
    await stub?.stop();
  });

  const newNumber = (prefix: string) => `${prefix}${String(numberCount++).padStart(4, '0')}`;
  const generate = (phone_number: string, more: object = {}) =>
    app.post('/otp/generate', { phone_number, ...more });
  const messageIdsTo = (to: string) =>
    app.sql(`select id from messages where recipient = $1`, [`phone:${to}`]);

  const ACCEPTED: [title: string, prefix: string, request: object, channel: string, vendor: string][] = [
    ['WhatsApp, the first channel, without a context', EITHER, {}, 'whatsapp', 'twilio'],
    ['WhatsApp without a context on request', EITHER, { channel: 'whatsapp' }, 'whatsapp', 'twilio'],
    ['SMS instead of WhatsApp with a context', EITHER, { context: CONTEXT }, 'sms', 'twilio'],
    ['SMS for a transaction', EITHER, { purpose: 'transaction', context: CONTEXT }, 'sms', 'twilio'],
    ['SMS for a custom purpose', EITHER, { purpose: 'delivery', context: CONTEXT }, 'sms', 'twilio'],
    ['SMS on request', EITHER, { channel: 'sms', context: CONTEXT }, 'sms', 'twilio'],
    ['SMS through the second provider', '+91987654', { channel: 'sms', context: CONTEXT }, 'sms', 'twilio'],
    ['a call where neither WhatsApp nor SMS can', PLAIN_ONLY, { context: CONTEXT }, 'voice', 'voice'],
    ['a call for a purpose', PLAIN_ONLY, { purpose: 'call', context: CONTEXT }, 'voice', 'voice'],
    ['Twilio Verify without a context', PLAIN_ONLY, { channel: 'sms' }, 'sms', 'verify'],
  ];
  it.each(ACCEPTED)('uses %s', async (_, prefix, request, channel, vendor) => {
    const to = newNumber(prefix);
    const { body } = await generate(to, request).expect(200);
    expect(body.challenge).toMatchObject({ channel });
    const message = await stub.message(to);
    expect(message.vendor).toBe(vendor);
    if ('context' in request) expect(message.text).toContain('39.99 EUR');
  });

  const REFUSED: [title: string, prefix: string, request: object][] = [
    ['WhatsApp with a context', EITHER, { channel: 'whatsapp', context: CONTEXT }],
    ['WhatsApp for a transaction', EITHER, { channel: 'whatsapp', purpose: 'transaction', context: CONTEXT }],
    ['a purpose with WhatsApp only', EITHER, { purpose: 'gift', context: CONTEXT }],
    ['SMS through Twilio Verify only', PLAIN_ONLY, { channel: 'sms', context: CONTEXT }],
    ['a purpose without a channel for the country', PLAIN_ONLY, { purpose: 'delivery', context: CONTEXT }],
  ];
  it.each(REFUSED)('refuses %s at once and spends nothing', async (_, prefix, request) => {
    const to = newNumber(prefix);
    for (const path of ['/otp/generate', '/otp/resend']) {
      const { status, body } = await app.post(path, { phone_number: to, ...request });
      expect([status, body]).toMatchObject([
        400,
        { code: 'channel_not_available', errors: [{ field: 'channel', detail: expect.any(String) }] },
      ]);
    }
    expect(await messageIdsTo(to)).toEqual([]);
    // No cooldown has begun.
    await generate(to, { channel: 'voice' }).expect(200);
  });

  it('accepts any channel for a test identity', async () => {
    await generate('+14155550199', { channel: 'whatsapp', context: CONTEXT }).expect(200);
  });

  it('mails a context', async () => {
    const email = 'ada@example.com';
    await app.post('/otp/generate', { email, purpose: 'transaction', context: CONTEXT }).expect(200);
    expect((await stub.message(email)).text).toContain('39.99 EUR');
  });
});
