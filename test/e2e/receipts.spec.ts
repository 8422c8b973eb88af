import { randomBytes, randomUUID } from 'node:crypto';
import { PASSWORD } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { raw, rawJson, type RawReply } from '../support/raw.js';
import {
  bounce,
  postmarkEvent,
  PUBLIC_URL,
  RECEIPT_SETTINGS,
  sendDelivery,
  sendPostmark,
  sendTwilio,
  twilioFields,
  twilioPath,
  twilioSignature,
  type Fields,
} from '../support/receipts.js';
import { until } from '../support/until.js';
import { VendorStub } from '../support/vendor-stub.js';

interface Row {
  id: string;
  state: string;
  failure: string | null;
  provider: string | null;
  ref: string;
  attempts: number;
  wiped: boolean;
  finished: boolean;
  log: { event: string; provider: string | null; reason: string | null; ref: string | null }[];
}

const newSid = () => `SM${randomUUID().replaceAll('-', '')}`;

describe('delivery receipts', () => {
  let stub: VendorStub;
  let app: TestApp;
  let addressCount = 0;
  beforeAll(async () => {
    stub = await VendorStub.start();
    app = await TestApp.start({ ...stub.settings, ...RECEIPT_SETTINGS });
  });
  afterAll(async () => {
    await app?.stop();
    await stub?.stop();
  });
  afterEach(() => stub.heal());

  const newEmail = () => `receipt-${++addressCount}@example.com`;
  const newPhone = () => `+1415555${String(2000 + ++addressCount)}`;
  const addressFields = (to: string) => (to.startsWith('+') ? { phone_number: to } : { email: to });
  const recipientOf = (to: string) => `${to.startsWith('+') ? 'phone' : 'email'}:${to}`;
  const findMessages = (to: string) =>
    app.sql<Row>(
      `select id, state, failure, provider, provider_ref as ref, attempts, sealed is null as wiped,
         finished_at is not null as finished, log
       from messages where recipient = $1 order by created_at, id`,
      [recipientOf(to)],
    );
  const newestMessage = async (to: string): Promise<Row> => {
    const row = (await findMessages(to)).at(-1);
    if (!row) throw new Error(`no message to ${to}`);
    return row;
  };
  const waitForState = (to: string, state: string) =>
    until(`${to} is ${state}`, async () => {
      const row = await newestMessage(to);
      return row.state === state && row;
    });
  /** Sends a code and waits until the vendor has accepted it. */
  const sendCode = async (to: string): Promise<Row> => {
    await app.post('/otp/generate', addressFields(to)).expect(200);
    return waitForState(to, 'sent');
  };
  /** Sends a code that waits for its receipt and keeps its content for the next provider. */
  const sendCodeAwaitingReceipt = async (to: string, dueIn = '1 hour'): Promise<Row> => {
    stub.behave({ fault: 'html 500' }, { to, times: 1 });
    await app.post('/otp/generate', addressFields(to)).expect(200);
    await until(
      'the message is queued with its content',
      async () => (await newestMessage(to)).state === 'queued',
    );
    await app.sql(
      `update messages set state = 'sent', provider = 'twilio', provider_ref = $2, failure = null, log = '[]',
         due_at = now() + $3::interval where recipient = $1`,
      [recipientOf(to), newSid(), dueIn],
    );
    return newestMessage(to);
  };
  const eventNames = ({ log }: Row) => log.map(({ event }) => event);
  const findSuppressions = (to: string) =>
    app.sql<{ reason: string; provider: string }>(
      'select reason, provider from suppressions where recipient = $1',
      [recipientOf(to)],
    );

  describe('from Twilio', () => {
    it('marks a message as delivered once, regardless of the order and number of receipts', async () => {
      const to = newPhone();
      const { id, ref } = await sendCode(to);
      const statuses = ['queued', 'sending', 'sent', 'delivered', 'read', 'undelivered', 'failed'];
      expect((await sendTwilio(app.url, id, twilioFields(ref, 'delivered'))).status).toBe(204);
      const replays = Array.from({ length: 1_000 }, () => {
        const status = statuses[randomBytes(1).readUInt8() % statuses.length] ?? 'sent';
        return twilioFields(ref, status, status === 'failed' ? { ErrorCode: '30003' } : {});
      });
      for (let at = 0; at < replays.length; at += 50)
        for (const { status } of await Promise.all(
          replays.slice(at, at + 50).map((fields) => sendTwilio(app.url, id, fields)),
        ))
          expect(status).toBe(204);

      const row = await newestMessage(to);
      expect(row).toMatchObject({ state: 'delivered', failure: null, wiped: true, finished: true });
      expect(eventNames(row)).toEqual(['sent', 'delivered']);
    });

    it('marks a message as failed once, with the reason', async () => {
      const to = newPhone();
      const { id, ref } = await sendCode(to);
      for (const status of ['undelivered', 'failed', 'sent', 'delivered'])
        await sendTwilio(app.url, id, twilioFields(ref, status, { ErrorCode: '30006' }));
      const row = await newestMessage(to);
      expect(row).toMatchObject({
        state: 'failed',
        failure: 'undelivered (30006)',
        finished: true,
      });
      expect(row.log).toEqual([
        expect.objectContaining({ event: 'sent', provider: 'twilio', ref }),
        expect.objectContaining({
          event: 'failed',
          provider: 'twilio',
          ref,
          reason: 'undelivered (30006)',
        }),
      ]);
    });

    it('queues a failed message again while another provider is left', async () => {
      const to = newPhone();
      const { id, ref } = await sendCodeAwaitingReceipt(to);
      const failed = twilioFields(ref, 'undelivered', { ErrorCode: '30003' });
      await Promise.all(Array.from({ length: 20 }, () => sendTwilio(app.url, id, failed)));
      const row = await waitForState(to, 'sent');
      expect(row).toMatchObject({ attempts: 2, wiped: true, finished: true });
      expect(row.ref).not.toBe(ref);
      expect(eventNames(row)).toEqual(['failed', 'sent']);
      expect(stub.messagesTo(to)).toHaveLength(1);

      await sendTwilio(app.url, id, failed);
      expect(eventNames(await newestMessage(to))).toEqual(['failed', 'sent']);
    });

    it.each([
      [
        'used',
        async (to: string) => {
          const otp = /\b\d{6}\b/.exec(stub.callsTo(to)[0]?.text ?? '')?.[0];
          await app.post('/otp/verify', { phone_number: to, otp }).expect(200);
        },
      ],
      [
        'expired',
        async (to: string) => {
          await app.sql(`update messages set expires_at = now() where recipient = $1`, [recipientOf(to)]);
        },
      ],
    ])('does not retry a failed message whose code is %s', async (_, endCode) => {
      const to = newPhone();
      const { id, ref } = await sendCodeAwaitingReceipt(to);
      await endCode(to);
      await sendTwilio(app.url, id, twilioFields(ref, 'failed', { ErrorCode: '30003' }));
      expect(await newestMessage(to)).toMatchObject({
        state: 'failed',
        wiped: true,
        finished: true,
      });
      expect(stub.messagesTo(to)).toEqual([]);
    });

    it('passes a message to the next provider when no receipt arrives in time', async () => {
      const to = newPhone();
      await sendCodeAwaitingReceipt(to, '0 seconds');
      const row = await until('the second attempt is finished', async () => {
        const now = await newestMessage(to);
        return now.wiped && now;
      });
      expect(row).toMatchObject({ state: 'sent', attempts: 2, finished: true });
      expect(eventNames(row)).toEqual(['no_receipt', 'sent']);
    });

    it('does not retry an unconfirmed message whose code was used', async () => {
      const to = newPhone();
      const { ref } = await sendCodeAwaitingReceipt(to);
      const otp = /\b\d{6}\b/.exec(stub.callsTo(to)[0]?.text ?? '')?.[0];
      await app.post('/otp/verify', { phone_number: to, otp }).expect(200);
      await app.sql('update messages set due_at = now() where recipient = $1', [recipientOf(to)]);
      await until('the content is wiped', async () => (await newestMessage(to)).wiped);
      expect(await newestMessage(to)).toMatchObject({
        state: 'sent',
        ref,
        attempts: 1,
        finished: true,
        log: [],
      });
      expect(stub.messagesTo(to)).toEqual([]);
    });

    it('settles a message whose reply from the vendor was lost, so that it is not sent twice', async () => {
      const to = newPhone();
      stub.behave({ fault: 'reset mid-body' }, { to });
      await app.post('/otp/generate', addressFields(to)).expect(200);
      const { id } = await waitForState(to, 'queued');
      const ref = (await stub.message(to)).id;
      await sendTwilio(app.url, id, twilioFields(ref, 'delivered'));
      expect(await newestMessage(to)).toMatchObject({
        state: 'delivered',
        ref,
        wiped: true,
        finished: true,
      });
    });

    it('rejects receipts that are unsigned or signed for something else', async () => {
      const { id, ref } = await sendCode(newPhone());
      const fields = twilioFields(ref, 'delivered');
      const path = twilioPath(id);
      const signature = twilioSignature(path, fields);
      const forgeries: [string, Promise<RawReply>][] = [
        ['none', sendTwilio(app.url, id, fields, { signature: '' })],
        ['short', sendTwilio(app.url, id, fields, { signature: signature.slice(0, 10) })],
        ['wrong token', sendTwilio(app.url, id, fields, { signature: twilioSignature(path, fields, 'x') })],
        [
          'http',
          sendTwilio(app.url, id, fields, {
            signature: twilioSignature(path, fields, undefined, PUBLIC_URL.replace('https', 'http')),
          }),
        ],
        [
          'another host',
          sendTwilio(app.url, id, fields, {
            headers: { host: 'evil.example' },
            signature: twilioSignature(path, fields, undefined, 'https://evil.example'),
          }),
        ],
        ['another message', sendTwilio(app.url, id, fields, { signature, path: twilioPath(randomUUID()) })],
        ['an extra query parameter', sendTwilio(app.url, id, fields, { signature, path: `${path}&x=1` })],
        ['another status', sendTwilio(app.url, id, { ...fields, MessageStatus: 'failed' }, { signature })],
        ['an extra field', sendTwilio(app.url, id, { ...fields, ErrorCode: '1' }, { signature })],
        ['two headers', sendTwilio(app.url, id, fields, { signature: `${signature}, ${signature}` })],
        ['no body', sendTwilio(app.url, id, fields, { signature, body: '' })],
        ['a body hash', sendTwilio(app.url, id, fields, { signature, path: `${path}&bodySHA256=00` })],
        ['bad query', sendTwilio(app.url, id, fields, { signature, path: `${path}&%zz=%` })],
      ];
      for (const [label, reply] of forgeries) {
        const { status, text } = await reply;
        expect([label, status, JSON.parse(text).code]).toEqual([label, 403, 'signature_invalid']);
      }
      const json = await rawJson(app.url, path, fields);
      expect(json.status).toBe(403);
    });

    it('rejects missing, malformed and duplicate fields under a valid signature', async () => {
      const to = newPhone();
      const { id, ref } = await sendCode(to);
      const fields = twilioFields(ref, 'delivered');
      const without = (name: string) =>
        Object.fromEntries(Object.entries(fields).filter(([other]) => other !== name));
      for (const changedFields of [
        without('MessageStatus'),
        without('MessageSid'),
        without('AccountSid'),
        { ...fields, MessageStatus: '' },
        { ...fields, MessageStatus: 'delivered!' },
        { ...fields, MessageSid: 'SM1' },
        { ...fields, AccountSid: 'AC1' },
        { ...fields, ErrorCode: 'x' },
      ]) {
        const { status } = await sendTwilio(app.url, id, changedFields);
        expect([changedFields, status]).toEqual([changedFields, 400]);
      }
      const duplicated = `${new URLSearchParams(fields).toString()}&MessageStatus=delivered`;
      expect((await sendTwilio(app.url, id, fields, { body: duplicated })).status).toBe(400);
      const path = '/webhooks/twilio?message=1';
      expect((await sendTwilio(app.url, id, fields, { path })).status).toBe(400);
      expect((await newestMessage(to)).state).toBe('sent');
    });

    /** Honest fields that this server does not read. */
    const UNKNOWN_FIELDS: Record<string, string>[] = [
      { NumSegments: '1' },
      { Price: '-0.00750', PriceUnit: 'USD' },
      { ErrorMessage: 'The ErrorCode is 30003, see MessageStatus=failed' },
      { RawDlrDoneDate: '2611051633', ChannelStatusMessage: '{"MessageStatus":"read"}' },
      { SmsMessageSid: '' },
      { ErrorCodeUrl: 'https://www.twilio.com/docs/errors/30003' },
      { ChannelErrorCode: '131026' },
      { MessageStatusReason: '' },
      { ParentAccountSid: `AC${'8'.repeat(32)}` },
      { Surprise: '' },
      { constructor: 'x', toString: 'x', hasOwnProperty: 'x', __proto__x: 'x' },
      { 'A name & value': 'with = signs, line\nbreaks and ümläuts 🙂' },
      Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`Extra${index}`, `${index}`])),
    ];
    it.each(UNKNOWN_FIELDS)('reads a receipt with unknown fields (%#)', async (unknown) => {
      const to = newPhone();
      const { id, ref } = await sendCode(to);
      const more = 'SmsMessageSid' in unknown ? { SmsMessageSid: ref } : unknown;
      const fields = twilioFields(ref, 'undelivered', { ErrorCode: '30003', ...more });
      expect((await sendTwilio(app.url, id, fields)).status).toBe(204);
      expect(await newestMessage(to)).toMatchObject({ state: 'failed', failure: 'undelivered (30003)' });
    });

    it.each(['eaten', 'delivery_unknown', 'partially-delivered', 'constructor'])(
      'ignores the unknown status "%s"',
      async (status) => {
        const to = newPhone();
        const { id, ref } = await sendCode(to);
        expect((await sendTwilio(app.url, id, twilioFields(ref, status))).status).toBe(204);
        expect((await newestMessage(to)).state).toBe('sent');
        expect((await sendTwilio(app.url, id, twilioFields(ref, 'delivered'))).status).toBe(204);
        expect((await newestMessage(to)).state).toBe('delivered');
      },
    );

    /**
     * Twilio signs sorted names and values without separators. Each entry cuts the same signed text
     * differently: it replaces the named fields by others.
     */
    const RECUTS: [title: string, replaced: string[], replacement: (fields: Fields) => Fields][] = [
      ['a digit moved to the name', ['ErrorCode'], () => ({ ErrorCode3: '0003' })],
      ['all digits moved to the name', ['ErrorCode'], () => ({ ErrorCode30003: '' })],
      ['a shorter name', ['ErrorCode'], () => ({ ErrorCod: 'e30003' })],
      ['the shortest name', ['ErrorCode'], () => ({ E: 'rrorCode30003' })],
      [
        'a field swallowed by the value before it',
        ['Country', 'ErrorCode'],
        () => ({ Country: 'DEErrorCode30003' }),
      ],
      [
        'a field swallowed by the name before it',
        ['Country', 'ErrorCode'],
        () => ({ CountryDEErrorCode: '30003' }),
      ],
      [
        'a field whose name takes the end of the value before it',
        ['Country', 'ErrorCode'],
        () => ({ Country: '', DEErrorCode: '30003' }),
      ],
      [
        'a failure swallowed by the account',
        ['AccountSid', 'ApiVersion', 'Country', 'ErrorCode'],
        ({ AccountSid, ApiVersion }) => ({
          AccountSid: `${AccountSid}ApiVersion${ApiVersion}CountryDEErrorCode30003`,
        }),
      ],
      ['a shorter name of the sid', ['MessageSid'], ({ MessageSid }) => ({ MessageSi: `d${MessageSid}` })],
      [
        'a longer name of the sid',
        ['MessageSid'],
        ({ MessageSid = '' }) => ({ MessageSidS: MessageSid.slice(1) }),
      ],
      [
        'a shorter name of the account',
        ['AccountSid'],
        ({ AccountSid }) => ({ AccountSi: `d${AccountSid}` }),
      ],
      ['a longer name of the status', ['MessageStatus'], () => ({ MessageStatusu: 'ndelivered' })],
      ['a shorter name of the status', ['MessageStatus'], () => ({ MessageStatu: 'sundelivered' })],
      [
        'a status that swallows the next fields',
        ['MessageStatus', 'SmsSid', 'SmsStatus', 'To'],
        ({ SmsSid, To }) => ({ MessageStatus: `undeliveredSmsSid${SmsSid}SmsStatusundeliveredTo${To}` }),
      ],
      [
        'a status that loses its end to the next name',
        ['MessageStatus', 'SmsSid', 'SmsStatus', 'To'],
        ({ SmsSid, To }) => ({
          MessageStatus: 'und',
          [`eliveredSmsSid${SmsSid}SmsStatusundeliveredTo${To}`]: '',
        }),
      ],
      [
        'an error code that swallows the next field',
        ['ErrorCode', 'From'],
        ({ From }) => ({ ErrorCode: `30003From${From}` }),
      ],
    ];
    it.each(RECUTS)('rejects a signed receipt with %s', async (_, replaced, replacement) => {
      const to = newPhone();
      const { id, ref } = await sendCode(to);
      const fields = twilioFields(ref, 'undelivered', { ErrorCode: '30003', Country: 'DE' });
      const recut = {
        ...Object.fromEntries(Object.entries(fields).filter(([name]) => !replaced.includes(name))),
        ...replacement(fields),
      };
      const signature = twilioSignature(twilioPath(id), fields);
      expect(twilioSignature(twilioPath(id), recut)).toBe(signature);
      expect((await sendTwilio(app.url, id, recut, { signature })).status).toBe(400);
      expect((await newestMessage(to)).state).toBe('sent');

      expect((await sendTwilio(app.url, id, fields)).status).toBe(204);
      expect(await newestMessage(to)).toMatchObject({ state: 'failed', failure: 'undelivered (30003)' });
    });

    it('rejects a JSON body with the signature of a form', async () => {
      const { id, ref } = await sendCode(newPhone());
      const fields = twilioFields(ref, 'delivered');
      const signature = twilioSignature(twilioPath(id), fields);
      for (const body of [
        { ...fields, To: [fields.To] },
        { ...fields, To: Number(fields.To) },
        [],
        null,
        'x',
      ]) {
        const headers = { 'content-type': 'application/json' };
        const reply = await sendTwilio(app.url, id, fields, {
          signature,
          headers,
          body: JSON.stringify(body),
        });
        expect([body, reply.status]).toEqual([body, 403]);
      }
    });

    it('ignores receipts whose message id and vendor reference do not match', async () => {
      const to = newPhone();
      const { id, ref } = await sendCode(to);
      expect((await sendTwilio(app.url, id, twilioFields(newSid(), 'delivered'))).status).toBe(204);
      expect((await sendTwilio(app.url, randomUUID(), twilioFields(ref, 'delivered'))).status).toBe(204);
      expect(await newestMessage(to)).toMatchObject({ state: 'sent', ref });
    });

    it('accepts form bodies on no other route', async () => {
      for (const path of ['/otp/generate', '/webhooks/postmark', '/auth/login']) {
        const headers = { 'content-type': 'application/x-www-form-urlencoded' };
        const reply = await raw(app.url, path, { headers, body: 'email=ada%40example.com' });
        expect([path, reply.status]).toEqual([path, 415]);
      }
    });
  });

  it('rejects 10,000 forged and mutated receipts without a server error', async () => {
    const phone = newPhone();
    const email = newEmail();
    const bySms = await sendCode(phone);
    const byMail = await sendCode(email);
    const challenges = () =>
      app.sql('select * from challenges where recipient in ($1, $2) order by 1', [
        recipientOf(phone),
        recipientOf(email),
      ]);
    const before = await challenges();
    const fields = twilioFields(bySms.ref, 'delivered');
    const validSignature = twilioSignature(twilioPath(bySms.id), fields);
    const body = new URLSearchParams(fields).toString();
    const event = JSON.stringify(postmarkEvent('Delivery', byMail.id, byMail.ref));
    const forge = (attempt: number): Promise<RawReply> => {
      const noise = randomBytes(1 + (attempt % 40));
      const at = noise.readUInt8() % validSignature.length;
      switch (attempt % 5) {
        case 0:
          return sendTwilio(app.url, bySms.id, fields, { signature: noise.toString('base64') });
        case 1: {
          const other = validSignature[at] === 'A' ? 'B' : 'A';
          // This also covers the unused bits of the last character, because the server compares the
          // text of the signature, not its bytes.
          return sendTwilio(app.url, bySms.id, fields, {
            signature: validSignature.slice(0, at) + other + validSignature.slice(at + 1),
          });
        }
        case 2:
          return sendTwilio(app.url, bySms.id, fields, {
            signature: validSignature,
            body: mutate(body, noise),
          });
        case 3:
          return sendPostmark(app.url, JSON.parse(event), noise.toString('latin1'));
        default:
          return raw(app.url, '/webhooks/postmark', {
            headers: {
              'content-type': 'application/json',
              authorization: mutate('Basic cG9zdG1hcms6', noise).replace(/[^\x20-\x7e]/g, '?'),
            },
            body: mutate(event, noise),
          });
      }
    };
    const statusCounts = new Map<number, number>();
    for (let attempt = 0; attempt < 10_000; attempt += 50)
      for (const { status } of await Promise.all(
        Array.from({ length: 50 }, (_, index) => forge(attempt + index)),
      ))
        statusCounts.set(status, (statusCounts.get(status) ?? 0) + 1);
    expect([...statusCounts.keys()].filter((status) => ![400, 401, 403].includes(status))).toEqual([]);
    expect(await newestMessage(phone)).toEqual(bySms);
    expect(await newestMessage(email)).toEqual(byMail);
    expect(await challenges()).toEqual(before);
  });

  describe('from Postmark', () => {
    it('marks a message as delivered or failed once', async () => {
      const [working, bouncing] = [newEmail(), newEmail()];
      const one = await sendCode(working);
      const other = await sendCode(bouncing);
      const delivered = postmarkEvent('Delivery', one.id, one.ref, { Recipient: working });
      const bounced = postmarkEvent(
        'Bounce',
        other.id,
        other.ref,
        bounce(bouncing, 'SoftBounce', 4096, false),
      );
      for (let times = 0; times < 3; times++) {
        expect((await sendPostmark(app.url, delivered)).status).toBe(200);
        expect((await sendPostmark(app.url, bounced)).status).toBe(200);
      }
      expect(eventNames(await newestMessage(working))).toEqual(['sent', 'delivered']);
      expect(await newestMessage(bouncing)).toMatchObject({
        state: 'failed',
        failure: 'bounced (4096)',
      });
      expect(eventNames(await newestMessage(bouncing))).toEqual(['sent', 'failed']);
      expect(await findSuppressions(bouncing)).toEqual([]);
    });

    it('returns 401 for wrong credentials, so that Postmark retries', async () => {
      const to = newEmail();
      const { id, ref } = await sendCode(to);
      const event = postmarkEvent('Delivery', id, ref);
      for (const credentials of [
        null,
        '',
        'postmark',
        'postmark:',
        'postmark:wrong',
        ':',
        'x'.repeat(5_000),
      ]) {
        const reply = await sendPostmark(app.url, event, credentials);
        expect([credentials, reply.status]).toEqual([credentials, 401]);
        expect(reply.headers['www-authenticate']).toMatch(/^Basic /);
      }
      expect((await newestMessage(to)).state).toBe('sent');
    });

    it('ignores receipts of another stream, another message or another type', async () => {
      const to = newEmail();
      const { id, ref } = await sendCode(to);
      for (const event of [
        postmarkEvent('Delivery', id, ref, { MessageStream: 'broadcast' }),
        postmarkEvent('Bounce', id, ref, {
          ...bounce(to, 'HardBounce', 1, true),
          MessageStream: 'broadcast',
        }),
        postmarkEvent('Delivery', id, randomUUID()),
        postmarkEvent('Delivery', randomUUID(), ref),
        postmarkEvent('Delivery', id, ref, { Metadata: { message_id: 17 } }),
        postmarkEvent('Delivery', id, ref, { Metadata: undefined }),
        postmarkEvent('Open', id, ref),
        postmarkEvent('Nothing', id, ref),
        postmarkEvent('constructor', id, ref),
        { RecordType: 'Reaction' },
        postmarkEvent('Bounce', id, ref, bounce(to, 'AutoResponder', 64, false)),
      ]) {
        const { status } = await sendPostmark(app.url, event);
        expect([event, status]).toEqual([event, 200]);
      }
      for (const body of [null, [], 'x', {}, { RecordType: 7 }, { RecordType: 'Delivery' }])
        expect((await sendPostmark(app.url, body)).status).toBe(400);
      expect(await newestMessage(to)).toMatchObject({ state: 'sent', ref });
      expect(await findSuppressions(to)).toEqual([]);
    });
  });

  describe('suppressions', () => {
    const generateAfterCooldown = async (to: string) => {
      await app.age(61);
      const { body } = await app.post('/otp/generate', addressFields(to)).expect(200);
      return { body, row: await newestMessage(to) };
    };

    it('suppresses further messages with an unchanged reply until the suppression is lifted', async () => {
      const to = newEmail();
      const { id, ref } = await sendCode(to);
      const first = (await app.post('/otp/generate', { email: newEmail() }).expect(200)).body;
      await sendPostmark(app.url, postmarkEvent('Bounce', id, ref, bounce(to, 'HardBounce', 1, true)));
      expect(await newestMessage(to)).toMatchObject({ state: 'failed', failure: 'bounced (1)' });
      expect(await findSuppressions(to)).toEqual([{ reason: 'bounced', provider: 'postmark' }]);

      const { body, row } = await generateAfterCooldown(to);
      expect(Object.keys(body.challenge)).toEqual(Object.keys(first.challenge));
      expect(body.detail).toBe(first.detail);
      expect(row).toMatchObject({
        state: 'failed',
        failure: 'suppressed',
        attempts: 0,
        wiped: true,
        finished: true,
      });
      const status = await app.get(`/otp/challenges/${body.challenge.id}`).expect(200);
      expect(status.body).toMatchObject({ status: 'pending', delivery: 'failed' });

      const change = {
        Recipient: to,
        Origin: 'Customer',
        SuppressSending: false,
        SuppressionReason: null,
      };
      await sendPostmark(app.url, postmarkEvent('SubscriptionChange', id, ref, change));
      expect(await findSuppressions(to)).toEqual([]);
      await generateAfterCooldown(to);
      await stub.message(to, 2);
    });

    it.each([
      ['SpamComplaint', 'complained', (to: string) => bounce(to, 'SpamComplaint', 100001, true)],
      [
        'SubscriptionChange',
        'unsubscribed',
        (to: string) => ({
          Recipient: to,
          SuppressSending: true,
          SuppressionReason: 'ManualSuppression',
        }),
      ],
      [
        'SubscriptionChange',
        'bounced',
        (to: string) => ({ Recipient: to, SuppressSending: true, SuppressionReason: 'HardBounce' }),
      ],
    ])('suppresses an address after a %s event (%s)', async (kind, reason, more) => {
      const to = newEmail();
      const { id, ref } = await sendCode(to);
      await sendPostmark(app.url, postmarkEvent(kind, id, ref, more(to)));
      expect(await findSuppressions(to)).toEqual([{ reason, provider: 'postmark' }]);
      // These events do not change the state of the message.
      expect((await newestMessage(to)).state).toBe('sent');
    });

    it('sends codes that a recognised device asks for after a complaint, and nothing else', async () => {
      const email = newEmail();
      const sent = await sendCode(email);
      await app.post('/auth/register', { email, password: PASSWORD }).expect(201);
      const otp = await stub.code(email, 2);
      const { body } = await app.post('/auth/verify', { email, otp }).expect(200);
      const { deviceToken } = body as { deviceToken: string };
      const newest = async () => {
        const { state, failure } = await newestMessage(email);
        return [state, failure];
      };
      const ask = async (path: string, token: string): Promise<void> => {
        await app.age(61);
        // More messages than a stranger gets in a day without a proof of work.
        await app.sql(`delete from budget_counters where key like 'to:%'`);
        const reply = await app.post(path, { email }).set('x-device-token', token);
        expect(reply.status).toBeLessThan(300);
        await until('it is finished', async () => !['queued', 'sending'].includes((await newest())[0] ?? ''));
      };
      const complaint = bounce(email, 'SpamComplaint', 100001, true);
      const unsubscription = {
        Recipient: email,
        SuppressSending: true,
        SuppressionReason: 'ManualSuppression',
      };
      for (const event of [
        postmarkEvent('SpamComplaint', sent.id, sent.ref, complaint),
        postmarkEvent('SubscriptionChange', sent.id, sent.ref, unsubscription),
      ]) {
        await app.sql('delete from suppressions');
        await sendPostmark(app.url, event);
        for (const path of ['/auth/send_otp', '/auth/forgot']) {
          await ask(path, '');
          expect(await newest()).toEqual(['failed', 'suppressed']);
          await ask(path, deviceToken);
          expect(await newest()).toEqual(['sent', null]);
        }
      }

      // Postmark itself refuses the address. Without another provider the owner learns that.
      stub.behave({ fault: 406 }, { to: email });
      await ask('/auth/send_otp', deviceToken);
      expect(await newest()).toEqual(['failed', 'rejected (406)']);
      const [row] = await app.sql<{ id: string }>(
        `select challenge_id as id from messages where recipient = $1 order by created_at desc limit 1`,
        [`email:${email}`],
      );
      const status = app.get(`/otp/challenges/${row?.id}`).set('x-device-token', deviceToken);
      expect((await status.expect(200)).body).toMatchObject({
        deliveryReason: { code: 'address_unreachable' },
      });
      stub.heal();

      await sendPostmark(
        app.url,
        postmarkEvent('Bounce', sent.id, sent.ref, bounce(email, 'HardBounce', 1, true)),
      );
      await app.sql(`update suppressions set reason = 'bounced'`);
      await ask('/auth/send_otp', deviceToken);
      expect(await newest()).toEqual(['failed', 'suppressed']);
    });

    it.each([
      ['refused@example.com', 406],
      ['+14155550194', 21610],
    ])('suppresses %s for one day after the vendor refused it', async (to, fault) => {
      stub.behave({ fault }, { to });
      const calls = stub.callsTo(to).length;
      await app.post('/otp/generate', addressFields(to)).expect(200);
      await waitForState(to, 'failed');
      expect(await findSuppressions(to)).toMatchObject([{ reason: 'refused' }]);
      expect((await generateAfterCooldown(to)).row).toMatchObject({
        state: 'failed',
        failure: 'suppressed',
      });
      expect(stub.callsTo(to)).toHaveLength(calls + 1);

      await app.sql(`update suppressions set created_at = created_at - interval '1 day'`);
      await generateAfterCooldown(to);
      await until('the vendor is called again', () => stub.callsTo(to).length === calls + 2);
    });

    it('drops messages that were queued before the suppression', async () => {
      const to = newEmail();
      stub.behave({ fault: 'html 500' }, { to });
      await app.post('/otp/generate', addressFields(to)).expect(200);
      await waitForState(to, 'queued');
      await app.sql(
        `insert into suppressions (recipient, reason, provider) values ($1, 'bounced', 'postmark')`,
        [recipientOf(to)],
      );
      stub.heal(to);
      const row = await waitForState(to, 'failed');
      expect(row).toMatchObject({ wiped: true, finished: true });
      expect(stub.messagesTo(to)).toEqual([]);
    });
  });
});

