import { Cluster } from '../support/cluster.js';
import { tally, Volley, type Call, type Reply } from '../support/parallel.js';
import { until } from '../support/until.js';
import { VendorStub } from '../support/vendor-stub.js';

const SENDS = 500;
const NUMBER = '+919445012345';
const SPELLINGS = [
  '+919445012345',
  '00919445012345',
  '09445012345',
  '9445012345',
  '919445012345',
  '+91 94450 12345',
  '+91-94450-12345',
  '+91.94450.12345',
  '+91 (0) 94450 12345',
  '(094450) 12345',
  '094450 12345',
  '  +919445012345  ',
  '+91\u00a094450\u00a012345',
  '\uff0b\uff19\uff11\uff19\uff14\uff14\uff15\uff10\uff11\uff12\uff13\uff14\uff15',
  '\uff19\uff14\uff14\uff15\uff10\uff11\uff12\uff13\uff14\uff15',
  'tel:+919445012345',
  'whatsapp:+919445012345',
  '\u202a+919445012345\u202c',
  '+91\u201194450\u201112345',
  '+\u0669\u0661\u0669\u0664\u0664\u0665\u0660\u0661\u0662\u0663\u0664\u0665',
];

describe('parallel sends, over two processes', () => {
  let cluster: Cluster;
  let volley: Volley;
  let vendors: VendorStub;
  let phoneCount = 0;
  beforeAll(async () => {
    vendors = await VendorStub.start();
    cluster = await Cluster.start(2, {
      ...vendors.settings,
      OTP_EXPOSE_CODE: 'true',
      PHONE_DEFAULT_COUNTRY: 'IN',
      OTP_CHANNELS: 'sms,email,voice',
      VOICE_PROVIDERS: 'twilio',
    });
    volley = await Volley.open(cluster.urls, SENDS);
  });
  afterAll(async () => {
    volley.close();
    await cluster?.stop();
    await vendors?.stop();
  });

  it('sends one message for 500 requests in 20 spellings of a number, and 499 get Retry-After', async () => {
    const calls = Array.from({ length: SENDS }, (_, i) => generate(SPELLINGS[i % SPELLINGS.length] ?? ''));
    expect(new Set(calls.map(({ body }) => JSON.stringify(body))).size).toBe(20);
    // The bursts find no row, a live code, an expired code and, at last, a locked row.
    for (const age of [0, 61, 1_000]) {
      await cluster.age(age);
      expectOneSend(await volley.fire(calls));
    }
    await cluster.age(61);
    expectOneSend(await cluster.whileLocked(`phone:${NUMBER}`, 2, () => volley.fire(calls)));

    expect(await messagesTo(NUMBER)).toBe(4);
    await until('the vendor has all four messages', () => vendors.callsTo(NUMBER).length >= 4);
    expect(vendors.callsTo(NUMBER)).toHaveLength(4);
    expect(await cluster.sql('select recipient, purpose from challenges')).toEqual([
      { recipient: `phone:${NUMBER}`, purpose: 'verification' },
    ]);
  });

  it('accepts the next send after the wait that Retry-After gives', async () => {
    const phone = nextPhone();
    await send(generate(phone));
    const refused = await send(generate(phone));
    expect(refused).toMatchObject({ status: 429, body: { code: 'otp_cooldown' } });
    await cluster.age(Number(refused.headers['retry-after']));
    expect(await send(generate(phone))).toMatchObject({ status: 200 });
  });

  it('limits a recipient to six sends a day without a proof of work, across all routes and purposes', async () => {
    const phone = nextPhone();
    const calls = callsToSend(phone);
    for (let sent = 0; sent < 6; sent++) {
      const reply = await send(calls[sent % calls.length] as Call);
      expect({ sent, status: Math.floor(reply.status / 100) }).toEqual({ sent, status: 2 });
      await cluster.age(61);
    }
    const refusals = await volley.fire(calls);
    for (const { status, body } of refusals)
      expect({ status, code: body.code }).toEqual({ status: 403, code: 'proof_of_work_required' });
    expect(await messagesTo(phone)).toBe(6);

    await cluster.age(86_400);
    expect(await send(calls[0] as Call)).toMatchObject({ status: 200 });
  });

  it('calls once when 500 requests ask for a call after the SMS was refused', async () => {
    const phone = nextPhone();
    const call: Call = { path: '/otp/generate', body: { phone_number: phone, channel: 'voice' } };
    vendors.behave({ fault: 21614 }, { to: phone, vendor: 'twilio' });
    // The calls compete with the statement that writes the refusal, and then with each other.
    await send(generate(phone));
    const early = tally(await volley.fire(Array.from({ length: SENDS }, () => call)));
    await until('the refusal is stored', async () => {
      const states = await cluster.sql<{ state: string }>(
        `select state from messages where recipient = $1 and channel = 'sms'`,
        [`phone:${phone}`],
      );
      return states[0]?.state === 'failed';
    });
    const late = tally(await volley.fire(Array.from({ length: SENDS }, () => call)));
    vendors.heal(phone);

    expect((early['200'] ?? 0) + (late['200'] ?? 0)).toBe(1);
    expect((early['429 otp_cooldown'] ?? 0) + (late['429 otp_cooldown'] ?? 0)).toBe(2 * SENDS - 1);
    expect(await messagesTo(phone)).toBe(2);
  });

  it('never exceeds the daily limit when purposes race', async () => {
    const phone = nextPhone();
    const purposes = ['verification', 'signup', 'payout', 'export', 'unlock'];
    for (let sent = 0; sent < 5; sent++) {
      await send(generate(phone, purposes[sent % purposes.length]));
      await cluster.age(61);
    }
    const calls = Array.from({ length: SENDS }, (_, i) => generate(phone, purposes[i % purposes.length]));
    const { '200': sent = 0, ...refused } = tally(await volley.fire(calls));
    expect(sent).toBe(1);
    const known = ['429 otp_cooldown', '429 otp_send_limit', '403 proof_of_work_required'];
    expect(Object.keys(refused).filter((answer) => !known.includes(answer))).toEqual([]);
    expect(await messagesTo(phone)).toBe(6);
  });

  it('never judges a guess without counting it when database connections are lost', async () => {
    const phone = nextPhone();
    const otp = (await send(generate(phone))).body.otp as string;
    const wrongCode = String((Number(otp) + 1) % 1_000_000).padStart(6, '0');
    const guess = (code: string): Call => ({
      path: '/otp/verify',
      body: { phone_number: phone, otp: code },
    });

    // The connection ends while the guess waits for the row: it is neither judged nor counted.
    const [cutOff] = await cluster.whileLocked(
      `phone:${phone}`,
      1,
      () => volley.fire([guess(wrongCode)]),
      () => cluster.cutConnections(),
    );
    expect(cutOff).toMatchObject({ status: 503, body: { code: 'service_unavailable' } });
    expect(await attempts(phone)).toBe(0);

    // The connection ends after the guess was judged: the count stays.
    expect(await send(guess(wrongCode))).toMatchObject({ status: 400, body: { attemptsLeft: 2 } });
    await cluster.cutConnections();
    expect(await attempts(phone)).toBe(1);

    // Connections end at any moment: every answer was counted, and the count stays within the cap.
    let judged = 1;
    let running = true;
    const cutting = (async () => {
      while (running) await cluster.cutConnections();
    })();
    for (let round = 0; round < 20; round++) {
      const replies = await volley.fire(Array.from({ length: 20 }, () => guess(wrongCode)));
      const { '400 otp_invalid': invalid = 0, ...others } = tally(replies);
      judged += invalid;
      for (const answer of Object.keys(others)) expect(answer).toMatch(/^(503 |403 otp_attempts_exhausted)/);
    }
    running = false;
    await cutting;
    expect(judged).toBeLessThanOrEqual(await attempts(phone));
    expect(await attempts(phone)).toBeLessThanOrEqual(3);
  });

  it('makes one vendor call per attempt when two workers compete', async () => {
    const messages = 300;
    const phonesBefore = phoneCount;
    // The first two attempts fail, so that the sweeps of both processes compete for every retry.
    vendors.behave((_to, earlier) => (earlier < 2 ? { fault: 'failed' } : {}));
    const addresses = Array.from({ length: messages }, nextPhone);
    const replies = await volley.fire(addresses.map((phone) => generate(phone)));
    expect(tally(replies)).toEqual({ '200': messages });
    const states = async () =>
      cluster.sql<{ recipient: string; state: string; attempts: number }>(
        `select recipient, state, attempts from messages where recipient = any($1)`,
        [addresses.map((phone) => `phone:${phone}`)],
      );
    await until('all are sent', async () => (await states()).every(({ state }) => state === 'sent'), 40);
    vendors.heal();

    expect(phoneCount - phonesBefore).toBe(messages);
    expect(addresses.filter((phone) => vendors.callsTo(phone).length !== 3)).toEqual([]);
    expect((await states()).filter((row) => row.attempts !== 3)).toEqual([]);
  });

  function nextPhone(): string {
    return `+1415${3_000_000 + phoneCount++}`;
  }

  async function send(call: Call): Promise<Reply> {
    const [reply] = await volley.fire([call]);
    return reply as Reply;
  }

  function expectOneSend(replies: Reply[]): void {
    expect(tally(replies)).toEqual({ '200': 1, '429 otp_cooldown': SENDS - 1 });
    const waits = replies.filter(({ status }) => status === 429).map(({ headers }) => headers['retry-after']);
    expect(waits.filter((wait) => !/^([1-9]|[1-5]\d|60)$/.test(wait ?? ''))).toEqual([]);
  }

  async function messagesTo(phone: string): Promise<number> {
    const rows = await cluster.sql('select from messages where recipient = $1', [`phone:${phone}`]);
    return rows.length;
  }

  async function attempts(phone: string): Promise<number> {
    const [row] = await cluster.sql<{ attempts: number }>(
      'select attempts from challenges where recipient = $1',
      [`phone:${phone}`],
    );
    return row?.attempts ?? -1;
  }
});

function generate(phone_number: string, purpose?: string): Call {
  return { path: '/otp/generate', body: { phone_number, purpose } };
}

function callsToSend(phone: string): Call[] {
  return [
    generate(phone),
    { path: '/otp/resend', body: { phone_number: phone } },
    { path: '/auth/send_otp', body: { phone } },
    {
      path: '/otp/generate',
      body: { phone_number: phone, purpose: 'transaction', context: { amount: '1' } },
    },
    { path: '/otp/generate', body: { phone_number: phone, purpose: 'payout', channel: 'sms' } },
  ];
}
