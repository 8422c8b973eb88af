import { TestApp } from '../support/app.js';
import { MailServer } from '../support/mail-server.js';
import { until } from '../support/until.js';
import { VendorStub, type Fault } from '../support/vendor-stub.js';

interface Row {
  state: string;
  provider: string | null;
  failure: string | null;
  attempts: number;
}

/** Every provider in every channel. Tests break the first provider of a channel. */
const ALL_PROVIDERS = {
  MAIL_PROVIDERS: 'postmark,smtp,webhook',
  SMS_PROVIDERS: 'twilio,webhook',
  SMS_ROUTES: 'IN:webhook,twilio;GB:twilio/ACMEUK;FR:twilio-verify,twilio',
  WHATSAPP_PROVIDERS: 'twilio,twilio-verify,webhook',
  VOICE_PROVIDERS: 'twilio,twilio-verify,webhook',
  OTP_CHANNELS: 'sms,email,whatsapp,voice,shopping:whatsapp',
};

describe('delivery providers', () => {
  let stub: VendorStub;
  let mail: MailServer;
  let app: TestApp;
  let addressCount = 0;
  beforeAll(async () => {
    stub = await VendorStub.start();
    mail = await MailServer.start();
    app = await TestApp.start({ ...stub.settings, ...ALL_PROVIDERS, SMTP_URL: mail.url });
    await app.post('/otp/generate', { email: 'first@example.com' }).expect(200);
  });
  afterAll(async () => {
    await app?.stop();
    await stub?.stop();
    await mail?.stop();
  });
  afterEach(() => {
    stub.heal();
    mail.heal();
  });

  /** A US number that no other test uses. */
  const newPhone = () => `+1415555${3000 + addressCount++}`;
  const newEmail = () => `somebody-${addressCount++}@example.com`;
  const addressFields = (to: string) => (to.startsWith('+') ? { phone_number: to } : { email: to });
  const generate = (to: string, more: object = {}) =>
    app.post('/otp/generate', { ...addressFields(to), ...more });
  const verify = (to: string, otp: string, more: object = {}) =>
    app.post('/otp/verify', { ...addressFields(to), otp, ...more });
  const findMessages = (to: string): Promise<Row[]> =>
    app.sql(
      `select state, provider, failure, attempts from messages where recipient = $1 order by created_at, id`,
      [`${to.startsWith('+') ? 'phone' : 'email'}:${to}`],
    );
  const waitUntilFinished = async (to: string): Promise<Row> =>
    until(
      'the message is finished',
      async () => {
        const row = (await findMessages(to)).at(-1);
        return row && row.state !== 'queued' && row.state !== 'sending' && row;
      },
      30,
    );
  const vendorsCalled = (to: string) => stub.callsTo(to).map(({ vendor }) => vendor);

  describe('without faults', () => {
    it.each([
      ['email', 'postmark', () => newEmail()],
      ['sms', 'twilio', () => newPhone()],
      ['whatsapp', 'twilio', () => newPhone()],
      ['voice', 'voice', () => newPhone()],
    ])('delivers a working code by %s through the first provider', async (channel, vendor, address) => {
      const to = address();
      const { body } = await generate(to, { channel }).expect(200);
      expect(body.challenge).toMatchObject({ channel });

      const otp = await stub.code(to);
      expect(vendorsCalled(to)).toEqual([vendor]);
      await verify(to, otp).expect(200);
      expect(await waitUntilFinished(to)).toMatchObject({ state: 'sent', attempts: 1 });
    });

    it('uses the provider and the sender configured for the country', async () => {
      const [india, britain] = ['+919876543210', '+447400123456'];
      for (const to of [india, britain]) await generate(to).expect(200);

      const { payload, text } = await stub.message(india);
      expect(vendorsCalled(india)).toEqual(['webhook']);
      expect(payload).toMatchObject({ channel: 'sms', to: india, code: /\d{6}/.exec(text)?.[0] });
      expect(payload).toMatchObject({
        locale: expect.any(String),
        validSeconds: expect.any(Number),
      });
      expect((await stub.message(britain)).payload).toMatchObject({ From: 'ACMEUK' });
    });

    it('sends our own code through Twilio Verify and reports the outcome to it', async () => {
      const [to, wrongTo] = ['+33612345678', '+33612345679'];
      await generate(to).expect(200);
      await generate(wrongTo).expect(200);
      const otp = await stub.code(to);
      const { id } = await stub.message(to);
      const { id: wrongId } = await stub.message(wrongTo);
      expect(vendorsCalled(to)).toEqual(['verify']);
      for (const address of [to, wrongTo]) await waitUntilFinished(address);

      await verify(to, otp).expect(200);
      expect((await stub.message(id)).payload).toEqual({ Status: 'approved' });
      const wrong = (await stub.code(wrongTo)) === '000000' ? '000001' : '000000';
      for (let i = 0; i < 3; i++) await verify(wrongTo, wrong).expect(400);
      expect((await stub.message(wrongId)).payload).toEqual({ Status: 'canceled' });
    });

    it('approves a code without waiting for a Twilio Verify that hangs', async () => {
      const to = '+33612345680';
      await generate(to).expect(200);
      const otp = await stub.code(to);
      await waitUntilFinished(to);
      stub.behave({ fault: 'hang before accepting' }, { vendor: 'verify' });
      const started = performance.now();
      await verify(to, otp).expect(200);
      expect(performance.now() - started).toBeLessThan(1_000);
    });

    it('sends a code with context through a provider that can display the context', async () => {
      const to = '+33612345681';
      const context = { amount: '39.99 EUR', payee: 'Acme' };
      await generate(to, { purpose: 'transaction', context }).expect(200);
      expect((await stub.message(to)).text).toContain('39.99 EUR');
      expect(vendorsCalled(to)).toEqual(['twilio']);

      const whatsAppTo = newPhone();
      await generate(whatsAppTo, { purpose: 'transaction', context, channel: 'whatsapp' }).expect(200);
      expect((await stub.message(whatsAppTo)).payload).toMatchObject({
        channel: 'whatsapp',
        context,
      });
      expect(vendorsCalled(whatsAppTo)).toEqual(['webhook']);
    });

    it('limits a purpose to its configured channels, and an address to channels that can reach it', async () => {
      const to = newPhone();
      const { body } = await generate(to, { purpose: 'shopping' }).expect(200);
      expect(body.challenge).toMatchObject({ channel: 'whatsapp' });
      for (const refused of [
        await generate(newPhone(), { purpose: 'shopping', channel: 'sms' }),
        await generate(newEmail(), { purpose: 'shopping' }),
        await generate(newEmail(), { channel: 'voice' }),
        await generate(newPhone(), { channel: 'email' }),
      ]) {
        expect(refused.status).toBe(400);
        expect(refused.body).toMatchObject({ code: 'channel_not_available' });
      }
      await generate(newPhone(), { channel: 'fax' }).expect(400);
    });
  });

  /** Faults of the first provider, and whether it may have delivered the message anyway. */
  const FAULTS: [Fault, boolean][] = [
    ['unauthorized', false],
    ['throttled', false],
    ['throttled, retry after 1 s', false],
    ['html 500', false],
    ['html 502', false],
    ['garbage', false],
    ['reset mid-body', true],
    ['hang before accepting', false],
    ['hang after accepting', true],
    ['hang mid-body', true],
  ];

  it.each(FAULTS)(
    'delivers the same code through the next provider within 5 s of the fault "%s", one provider at a time',
    async (fault, accepted) => {
      const cases = [
        { to: newEmail(), channel: 'email', first: 'postmark' },
        { to: newPhone(), channel: 'sms', first: 'twilio' },
        { to: newPhone(), channel: 'whatsapp', first: 'twilio' },
        { to: newPhone(), channel: 'voice', first: 'voice' },
      ] as const;
      const timeoutSeconds = fault.toString().startsWith('hang') ? 8 : 0;
      // No circuit is open yet, so every case starts with the first provider.
      for (const { to, first } of cases) stub.behave({ fault }, { to, vendor: first });
      const started = Date.now();
      await Promise.all(cases.map(({ to, channel }) => generate(to, { channel }).expect(200)));

      for (const { to, channel, first } of cases) {
        const row = await waitUntilFinished(to);
        expect(row).toMatchObject({ state: 'sent', attempts: 2 });
        const others = stub.callsTo(to).filter(({ vendor }) => vendor !== first);
        const otp = channel === 'email' ? await mail.code(to) : /\d{4,10}/.exec(others[0]?.text ?? '')?.[0];
        expect(Date.now() - started).toBeLessThan((timeoutSeconds + 5) * 1_000);
        expect(vendorsCalled(to).filter((vendor) => vendor === first)).toHaveLength(1);
        if (channel !== 'email') {
          expect(others).toHaveLength(1);
          expect((others[0]?.at ?? 0) - (stub.callsTo(to)[0]?.at ?? 0)).toBeGreaterThanOrEqual(
            timeoutSeconds * 1_000,
          );
        }
        // A message that the first provider accepted but did not confirm carries the same code.
        const unconfirmed = stub.messagesTo(to).filter(({ vendor }) => vendor === first);
        expect(unconfirmed).toHaveLength(accepted ? 1 : 0);
        for (const { text } of unconfirmed) expect(text).toContain(otp);
        await verify(to, String(otp)).expect(200);
      }
      // A success resets the consecutive failures, so no circuit opens in the next test.
      stub.heal();
      for (const { channel } of cases) {
        const to = channel === 'email' ? newEmail() : newPhone();
        await generate(to, { channel }).expect(200);
        await stub.message(to);
      }
    },
  );

  /** The outcome of a message for each reply of the first provider. */
  const ANSWERS: [channel: string, fault: Fault, state: string, provider: string, failure: string | null][] =
    [
      ['email', 406, 'failed', 'postmark', 'rejected (406)'],
      ['email', 300, 'failed', 'postmark', 'rejected (300)'],
      ['email', 401, 'sent', 'smtp', null],
      ['email', 405, 'sent', 'smtp', null],
      ['email', 429, 'sent', 'smtp', null],
      ['sms', 21211, 'failed', 'twilio', 'rejected (21211)'],
      ['sms', 21408, 'sent', 'webhook', null],
      ['sms', 21606, 'sent', 'webhook', null],
      ['sms', 20005, 'sent', 'webhook', null],
      ['sms', 63038, 'sent', 'webhook', null],
      ['sms', 99999, 'sent', 'webhook', null],
      ['email', 1400, 'sent', 'smtp', null],
      ['webhook', 406, 'sent', 'twilio', null],
      ['sms', 21610, 'failed', 'twilio', 'rejected (21610)'],
      ['sms', 21612, 'sent', 'webhook', null],
      ['sms', 21614, 'failed', 'twilio', 'rejected (21614)'],
      ['sms', 30007, 'sent', 'webhook', null],
      ['sms', 20429, 'sent', 'webhook', null],
      ['sms', 20500, 'sent', 'webhook', null],
      ['voice', 21217, 'failed', 'twilio', 'rejected (21217)'],
      ['voice', 21215, 'sent', 'twilio-verify', null],
      ['whatsapp', 63024, 'sent', 'twilio-verify', null],
      ['verify', 60202, 'sent', 'twilio', null],
      ['verify', 60203, 'sent', 'twilio', null],
      ['verify', 60205, 'failed', 'twilio-verify', 'rejected (60205)'],
      ['verify', 60212, 'sent', 'twilio', null],
      ['webhook', 410, 'failed', 'webhook', 'rejected (410)'],
      ['webhook', 422, 'failed', 'webhook', 'rejected (422)'],
      ['webhook', 400, 'sent', 'twilio', null],
      ['webhook', 503, 'sent', 'twilio', null],
    ];
  it.each(ANSWERS)(
    'a message by %s that gets reply %s ends as "%s" with provider %s',
    async (kind, ...rest) => {
      const [fault, state, provider, failure] = rest;
      const newAddress = {
        email: newEmail,
        verify: () => `+3361234${1000 + addressCount++}`,
        webhook: () => `+9198765${44000 + addressCount++}`,
      }[kind];
      const address = (newAddress ?? newPhone)();
      const vendor = ({ email: 'postmark', sms: 'twilio', whatsapp: 'twilio' } as const)[kind] ?? kind;
      stub.behave({ fault }, { to: address, vendor: vendor as 'twilio' });
      const channel = ['email', 'sms', 'voice', 'whatsapp'].includes(kind) ? kind : 'sms';
      await generate(address, { channel }).expect(200);

      expect(await waitUntilFinished(address)).toEqual({
        state,
        provider,
        failure,
        attempts: state === 'sent' ? 2 : 1,
      });
    },
  );

  it('passes refused messages to the next provider and keeps using the first for others', async () => {
    const refused = Array.from({ length: 8 }, newPhone);
    for (const to of refused) {
      stub.behave({ fault: 21701 }, { to, vendor: 'twilio' });
      await generate(to).expect(200);
    }
    for (const to of refused) {
      expect(await waitUntilFinished(to)).toMatchObject({ state: 'sent', provider: 'webhook', attempts: 2 });
      expect(vendorsCalled(to)).toEqual(['twilio', 'webhook']);
    }
    const to = newPhone();
    await generate(to).expect(200);
    expect(await waitUntilFinished(to)).toMatchObject({ state: 'sent', provider: 'twilio', attempts: 1 });
    expect(app.log.match(/ERROR.*rejected \(21701\)/g)).toHaveLength(refused.length);
  });

  it('keeps codes and credentials out of the log', () => {
    const codes = stub.messages.map(({ text }) => /\b\d{6}\b/.exec(text)?.[0] ?? '');
    expect(codes.length).toBeGreaterThan(30);
    for (const code of codes.filter(Boolean)) expect(app.log).not.toMatch(new RegExp(`\\b${code}\\b`));
    expect(app.log).not.toMatch(/pass%2Bword|pass\+word|example\.com|\+1415|whsec_/);
    for (const secret of Object.values(stub.settings).filter((value) => value.length > 30))
      expect(app.log).not.toContain(secret);
  });
});

