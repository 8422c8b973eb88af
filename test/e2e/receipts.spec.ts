import { randomBytes, randomUUID } from 'node:crypto';
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

const SID = () => `SM${randomUUID().replaceAll('-', '')}`;

describe('receipts', () => {
  let stub: VendorStub;
  let app: TestApp;
  let people = 0;
  beforeAll(async () => {
    stub = await VendorStub.start();
    app = await TestApp.start({ ...stub.settings, ...RECEIPT_SETTINGS });
  });
  afterAll(async () => {
    await app?.stop();
    await stub?.stop();
  });
  afterEach(() => stub.heal());

  const somebody = () => `receipt-${++people}@example.com`;
  const someNumber = () => `+1415555${String(2000 + ++people)}`;
  const bodyFor = (to: string) => (to.startsWith('+') ? { phone_number: to } : { email: to });
  const recipientOf = (to: string) => `${to.startsWith('+') ? 'phone' : 'email'}:${to}`;
  const rows = (to: string) =>
    app.sql<Row>(
      `select id, state, failure, provider, provider_ref as ref, attempts, sealed is null as wiped,
         finished_at is not null as finished, log
       from messages where recipient = $1 order by created_at, id`,
      [recipientOf(to)],
    );
  const newest = async (to: string): Promise<Row> => {
    const row = (await rows(to)).at(-1);
    if (!row) throw new Error(`no message to ${to}`);
    return row;
  };
  const reached = (to: string, state: string) =>
    until(`${to} is ${state}`, async () => {
      const row = await newest(to);
      return row.state === state && row;
    });
  /** A code that the vendor has taken. */
  const sent = async (to: string): Promise<Row> => {
    await app.post('/otp/generate', bodyFor(to)).expect(200);
    return reached(to, 'sent');
  };
  /** One that waits for its receipt, with its content kept for the next provider. */
  const awaiting = async (to: string, dueIn = '1 hour'): Promise<Row> => {
    stub.behave({ fault: 'html 500' }, { to, times: 1 });
    await app.post('/otp/generate', bodyFor(to)).expect(200);
    await until('a kept content', async () => (await newest(to)).state === 'queued');
    await app.sql(
      `update messages set state = 'sent', provider = 'twilio', provider_ref = $2, failure = null, log = '[]',
         due_at = now() + $3::interval where recipient = $1`,
      [recipientOf(to), SID(), dueIn],
    );
    return newest(to);
  };
  const events = ({ log }: Row) => log.map(({ event }) => event);
  const suppressionOf = (to: string) =>
    app.sql<{ reason: string; provider: string }>(
      'select reason, provider from suppressions where recipient = $1',
      [recipientOf(to)],
    );

  describe('of Twilio', () => {
    it('turn sent into delivered, once, in any order and number (W3)', async () => {
      const to = someNumber();
      const { id, ref } = await sent(to);
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

      const row = await newest(to);
      expect(row).toMatchObject({ state: 'delivered', failure: null, wiped: true, finished: true });
      expect(events(row)).toEqual(['sent', 'delivered']);
    }, 20_000);

    it('turn sent into failed, once, with the reason (W3)', async () => {
      const to = someNumber();
      const { id, ref } = await sent(to);
      for (const status of ['undelivered', 'failed', 'sent', 'delivered'])
        await sendTwilio(app.url, id, twilioFields(ref, status, { ErrorCode: '30006' }));
      const row = await newest(to);
      expect(row).toMatchObject({ state: 'failed', failure: 'undelivered (30006)', finished: true });
      expect(row.log).toEqual([
        expect.objectContaining({ event: 'sent', provider: 'twilio', ref }),
        expect.objectContaining({ event: 'failed', provider: 'twilio', ref, reason: 'undelivered (30006)' }),
      ]);
    });

    it('that say "failed" put the message in the queue again while there is somebody else to try', async () => {
      const to = someNumber();
      const { id, ref } = await awaiting(to);
      const failed = twilioFields(ref, 'undelivered', { ErrorCode: '30003' });
      await Promise.all(Array.from({ length: 20 }, () => sendTwilio(app.url, id, failed)));
      const row = await reached(to, 'sent');
      expect(row).toMatchObject({ attempts: 2, wiped: true, finished: true });
      expect(row.ref).not.toBe(ref);
      expect(events(row)).toEqual(['failed', 'sent']);
      expect(stub.messagesTo(to)).toHaveLength(1);

      await sendTwilio(app.url, id, failed);
      expect(events(await newest(to))).toEqual(['failed', 'sent']);
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
    ])('that say "failed" end a message whose code is %s', async (_, end) => {
      const to = someNumber();
      const { id, ref } = await awaiting(to);
      await end(to);
      await sendTwilio(app.url, id, twilioFields(ref, 'failed', { ErrorCode: '30003' }));
      expect(await newest(to)).toMatchObject({ state: 'failed', wiped: true, finished: true });
      expect(stub.messagesTo(to)).toEqual([]);
    });

    it('that do not come in time pass the message to the next provider', async () => {
      const to = someNumber();
      await awaiting(to, '0 seconds');
      const row = await until('the second attempt', async () => {
        const now = await newest(to);
        return now.wiped && now;
      });
      expect(row).toMatchObject({ state: 'sent', attempts: 2, finished: true });
      expect(events(row)).toEqual(['silent', 'sent']);
    });

    it('that do not come before the code is used change nothing', async () => {
      const to = someNumber();
      const { ref } = await awaiting(to);
      const otp = /\b\d{6}\b/.exec(stub.callsTo(to)[0]?.text ?? '')?.[0];
      await app.post('/otp/verify', { phone_number: to, otp }).expect(200);
      await app.sql('update messages set due_at = now() where recipient = $1', [recipientOf(to)]);
      await until('the wiping', async () => (await newest(to)).wiped);
      expect(await newest(to)).toMatchObject({ state: 'sent', ref, attempts: 1, finished: true, log: [] });
      expect(stub.messagesTo(to)).toEqual([]);
    });

    it('settle what the vendor took though its answer was lost, so that it is not sent twice', async () => {
      const to = someNumber();
      stub.behave({ fault: 'reset mid-body' }, { to });
      await app.post('/otp/generate', bodyFor(to)).expect(200);
      const { id } = await reached(to, 'queued');
      const ref = (await stub.message(to)).id;
      await sendTwilio(app.url, id, twilioFields(ref, 'delivered'));
      expect(await newest(to)).toMatchObject({ state: 'delivered', ref, wiped: true, finished: true });
    });

    it('are refused unsigned or signed for something else (W1)', async () => {
      const { id, ref } = await sent(someNumber());
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
        ['more query', sendTwilio(app.url, id, fields, { signature, path: `${path}&x=1` })],
        ['another status', sendTwilio(app.url, id, { ...fields, MessageStatus: 'failed' }, { signature })],
        ['a field more', sendTwilio(app.url, id, { ...fields, ErrorCode: '1' }, { signature })],
        ['two headers', sendTwilio(app.url, id, fields, { signature: `${signature}, ${signature}` })],
        ['no body', sendTwilio(app.url, id, fields, { signature, body: '' })],
        ['a body hash', sendTwilio(app.url, id, fields, { signature, path: `${path}&bodySHA256=00` })],
        ['bad query', sendTwilio(app.url, id, fields, { signature, path: `${path}&%zz=%` })],
      ];
      for (const [what, reply] of forgeries) {
        const { status, text } = await reply;
        expect([what, status, JSON.parse(text).code]).toEqual([what, 403, 'signature_invalid']);
      }
      const json = await rawJson(app.url, path, fields);
      expect(json.status).toBe(403);
    });

    it('are refused with fields that are unknown, missing, doubled or cut anew under the same signature (W2)', async () => {
      const to = someNumber();
      const { id, ref } = await sent(to);
      const fields = twilioFields(ref, 'delivered');
      const withoutStatus = Object.fromEntries(
        Object.entries(fields).filter(([name]) => name !== 'MessageStatus'),
      );
      for (const changed of [
        withoutStatus,
        { ...fields, Surprise: '1' },
        { ...fields, MessageStatus: 'eaten' },
        { ...fields, MessageSid: 'SM1' },
        { ...fields, constructor: 'x' },
        { ...fields, __proto__x: 'x' },
      ]) {
        const { status } = await sendTwilio(app.url, id, changed);
        expect([changed, status]).toEqual([changed, 400]);
      }
      // MessageSid=…&MessageStatus=… and MessageSi=d…&MessageStatus=… sign alike.
      const { MessageSid, ...others } = fields;
      const cut = { ...others, MessageSi: `d${MessageSid}` };
      const same = twilioSignature(twilioPath(id), fields);
      expect(twilioSignature(twilioPath(id), cut)).toBe(same);
      expect((await sendTwilio(app.url, id, cut, { signature: same })).status).toBe(400);
      const doubled = `${new URLSearchParams(fields).toString()}&MessageStatus=delivered`;
      expect((await sendTwilio(app.url, id, fields, { body: doubled })).status).toBe(400);
      const path = '/webhooks/twilio?message=1';
      expect((await sendTwilio(app.url, id, fields, { path })).status).toBe(400);
      expect((await newest(to)).state).toBe('sent');
    });

    it('of another message than the vendor was given change nothing (W3)', async () => {
      const to = someNumber();
      const { id, ref } = await sent(to);
      expect((await sendTwilio(app.url, id, twilioFields(SID(), 'delivered'))).status).toBe(204);
      expect((await sendTwilio(app.url, randomUUID(), twilioFields(ref, 'delivered'))).status).toBe(204);
      expect(await newest(to)).toMatchObject({ state: 'sent', ref });
    });

    it('are the only thing that a form can be sent to', async () => {
      for (const path of ['/otp/generate', '/webhooks/postmark', '/auth/login']) {
        const headers = { 'content-type': 'application/x-www-form-urlencoded' };
        const reply = await raw(app.url, path, { headers, body: 'email=ada%40example.com' });
        expect([path, reply.status]).toEqual([path, 415]);
      }
    });
  });

  it('are accepted in none of 10,000 forgeries and mutations, and none is an error of ours (W1, W4, W5)', async () => {
    const phone = someNumber();
    const email = somebody();
    const bySms = await sent(phone);
    const byMail = await sent(email);
    const challenges = () =>
      app.sql('select * from challenges where recipient in ($1, $2) order by 1', [
        recipientOf(phone),
        recipientOf(email),
      ]);
    const before = await challenges();
    const fields = twilioFields(bySms.ref, 'delivered');
    const right = twilioSignature(twilioPath(bySms.id), fields);
    const body = new URLSearchParams(fields).toString();
    const event = JSON.stringify(postmarkEvent('Delivery', byMail.id, byMail.ref));
    const forge = (turn: number): Promise<RawReply> => {
      const noise = randomBytes(1 + (turn % 40));
      const at = noise.readUInt8() % right.length;
      switch (turn % 5) {
        case 0:
          return sendTwilio(app.url, bySms.id, fields, { signature: noise.toString('base64') });
        case 1: {
          const other = right[at] === 'A' ? 'B' : 'A';
          // The last character before = has bits that mean nothing, but the text is compared, not its bytes.
          return sendTwilio(app.url, bySms.id, fields, {
            signature: right.slice(0, at) + other + right.slice(at + 1),
          });
        }
        case 2:
          return sendTwilio(app.url, bySms.id, fields, {
            signature: right,
            body: mutated(body, noise),
          });
        case 3:
          return sendPostmark(app.url, JSON.parse(event), noise.toString('latin1'));
        default:
          return raw(app.url, '/webhooks/postmark', {
            headers: {
              'content-type': 'application/json',
              authorization: mutated('Basic cG9zdG1hcms6', noise).replace(/[^\x20-\x7e]/g, '?'),
            },
            body: mutated(event, noise),
          });
      }
    };
    const answers = new Map<number, number>();
    for (let turn = 0; turn < 10_000; turn += 50)
      for (const { status } of await Promise.all(
        Array.from({ length: 50 }, (_, index) => forge(turn + index)),
      ))
        answers.set(status, (answers.get(status) ?? 0) + 1);
    expect([...answers.keys()].filter((status) => ![400, 401, 403].includes(status))).toEqual([]);
    expect(await newest(phone)).toEqual(bySms);
    expect(await newest(email)).toEqual(byMail);
    expect(await challenges()).toEqual(before);
  });

  describe('of Postmark', () => {
    it('turn sent into delivered or failed, once (W3)', async () => {
      const [fine, gone] = [somebody(), somebody()];
      const one = await sent(fine);
      const other = await sent(gone);
      const delivered = postmarkEvent('Delivery', one.id, one.ref, { Recipient: fine });
      const bounced = postmarkEvent('Bounce', other.id, other.ref, bounce(gone, 'SoftBounce', 4096, false));
      for (let times = 0; times < 3; times++) {
        expect((await sendPostmark(app.url, delivered)).status).toBe(200);
        expect((await sendPostmark(app.url, bounced)).status).toBe(200);
      }
      expect(events(await newest(fine))).toEqual(['sent', 'delivered']);
      expect(await newest(gone)).toMatchObject({ state: 'failed', failure: 'bounced (4096)' });
      expect(events(await newest(gone))).toEqual(['sent', 'failed']);
      expect(await suppressionOf(gone)).toEqual([]);
    });

    it('are refused with wrong credentials by 401, which Postmark tries again (W4)', async () => {
      const to = somebody();
      const { id, ref } = await sent(to);
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
      expect((await newest(to)).state).toBe('sent');
    });

    it('of a foreign stream, another mail or another kind change nothing (W4)', async () => {
      const to = somebody();
      const { id, ref } = await sent(to);
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
        postmarkEvent('Bounce', id, ref, bounce(to, 'AutoResponder', 64, false)),
      ]) {
        const { status } = await sendPostmark(app.url, event);
        expect([event, status]).toEqual([event, 200]);
      }
      for (const body of [null, [], 'x', {}, postmarkEvent('Nothing', id, ref), { RecordType: 'Delivery' }])
        expect((await sendPostmark(app.url, body)).status).toBe(400);
      expect(await newest(to)).toMatchObject({ state: 'sent', ref });
      expect(await suppressionOf(to)).toEqual([]);
    });
  });

  describe('that say an address is of no use', () => {
    const later = async (to: string) => {
      await app.age(61);
      const { body } = await app.post('/otp/generate', bodyFor(to)).expect(200);
      return { body, row: await newest(to) };
    };

    it('keep everything from it, with the same reply, until it is taken back', async () => {
      const to = somebody();
      const { id, ref } = await sent(to);
      const first = (await app.post('/otp/generate', { email: somebody() }).expect(200)).body;
      await sendPostmark(app.url, postmarkEvent('Bounce', id, ref, bounce(to, 'HardBounce', 1, true)));
      expect(await newest(to)).toMatchObject({ state: 'failed', failure: 'bounced (1)' });
      expect(await suppressionOf(to)).toEqual([{ reason: 'bounced', provider: 'postmark' }]);

      const { body, row } = await later(to);
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

      const change = { Recipient: to, Origin: 'Customer', SuppressSending: false, SuppressionReason: null };
      await sendPostmark(app.url, postmarkEvent('SubscriptionChange', id, ref, change));
      expect(await suppressionOf(to)).toEqual([]);
      await later(to);
      await stub.message(to, 2);
    });

    it.each([
      ['SpamComplaint', 'complained', (to: string) => bounce(to, 'SpamComplaint', 100001, true)],
      [
        'SubscriptionChange',
        'unsubscribed',
        (to: string) => ({ Recipient: to, SuppressSending: true, SuppressionReason: 'ManualSuppression' }),
      ],
      [
        'SubscriptionChange',
        'bounced',
        (to: string) => ({ Recipient: to, SuppressSending: true, SuppressionReason: 'HardBounce' }),
      ],
    ])('are a %s too (%s)', async (kind, reason, more) => {
      const to = somebody();
      const { id, ref } = await sent(to);
      await sendPostmark(app.url, postmarkEvent(kind, id, ref, more(to)));
      expect(await suppressionOf(to)).toEqual([{ reason, provider: 'postmark' }]);
      // It arrived, or nothing was said of that.
      expect((await newest(to)).state).toBe('sent');
    });

    it.each(['error-406@example.com', '+15005550004'])(
      'are refusals by a list of the vendor as well (%s), which is asked again a day later',
      async (to) => {
        const calls = stub.callsTo(to).length;
        await app.post('/otp/generate', bodyFor(to)).expect(200);
        await reached(to, 'failed');
        expect(await suppressionOf(to)).toMatchObject([{ reason: 'refused' }]);
        expect((await later(to)).row).toMatchObject({ state: 'failed', failure: 'suppressed' });
        expect(stub.callsTo(to)).toHaveLength(calls + 1);

        await app.sql(`update suppressions set created_at = created_at - interval '1 day'`);
        await later(to);
        await until('another call', () => stub.callsTo(to).length === calls + 2);
      },
    );

    it('keep back what was queued before', async () => {
      const to = somebody();
      stub.behave({ fault: 'html 500' }, { to });
      await app.post('/otp/generate', bodyFor(to)).expect(200);
      await reached(to, 'queued');
      await app.sql(
        `insert into suppressions (recipient, reason, provider) values ($1, 'bounced', 'postmark')`,
        [recipientOf(to)],
      );
      stub.heal(to);
      const row = await reached(to, 'failed');
      expect(row).toMatchObject({ wiped: true, finished: true });
      expect(stub.messagesTo(to)).toEqual([]);
    });
  });
});

