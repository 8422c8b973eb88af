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

/** Every provider in every channel: the first of each is what a test breaks. */
const ALL = {
  MAIL_PROVIDERS: 'postmark,smtp,webhook',
  SMS_PROVIDERS: 'twilio,webhook',
  SMS_ROUTES: 'IN:webhook,twilio;GB:twilio/ACMEUK;FR:twilio-verify,twilio',
  WHATSAPP_PROVIDERS: 'twilio,twilio-verify,webhook',
  VOICE_PROVIDERS: 'twilio,twilio-verify,webhook',
  OTP_CHANNELS: 'sms,email,whatsapp,voice,shopping:whatsapp',
};

describe('providers', () => {
  let stub: VendorStub;
  let mail: MailServer;
  let app: TestApp;
  let used = 0;
  beforeAll(async () => {
    stub = await VendorStub.start();
    mail = await MailServer.start();
    app = await TestApp.start({ ...stub.settings, ...ALL, SMTP_URL: mail.url });
    await app.post('/otp/generate', { email: 'first@example.com' }).expect(200);
  }, 30_000);
  afterAll(async () => {
    await app?.stop();
    await stub?.stop();
    await mail?.stop();
  });
  afterEach(() => {
    stub.heal();
    mail.heal();
  });

  /** A number of the United States that no other test uses. */
  const phone = () => `+1415555${3000 + used++}`;
  const mailbox = () => `somebody-${used++}@example.com`;
  const bodyFor = (to: string) => (to.startsWith('+') ? { phone_number: to } : { email: to });
  const generate = (to: string, more: object = {}) => app.post('/otp/generate', { ...bodyFor(to), ...more });
  const verify = (to: string, otp: string, more: object = {}) =>
    app.post('/otp/verify', { ...bodyFor(to), otp, ...more });
  const rows = (to: string): Promise<Row[]> =>
    app.sql(
      `select state, provider, failure, attempts from messages where recipient = $1 order by created_at, id`,
      [`${to.startsWith('+') ? 'phone' : 'email'}:${to}`],
    );
  const ended = async (to: string): Promise<Row> =>
    until(
      'the end of the message',
      async () => {
        const row = (await rows(to)).at(-1);
        return row && row.state !== 'queued' && row.state !== 'sending' && row;
      },
      30,
    );
  const callers = (to: string) => stub.callsTo(to).map(({ vendor }) => vendor);

  describe('when all is well', () => {
    it.each([
      ['email', 'postmark', () => mailbox()],
      ['sms', 'twilio', () => phone()],
      ['whatsapp', 'twilio', () => phone()],
      ['voice', 'voice', () => phone()],
    ])('a code by %s arrives by the first provider, and works', async (channel, vendor, address) => {
      const to = address();
      const { body } = await generate(to, { channel }).expect(200);
      expect(body.challenge).toMatchObject({ channel });

      const otp = await stub.code(to);
      expect(callers(to)).toEqual([vendor]);
      await verify(to, otp).expect(200);
      expect(await ended(to)).toMatchObject({ state: 'sent', attempts: 1 });
    });

    it('a country has a route of its own, with a sender of its own', async () => {
      const [india, britain] = ['+919876543210', '+447400123456'];
      for (const to of [india, britain]) await generate(to).expect(200);

      const { payload, text } = await stub.message(india);
      expect(callers(india)).toEqual(['webhook']);
      expect(payload).toMatchObject({ channel: 'sms', to: india, code: /\d{6}/.exec(text)?.[0] });
      expect(payload).toMatchObject({ locale: expect.any(String), validSeconds: expect.any(Number) });
      expect((await stub.message(britain)).payload).toMatchObject({ From: 'ACMEUK' });
    });

    it('Twilio Verify sends our own code, and hears how it ended', async () => {
      const [to, wrong] = ['+33612345678', '+33612345679'];
      await generate(to).expect(200);
      await generate(wrong).expect(200);
      const otp = await stub.code(to);
      const { id } = await stub.message(to);
      const { id: wrongId } = await stub.message(wrong);
      expect(callers(to)).toEqual(['verify']);
      for (const one of [to, wrong]) await ended(one);

      await verify(to, otp).expect(200);
      expect((await stub.message(id)).payload).toEqual({ Status: 'approved' });
      for (let i = 0; i < 3; i++) await verify(wrong, '0000000000').expect(400);
      expect((await stub.message(wrongId)).payload).toEqual({ Status: 'canceled' });
    });

    it('a right code is right while Twilio Verify hears nothing of it', async () => {
      const to = '+33612345680';
      await generate(to).expect(200);
      const otp = await stub.code(to);
      await ended(to);
      stub.behave({ fault: 'hang before accepting' }, { vendor: 'verify' });
      const started = performance.now();
      await verify(to, otp).expect(200);
      expect(performance.now() - started).toBeLessThan(1_000);
    });

    it('what a code approves goes by a provider that can show it', async () => {
      const to = '+33612345681';
      const context = { amount: '39.99 EUR', payee: 'Acme' };
      await generate(to, { purpose: 'transaction', context }).expect(200);
      expect((await stub.message(to)).text).toContain('39.99 EUR');
      expect(callers(to)).toEqual(['twilio']);

      const chat = phone();
      await generate(chat, { purpose: 'transaction', context, channel: 'whatsapp' }).expect(200);
      expect((await stub.message(chat)).payload).toMatchObject({ channel: 'whatsapp', context });
      expect(callers(chat)).toEqual(['webhook']);
    });

    it('a purpose with channels of its own has no others, and no address one that cannot reach it (P3)', async () => {
      const to = phone();
      const { body } = await generate(to, { purpose: 'shopping' }).expect(200);
      expect(body.challenge).toMatchObject({ channel: 'whatsapp' });
      for (const refused of [
        await generate(phone(), { purpose: 'shopping', channel: 'sms' }),
        await generate(mailbox(), { purpose: 'shopping' }),
        await generate(mailbox(), { channel: 'voice' }),
        await generate(phone(), { channel: 'email' }),
      ]) {
        expect(refused.status).toBe(400);
        expect(refused.body).toMatchObject({ code: 'channel_not_available' });
      }
      await generate(phone(), { channel: 'fax' }).expect(400);
    });
  });

  /** What the first provider does wrong, and whether it may have delivered all the same. */
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
    'while the first one answers with "%s", the same code arrives by the next within 5 s, one at a time (F4)',
    async (fault, taken) => {
      const cases = [
        { to: mailbox(), channel: 'email', first: 'postmark' },
        { to: phone(), channel: 'sms', first: 'twilio' },
        { to: phone(), channel: 'whatsapp', first: 'twilio' },
        { to: phone(), channel: 'voice', first: 'voice' },
      ] as const;
      const seconds = fault.toString().startsWith('hang') ? 8 : 0;
      // None of them is passed over: every case starts at the first.
      for (const { to, first } of cases) stub.behave({ fault }, { to, vendor: first });
      const started = Date.now();
      await Promise.all(cases.map(({ to, channel }) => generate(to, { channel }).expect(200)));

      for (const { to, channel, first } of cases) {
        const row = await ended(to);
        expect(row).toMatchObject({ state: 'sent', attempts: 2 });
        const others = stub.callsTo(to).filter(({ vendor }) => vendor !== first);
        const otp = channel === 'email' ? await mail.code(to) : /\d{4,10}/.exec(others[0]?.text ?? '')?.[0];
        expect(Date.now() - started).toBeLessThan((seconds + 5) * 1_000);
        expect(callers(to).filter((vendor) => vendor === first)).toHaveLength(1);
        if (channel !== 'email') {
          expect(others).toHaveLength(1);
          expect((others[0]?.at ?? 0) - (stub.callsTo(to)[0]?.at ?? 0)).toBeGreaterThanOrEqual(
            seconds * 1_000,
          );
        }
        // What the first one took and did not confirm carries the same code.
        const lost = stub.messagesTo(to).filter(({ vendor }) => vendor === first);
        expect(lost).toHaveLength(taken ? 1 : 0);
        for (const { text } of lost) expect(text).toContain(otp);
        await verify(to, String(otp)).expect(200);
      }
      // The next success makes the failures no row of failures.
      stub.heal();
      for (const { channel } of cases) {
        const to = channel === 'email' ? mailbox() : phone();
        await generate(to, { channel }).expect(200);
        await stub.message(to);
      }
    },
  );

  /** What becomes of a message, for everything that a first provider can say. */
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
  it.each(ANSWERS)('a message by %s that is met with %s ends "%s" by %s (F4)', async (way, ...rest) => {
    const [fault, state, provider, failure] = rest;
    const to = {
      email: mailbox,
      verify: () => `+3361234${1000 + used++}`,
      webhook: () => `+9198765${44000 + used++}`,
    }[way];
    const address = (to ?? phone)();
    const vendor = ({ email: 'postmark', sms: 'twilio', whatsapp: 'twilio' } as const)[way] ?? way;
    stub.behave({ fault }, { to: address, vendor: vendor as 'twilio' });
    const channel = ['email', 'sms', 'voice', 'whatsapp'].includes(way) ? way : 'sms';
    await generate(address, { channel }).expect(200);

    expect(await ended(address)).toEqual({ state, provider, failure, attempts: state === 'sent' ? 2 : 1 });
  });

  it('keeps codes and credentials out of the log (L1)', () => {
    const codes = stub.messages.map(({ text }) => /\b\d{6}\b/.exec(text)?.[0] ?? '');
    expect(codes.length).toBeGreaterThan(30);
    for (const code of codes.filter(Boolean)) expect(app.log).not.toMatch(new RegExp(`\\b${code}\\b`));
    expect(app.log).not.toMatch(/pass%2Bword|pass\+word|example\.com|\+1415|whsec_/);
    for (const secret of Object.values(stub.settings).filter((value) => value.length > 30))
      expect(app.log).not.toContain(secret);
  });
});