describe('unavailable provider', () => {
  let stub: VendorStub;
  let app: TestApp;
  beforeAll(async () => {
    stub = await VendorStub.start();
    app = await TestApp.start({
      ...stub.settings,
      MAIL_PROVIDERS: 'postmark,webhook',
      SMS_PROVIDERS: 'twilio,webhook',
      RECEIPT_TIMEOUT_SECONDS: '30',
    });
  });
  afterAll(async () => {
    await app?.stop();
    await stub?.stop();
  });
  afterEach(() => stub.heal());

  it('skips the provider while its circuit is open, probes it and uses it again after recovery', async () => {
    const send = async (email: string) => {
      await app.post('/otp/generate', { email }).expect(200);
      await stub.message(email);
      return stub.callsTo(email).map(({ vendor }) => vendor);
    };
    stub.behave({ fault: 'html 502' }, { vendor: 'postmark' });
    for (let i = 0; i < 5; i++) expect(await send(`down-${i}@example.com`)).toEqual(['postmark', 'webhook']);
    expect(await send('over@example.com')).toEqual(['webhook']);
    await until('the log reports the open circuit', () => app.log.includes('circuit opened'));

    stub.heal();
    await until(
      'traffic returns to the provider',
      async () => (await send(`back-${Math.random()}@example.com`))[0] === 'postmark',
      15,
    );
    expect(await send('returned@example.com')).toEqual(['postmark']);
    expect(app.log.match(/circuit opened/g)).toHaveLength(1);
    expect(app.log.match(/circuit closed/g)).toHaveLength(1);
  });

  it('sends the same code through the next provider when no receipt arrives', async () => {
    const phone_number = '+14155552900';
    await app.post('/otp/generate', { phone_number }).expect(200);
    const otp = await stub.code(phone_number);
    await until('the message is recorded as sent', async () => {
      const [row] = await app.sql<{ state: string }>(
        `select state from messages where recipient = 'phone:+14155552900'`,
      );
      return row?.state === 'sent';
    });

    await app.age(31);
    expect(await stub.code(phone_number, 2)).toBe(otp);
    expect(stub.callsTo(phone_number).map(({ vendor }) => vendor)).toEqual(['twilio', 'webhook']);
    await app.post('/otp/verify', { phone_number, otp }).expect(200);
  });
});