describe('receipts of a sender of one’s own, with another provider behind it', () => {
  let stub: VendorStub;
  let app: TestApp;
  beforeAll(async () => {
    stub = await VendorStub.start();
    const chain = { SMS_PROVIDERS: 'webhook,twilio', RECEIPT_TIMEOUT_SECONDS: '60' };
    app = await TestApp.start({ ...stub.settings, ...RECEIPT_SETTINGS, ...chain });
  });
  afterAll(async () => {
    await app?.stop();
    await stub?.stop();
  });

  const newest = async (to: string) => {
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
      const row = await newest(to);
      return row.state === state && row;
    });
  };
  const ended = (to: string) =>
    until('the end', async () => {
      const row = await newest(to);
      return row.finished && row;
    });

  it('end the wait for them', async () => {
    const to = '+14155553001';
    const { id, wiped, finished } = await generate(to, 'sent');
    expect([wiped, finished]).toEqual([false, false]);
    for (const status of ['delivered', 'failed', 'delivered'])
      expect((await sendDelivery(app.url, { id, status })).status).toBe(204);
    const row = await newest(to);
    expect(row).toMatchObject({ state: 'delivered', provider: 'webhook', wiped: true, finished: true });
    expect(row.log.map(({ event }) => event)).toEqual(['sent', 'delivered']);
  });

  it('that say "failed" make the next provider send it, whose own failure is the end', async () => {
    const to = '+14155553002';
    const { id } = await generate(to, 'sent');
    await sendDelivery(app.url, { id, status: 'failed', reason: 'landline' });
    const { text } = await stub.message(to, 2);
    await app.post('/otp/verify', { phone_number: to, otp: /\b\d{6}\b/.exec(text)?.[0] }).expect(200);
    const row = await ended(to);
    expect(row).toMatchObject({ state: 'sent', provider: 'twilio', wiped: true });
    expect(row.log.map(({ event, provider, reason }) => [event, provider, reason])).toEqual([
      ['sent', 'webhook', null],
      ['failed', 'webhook', 'undelivered (landline)'],
      ['sent', 'twilio', null],
    ]);
    // The first provider's second thoughts are of no interest now.
    await sendDelivery(app.url, { id, status: 'failed' });
    expect((await newest(to)).state).toBe('sent');

    const sid = row.log.at(-1)?.ref ?? '';
    await sendTwilio(app.url, id, twilioFields(sid, 'undelivered', { ErrorCode: '30003' }));
    expect(await newest(to)).toMatchObject({ state: 'failed', failure: 'undelivered (30003)' });
  });

  it('are heard before the answer to our call as well', async () => {
    const [failing, fine] = ['+14155553003', '+14155553004'];
    for (const to of [failing, fine]) stub.behave({ latencyMs: 500 }, { to, times: 1 });
    const [one, other] = await Promise.all([generate(failing, 'sending'), generate(fine, 'sending')]);
    for (let times = 0; times < 3; times++) {
      await sendDelivery(app.url, { id: one.id, status: 'failed' });
      await sendDelivery(app.url, { id: other.id, status: 'delivered' });
    }
    expect(await newest(fine)).toMatchObject({ state: 'delivered', wiped: true, finished: true });

    const row = await ended(failing);
    expect(row).toMatchObject({ state: 'sent', provider: 'twilio' });
    expect(row.log.map(({ event }) => event)).toEqual(['failed', 'sent', 'sent']);
    expect(await newest(fine)).toMatchObject({ state: 'delivered' });
    expect(stub.messagesTo(fine)).toHaveLength(1);
  });

  it('are refused unsigned, old, changed or with more than they may say', async () => {
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
      [400, sendDelivery(app.url, { ...receipt, to })],
      [400, sendDelivery(app.url, { id: 'x', status: 'delivered' })],
      [400, sendDelivery(app.url, { id, status: 'maybe' })],
      [400, sendDelivery(app.url, { id, status: 'failed', reason: 'a\nb' })],
    ];
    for (const [status, reply] of cases) expect((await reply).status).toBe(status);
    expect(await newest(to)).toMatchObject({ state: 'sent', finished: false });
  });
});

describe('where no vendor is configured', () => {
  it('there is no address for receipts', async () => {
    const app = await TestApp.start();
    expect((await sendTwilio(app.url, randomUUID(), twilioFields(SID(), 'delivered'))).status).toBe(404);
    expect((await sendPostmark(app.url, postmarkEvent('Delivery', randomUUID(), 'x'))).status).toBe(404);
    expect((await sendDelivery(app.url, { id: randomUUID(), status: 'failed' })).status).toBe(404);
    await app.stop();
  });
});

/** The text with a few bytes replaced, and never the same. */
function mutated(text: string, noise: Buffer): string {
  const bytes = Buffer.from(text);
  noise.forEach((value, index) => {
    const at = (value * (index + 7)) % bytes.length;
    bytes[at] = (bytes[at] ?? 0) ^ (1 + (value % 0x5f));
  });
  const result = bytes.toString('latin1');
  return result === text ? `${result}x` : result;
}