describe('a provider that stays away', () => {
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
  }, 30_000);
  afterAll(async () => {
    await app?.stop();
    await stub?.stop();
  });
  afterEach(() => stub.heal());

  it('is passed over, tried now and then, and used again when it is back (F4)', async () => {
    const send = async (email: string) => {
      await app.post('/otp/generate', { email }).expect(200);
      await stub.message(email);
      return stub.callsTo(email).map(({ vendor }) => vendor);
    };
    stub.behave({ fault: 'html 502' }, { vendor: 'postmark' });
    for (let i = 0; i < 5; i++) expect(await send(`down-${i}@example.com`)).toEqual(['postmark', 'webhook']);
    expect(await send('over@example.com')).toEqual(['webhook']);
    await until('a note of it', () => app.log.includes('provider is passed over'));

    stub.heal();
    await until(
      'the return of the traffic',
      async () => (await send(`back-${Math.random()}@example.com`))[0] === 'postmark',
      15,
    );
    expect(await send('returned@example.com')).toEqual(['postmark']);
    expect(app.log.match(/provider is passed over/g)).toHaveLength(1);
    expect(app.log.match(/provider is back/g)).toHaveLength(1);
  });

  it('that takes a message and reports nothing is followed by the next one, with the same code', async () => {
    const phone_number = '+14155552900';
    await app.post('/otp/generate', { phone_number }).expect(200);
    const otp = await stub.code(phone_number);
    await until('the record of it', async () => {
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