describe('delivery receipts of a webhook provider with a fallback', () => {
  let stub: VendorStub;
  let app: TestApp;
  beforeAll(async () => {
    stub = await VendorStub.start();
    const fallback = { SMS_PROVIDERS: 'webhook,twilio', RECEIPT_TIMEOUT_SECONDS: '60' };
    app = await TestApp.start({ ...stub.settings, ...RECEIPT_SETTINGS, ...fallback });
  });
  afterAll(async () => {
    await app?.stop();
    await stub?.stop();
  });

  const newestMessage = async (to: string) => {
    const [row] = await app.sql<Row>(
      `select id, state, failure, provider, sealed is null as wiped, finished_at is not null as finished, log
       from messages where recipient = $1`,
      [`phone:${to}`],
    );
    if (!row) throw new Error(`no message to ${to}`);
    return row;
  };
  const generate = async (to: string, state: string) => {
    await app.post('/otp/generate', { phone_number: to }).expect(200);
    return until(`${to} is ${state}`, async () => {
      const row = await newestMessage(to);
      return row.state === state && row;
    });
  };
  const waitUntilFinished = (to: string) =>
    until('the message is finished', async () => {
      const row = await newestMessage(to);
      return row.finished && row;
    });

  it('marks the message as delivered and wipes its content', async () => {
    const to = '+14155553001';
    const { id, wiped, finished } = await generate(to, 'sent');
    expect([wiped, finished]).toEqual([false, false]);
    for (const status of ['delivered', 'failed', 'delivered'])
      expect((await sendDelivery(app.url, { id, status })).status).toBe(204);
    const row = await newestMessage(to);
    expect(row).toMatchObject({
      state: 'delivered',
      provider: 'webhook',
      wiped: true,
      finished: true,
    });
    expect(row.log.map(({ event }) => event)).toEqual(['sent', 'delivered']);
  });

  it('corrects what was spent by the first real price of a message', async () => {
    const spent = async () => {
      const [row] = await app.sql<{ spent: number }>(
        `select day_spent::int as spent from budget_counters where key = 'money'`,
      );
      return row?.spent;
    };
    const before = (await spent()) ?? 0;
    const { id } = await generate('+14155553099', 'sent');
    expect(await spent()).toBe(before + 300_000);
    for (const price of ['free', -1, { amount: 2 }, '0.0158', 0.5])
      expect((await sendDelivery(app.url, { id, status: 'delivered', price })).status).toBe(204);
    expect(await spent()).toBe(before + 15_800);
  });

  it('sends a failed message through the next provider and fails it when that provider fails too', async () => {
    const to = '+14155553002';
    const { id } = await generate(to, 'sent');
    await sendDelivery(app.url, { id, status: 'failed', reason: 'landline' });
    const { text } = await stub.message(to, 2);
    await app.post('/otp/verify', { phone_number: to, otp: /\b\d{6}\b/.exec(text)?.[0] }).expect(200);
    const row = await waitUntilFinished(to);
    expect(row).toMatchObject({ state: 'sent', provider: 'twilio', wiped: true });
    expect(row.log.map(({ event, provider, reason }) => [event, provider, reason])).toEqual([
      ['sent', 'webhook', null],
      ['failed', 'webhook', 'undelivered (landline)'],
      ['sent', 'twilio', null],
    ]);
    // A later receipt from the first provider no longer counts.
    await sendDelivery(app.url, { id, status: 'failed' });
    expect((await newestMessage(to)).state).toBe('sent');

    const sid = row.log.at(-1)?.ref ?? '';
    await sendTwilio(app.url, id, twilioFields(sid, 'undelivered', { ErrorCode: '30003' }));
    expect(await newestMessage(to)).toMatchObject({
      state: 'failed',
      failure: 'undelivered (30003)',
    });
  });

  it('accepts receipts that arrive before the reply to our request', async () => {
    const [failing, working] = ['+14155553003', '+14155553004'];
    for (const to of [failing, working]) stub.behave({ latencyMs: 500 }, { to, times: 1 });
    const [one, other] = await Promise.all([generate(failing, 'sending'), generate(working, 'sending')]);
    for (let times = 0; times < 3; times++) {
      await sendDelivery(app.url, { id: one.id, status: 'failed' });
      await sendDelivery(app.url, { id: other.id, status: 'delivered' });
    }
    expect(await newestMessage(working)).toMatchObject({
      state: 'delivered',
      wiped: true,
      finished: true,
    });

    const row = await waitUntilFinished(failing);
    expect(row).toMatchObject({ state: 'sent', provider: 'twilio' });
    expect(row.log.map(({ event }) => event)).toEqual(['failed', 'sent', 'sent']);
    expect(await newestMessage(working)).toMatchObject({ state: 'delivered' });
    expect(stub.messagesTo(working)).toHaveLength(1);
  });

  it('ignores unknown fields and statuses', async () => {
    const to = '+14155553006';
    const { id } = await generate(to, 'sent');
    for (const status of ['sent', 'queued', 'maybe', 'constructor'])
      expect((await sendDelivery(app.url, { id, status })).status).toBe(204);
    expect(await newestMessage(to)).toMatchObject({ state: 'sent', finished: false });
    const more = { to, price: 0.07, constructor: 'x', parts: [{ status: 'failed' }] };
    expect((await sendDelivery(app.url, { id, status: 'delivered', ...more })).status).toBe(204);
    expect(await newestMessage(to)).toMatchObject({ state: 'delivered' });
  });

  it('rejects receipts that are unsigned, outdated, altered or have invalid fields', async () => {
    const to = '+14155553005';
    const { id } = await generate(to, 'sent');
    const receipt = { id, status: 'delivered' };
    const secret = `whsec_${Buffer.alloc(32, 'x').toString('base64')}`;
    const cases: [number, Promise<RawReply>][] = [
      [403, rawJson(app.url, '/webhooks/delivery', receipt)],
      [403, sendDelivery(app.url, receipt, { secret })],
      [403, sendDelivery(app.url, receipt, { ageSeconds: 301 })],
      [403, sendDelivery(app.url, receipt, { ageSeconds: -302 })],
      [403, sendDelivery(app.url, { id, status: 'failed' }, { said: receipt })],
      [400, sendDelivery(app.url, { id: 'x', status: 'delivered' })],
      [400, sendDelivery(app.url, { id })],
      [400, sendDelivery(app.url, { id, status: 7 })],
      [400, sendDelivery(app.url, { id, status: '' })],
      [400, sendDelivery(app.url, [receipt])],
      [400, sendDelivery(app.url, { id, status: 'failed', reason: 'a\nb' })],
    ];
    for (const [status, reply] of cases) expect((await reply).status).toBe(status);
    expect(await newestMessage(to)).toMatchObject({ state: 'sent', finished: false });
  });
});

describe('delivery receipts without configured vendors', () => {
  it('returns 404 on every receipt route', async () => {
    const app = await TestApp.start();
    expect((await sendTwilio(app.url, randomUUID(), twilioFields(newSid(), 'delivered'))).status).toBe(404);
    expect((await sendPostmark(app.url, postmarkEvent('Delivery', randomUUID(), 'x'))).status).toBe(404);
    expect((await sendDelivery(app.url, { id: randomUUID(), status: 'failed' })).status).toBe(404);
    await app.stop();
  });
});

/** Replaces a few bytes of the text. The result always differs from the input. */
function mutate(text: string, noise: Buffer): string {
  const bytes = Buffer.from(text);
  noise.forEach((value, index) => {
    const at = (value * (index + 7)) % bytes.length;
    bytes[at] = (bytes[at] ?? 0) ^ (1 + (value % 0x5f));
  });
  const result = bytes.toString('latin1');
  return result === text ? `${result}x` : result;
}
