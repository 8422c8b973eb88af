import { TestApp } from '../support/app.js';
import { RECEIPT_SETTINGS, sendDelivery, sendTwilio, twilioFields } from '../support/receipts.js';
import { until } from '../support/until.js';
import { VendorStub } from '../support/vendor-stub.js';

interface Row {
  id: string;
  channel: string;
  state: string;
  ref: string;
}

const codeIn = (text = '') => /\b\d{6}\b/.exec(text)?.[0];

describe('channels that do not reach a number', () => {
  let stub: VendorStub;
  let app: TestApp;
  let phoneCount = 0;
  beforeAll(async () => {
    stub = await VendorStub.start();
    app = await TestApp.start({
      ...stub.settings,
      ...RECEIPT_SETTINGS,
      OTP_CHANNELS: 'sms,email,whatsapp,voice',
      SMS_ROUTES: 'IN:webhook',
      WHATSAPP_PROVIDERS: 'twilio',
      VOICE_PROVIDERS: 'twilio',
    });
  });
  afterAll(async () => {
    await app?.stop();
    await stub?.stop();
  });
  afterEach(() => stub.heal());

  const newPhone = () => `+1415555${4000 + ++phoneCount}`;
  const request = (to: string, channel: string, path = '/otp/generate') =>
    app.post(path, { phone_number: to, channel });
  const newestMessage = async (to: string): Promise<Row> => {
    const [row] = await app.sql<Row>(
      `select id, channel, state, provider_ref as ref from messages where recipient = $1
       order by created_at desc, id desc limit 1`,
      [`phone:${to}`],
    );
    if (!row) throw new Error(`no message to ${to}`);
    return row;
  };
  const waitForState = (to: string, state: string) =>
    until(`the message to ${to} is ${state}`, async () => {
      const row = await newestMessage(to);
      return row.state === state && row;
    });
  const send = async (to: string, channel: string, state: string): Promise<Row> => {
    await request(to, channel).expect(200);
    return waitForState(to, state);
  };
  const expectWait = async (to: string, channel: string) => {
    const { body } = await request(to, channel).expect(429);
    expect(body).toMatchObject({ code: 'otp_cooldown' });
  };
  const reportFailure = async ({ id, ref }: Row, ErrorCode: string) =>
    expect((await sendTwilio(app.url, id, twilioFields(ref, 'undelivered', { ErrorCode }))).status).toBe(204);

  /** Sends a message that fails for the given reason: at once, or by a receipt. */
  async function sendUndeliverable(to: string, channel: string, how: string, error: number): Promise<void> {
    if (how === 'refusal') {
      stub.behave({ fault: error }, { to, vendor: 'twilio' });
      await send(to, channel, 'failed');
    } else await reportFailure(await send(to, channel, 'sent'), String(error));
  }

  it.each([
    ['sms', 'refusal', 21614, 'voice'],
    ['sms', 'refusal', 60205, 'voice'],
    ['sms', 'refusal', 21614, 'whatsapp'],
    ['sms', 'receipt', 30006, 'voice'],
    ['whatsapp', 'refusal', 63024, 'sms'],
    ['whatsapp', 'refusal', 63003, 'voice'],
    ['whatsapp', 'receipt', 63024, 'sms'],
    ['whatsapp', 'receipt', 63003, 'sms'],
  ])('sends the same code at once after %s failed by %s (%i) and %s was requested', async (...row) => {
    const [channel, how, error, other] = row;
    const to = newPhone();
    await sendUndeliverable(to, channel, how, error);
    const firstCode = codeIn(stub.callsTo(to)[0]?.text);
    await expectWait(to, channel);
    stub.heal();

    const accepted = stub.messagesTo(to).length;
    await request(to, other).expect(200);
    const { text } = await stub.message(to, accepted + 1);
    expect(codeIn(text)).toBe(firstCode);
    expect(await app.sql('select from messages where recipient = $1', [`phone:${to}`])).toHaveLength(2);
    for (const next of [channel, other]) await expectWait(to, next);
    await app.post('/otp/verify', { phone_number: to, otp: firstCode }).expect(200);
  });

  it('applies to a resend and to a sign-in code', async () => {
    const to = newPhone();
    stub.behave({ fault: 21614 }, { to, vendor: 'twilio' });
    await send(to, 'sms', 'failed');
    await request(to, 'sms', '/otp/resend').expect(429);
    await request(to, 'voice', '/otp/resend').expect(200);

    const signIn = (channel: string) => app.post('/auth/send_otp', { phone: to, channel });
    await signIn('sms').expect(201);
    await waitForState(to, 'failed');
    await signIn('sms').expect(429);
    await signIn('voice').expect(201);
  });

  it.each([
    ['refusal', 21211],
    ['refusal', 21610],
    ['refusal', 21612],
    ['receipt', 30003],
    ['receipt', 30007],
    ['receipt', 30005],
  ])('keeps the wait for every channel after another %s (%i)', async (how, error) => {
    const to = newPhone();
    await sendUndeliverable(to, 'sms', how, error);
    for (const channel of ['sms', 'voice', 'whatsapp']) await expectWait(to, channel);
  });

  it('keeps the wait for every channel that failed, and ends it after its time', async () => {
    const to = newPhone();
    stub.behave({ fault: 21614 }, { to, vendor: 'twilio', times: 1 });
    await send(to, 'sms', 'failed');
    stub.behave({ fault: 63024 }, { to, vendor: 'twilio', times: 1 });
    await send(to, 'whatsapp', 'failed');
    for (const channel of ['sms', 'whatsapp']) await expectWait(to, channel);
    await send(to, 'voice', 'sent');
    for (const channel of ['sms', 'whatsapp', 'voice']) await expectWait(to, channel);
    await app.ageWhenSent(61);
    await send(to, 'sms', 'sent');
    for (const channel of ['sms', 'whatsapp', 'voice']) await expectWait(to, channel);
  });

  it('keeps the limit of messages a day', async () => {
    const to = newPhone();
    await sendUndeliverable(to, 'sms', 'refusal', 21614);
    await app.sql('update budget_counters set day_sent = 6 where key = $1', [`to:phone:${to}`]);
    const { body } = await request(to, 'voice').expect(403);
    expect(body).toMatchObject({ code: 'proof_of_work_required' });
    await app.sql('update budget_counters set day_sent = 20 where key = $1', [`to:phone:${to}`]);
    const { body: refused } = await request(to, 'voice').expect(429);
    expect(refused).toMatchObject({ code: 'otp_send_limit' });
  });

  it('ignores a receipt for a challenge that was replaced', async () => {
    const to = newPhone();
    const replaced = await send(to, 'sms', 'sent');
    await app.ageWhenSent(200);
    await send(to, 'sms', 'sent');
    await reportFailure(replaced, '30006');
    await expectWait(to, 'voice');
  });

  it('ignores a receipt for an older message in another channel', async () => {
    const to = newPhone();
    const older = await send(to, 'sms', 'sent');
    await app.ageWhenSent(61);
    await send(to, 'voice', 'sent');
    await reportFailure(older, '30006');
    for (const channel of ['sms', 'voice', 'whatsapp']) await expectWait(to, channel);
  });

  it('reads a receipt that arrives before the reply to our request', async () => {
    const to = '+919876543211';
    stub.behave({ latencyMs: 1_000 }, { to });
    await request(to, 'sms').expect(200);
    await until('the provider has the message', () => stub.callsTo(to).length === 1);
    const { id } = await newestMessage(to);
    await sendDelivery(app.url, { id, status: 'failed', reason: '30006' });
    await waitForState(to, 'failed');
    await expectWait(to, 'sms');
    await request(to, 'voice').expect(200);
  });
});
