import { TestApp } from '../support/app.js';
import { until } from '../support/until.js';
import { VendorStub, type Fault, type VendorCall } from '../support/vendor-stub.js';

interface Row {
  state: string;
  attempts: number;
  failure: string | null;
  wiped: boolean;
  finished: boolean;
}

/** Vendor faults, and the failure that the message records for each. */
const FAULTS: [Fault, string][] = [
  ['html 500', 'unavailable'],
  ['html 502', 'unavailable'],
  ['throttled', 'throttled'],
  ['throttled, retry after 1 s', 'throttled'],
  ['garbage', 'unavailable'],
  ['unauthorized', 'misconfigured'],
];

/** Long enough for a busy test machine, shorter than the vendors that take two seconds. */
const MAX_REPLY_MS = 1_900;

describe('delivery during vendor faults', () => {
  let stub: VendorStub;
  let app: TestApp;
  beforeAll(async () => {
    stub = await VendorStub.start();
    // A pool of one: a delivery that held the connection while it waits for a vendor would block
    // every other request.
    app = await TestApp.start({ ...stub.settings, DATABASE_POOL_SIZE: '1' });
    // Warm up: the first request of a process is slower than the rest.
    await app.post('/otp/generate', { email: 'first@example.com' }).expect(200);
  });
  afterAll(async () => {
    await app?.stop();
    await stub?.stop();
  });
  afterEach(() => stub.heal());

  const bodyFor = (to: string) => (to.startsWith('+') ? { phone_number: to } : { email: to });
  /** Requests a code, expects a quick reply and returns the challenge id. */
  const generate = async (to: string): Promise<string> => {
    const started = performance.now();
    const { body } = await app.post('/otp/generate', bodyFor(to)).expect(200);
    expect(performance.now() - started).toBeLessThan(MAX_REPLY_MS);
    return body.challenge.id as string;
  };
  const messageRows = (to: string): Promise<Row[]> =>
    app.sql(
      `select state, attempts, failure, sealed is null as wiped, finished_at is not null as finished
       from messages where recipient = $1 order by created_at, id`,
      [`${to.startsWith('+') ? 'phone' : 'email'}:${to}`],
    );
  const waitForFailedAttempt = (to: string) =>
    until('a recorded failed attempt', async () => (await messageRows(to)).at(-1)?.state === 'queued');

  it('replies at once, backs off and sends the live code when the vendor recovers', async () => {
    const cases = FAULTS.flatMap(([fault, failure], index) => [
      { to: `fault-${index}@example.com`, fault, failure, id: '' },
      { to: `+1415555014${index}`, fault, failure, id: '' },
    ]);
    for (const testCase of cases) {
      stub.behave({ fault: testCase.fault }, { to: testCase.to });
      testCase.id = await generate(testCase.to);
    }
    const longOutages = cases.filter(({ fault }) => fault === 'html 500');
    const shortFaults = cases.filter((testCase) => !longOutages.includes(testCase));

    const expectRetry = async ({ to, failure, id }: (typeof cases)[number]) => {
      await until(`a failed attempt at ${to}`, async () => (await messageRows(to))[0]?.failure !== null);
      expect((await messageRows(to))[0]).toMatchObject({
        failure: expect.stringMatching(new RegExp(`^${failure}`)),
        wiped: false,
        finished: false,
      });
      const { body } = await app.get(`/otp/challenges/${id}`).expect(200);
      expect(body).toMatchObject({ status: 'pending', delivery: 'queued' });
      stub.heal(to);
    };
    const expectDelivery = async ({ to }: (typeof cases)[number], withinMs: number) => {
      const otp = await stub.code(to, 1, withinMs);
      await until('the message recorded as sent', async () => (await messageRows(to))[0]?.state === 'sent');
      expect((await messageRows(to))[0]).toMatchObject({
        wiped: true,
        finished: true,
        failure: null,
      });
      await app.post('/otp/verify', { ...bodyFor(to), otp }).expect(200);
      expect(stub.messagesTo(to)).toHaveLength(1);
    };

    for (const testCase of shortFaults) await expectRetry(testCase);
    for (const testCase of shortFaults) await expectDelivery(testCase, 8_000);
    for (const { to } of longOutages) await until('four attempts', () => stub.callsTo(to).length === 4);
    for (const testCase of longOutages) await expectRetry(testCase);
    for (const testCase of longOutages) await expectDelivery(testCase, 15_000);

    for (const { to } of longOutages) {
      const [first = 0, second = 0, third = 0] = gapsBetween(stub.callsTo(to));
      expect(first).toBeGreaterThan(450);
      expect(second).toBeGreaterThan(950);
      expect(third).toBeGreaterThan(1_950);
    }
  });

  it('resends the same code when the reply to an accepted message is lost', async () => {
    const to = 'lost@example.com';
    stub.behave({ fault: 'reset mid-body' }, { to, times: 1 });
    await generate(to);

    const first = await stub.code(to);
    expect(await stub.code(to, 2)).toBe(first);
    await until('the message recorded as sent', async () => (await messageRows(to))[0]?.state === 'sent');
    expect(stub.messagesTo(to)).toHaveLength(2);
    expect(stub.messagesTo(to)[0]?.payload.Metadata).toEqual(stub.messagesTo(to)[1]?.payload.Metadata);
    await app.post('/otp/verify', { email: to, otp: first }).expect(200);
  });

  it('sends nothing after the code has expired', async () => {
    const recipients = ['expired@example.com', '+14155550151'];
    stub.behave({ fault: 'html 500' });
    const ids = await Promise.all(recipients.map(generate));
    await Promise.all(recipients.map(waitForFailedAttempt));

    await app.age(300);
    stub.heal();
    for (const [index, to] of recipients.entries()) {
      await until('the message finished', async () => (await messageRows(to))[0]?.finished === true);
      expect(await messageRows(to)).toEqual([expect.objectContaining({ state: 'expired', wiped: true })]);
      expect(stub.messagesTo(to)).toEqual([]);
      const { body } = await app.get(`/otp/challenges/${ids[index]}`).expect(200);
      expect(body).toMatchObject({ status: 'expired', delivery: 'failed' });
    }
  });

  it('never sends a superseded message', async () => {
    const to = '+14155550152';
    stub.behave({ fault: 'html 500' }, { to });
    await generate(to);
    await waitForFailedAttempt(to);

    // Past half of the lifetime, so the second message has a new code.
    await app.age(200);
    const id = await generate(to);
    stub.heal(to);

    const otp = await stub.code(to);
    await until('both messages finished', async () =>
      (await messageRows(to)).every(({ finished }) => finished),
    );
    expect((await messageRows(to)).map(({ state, wiped }) => [state, wiped])).toEqual([
      ['superseded', true],
      ['sent', true],
    ]);
    expect(stub.messagesTo(to)).toHaveLength(1);
    const { body } = await app.get(`/otp/challenges/${id}`).expect(200);
    expect(body).toMatchObject({ status: 'pending', delivery: 'sent' });
    await app.post('/otp/verify', { phone_number: to, otp }).expect(200);
  });

  it('keeps a message superseded when its vendor replies late', async () => {
    const to = 'late@example.com';
    stub.behave({ latencyMs: 1_000 }, { to, times: 1 });
    await generate(to);
    await until('the first vendor call', () => stub.callsTo(to).length === 1);
    await app.age(60);
    await generate(to);

    await stub.message(to, 2);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await messageRows(to)).map(({ state, wiped }) => [state, wiped])).toEqual([
      ['superseded', true],
      ['sent', true],
    ]);
  });

  it.each([
    ['refused-1@example.com', 406, 'rejected (406)'],
    ['refused-2@example.com', 300, 'rejected (300)'],
    ['+14155550191', 21211, 'rejected (21211)'],
    ['+14155550194', 21610, 'rejected (21610)'],
  ])('marks a message to %s as failed after the rejection %d', async (to, fault, failure) => {
    stub.behave({ fault }, { to });
    const id = await generate(to);
    await until('the message finished', async () => (await messageRows(to))[0]?.finished === true);

    expect(await messageRows(to)).toEqual([
      { state: 'failed', attempts: 1, failure, wiped: true, finished: true },
    ]);
    expect(stub.callsTo(to)).toHaveLength(1);
    const { body } = await app.get(`/otp/challenges/${id}`).expect(200);
    expect(body).toMatchObject({ status: 'pending', delivery: 'failed' });
  });

  /** Unknown numbers, and numbers that concern one message, sender or country. */
  const UNEXPECTED: [to: string, fault: Fault, failure: string][] = [
    ['+14155550161', 21635, 'rejected (21635)'],
    ['+14155550162', 21266, 'rejected (21266)'],
    ['+14155550163', 21660, 'rejected (21660)'],
    ['+14155550164', 21701, 'rejected (21701)'],
    ['+14155550165', 21712, 'rejected (21712)'],
    ['+14155550166', 21910, 'rejected (21910)'],
    ['+14155550167', 30034, 'rejected (30034)'],
    ['+14155550168', 63038, 'rejected (63038)'],
    ['+14155550169', 99999, 'rejected (99999)'],
    ['+14155550170', 'html 400', 'rejected (400)'],
    ['unknown-0@example.com', 1400, 'rejected (1400)'],
    ['unknown-1@example.com', 'html 413', 'rejected (413)'],
  ];
  it('calls the vendor once for a message that it refuses for an unknown reason, and logs one error', async () => {
    const circuitsOpened = () => app.log.split('circuit opened').length;
    const openedBefore = circuitsOpened();
    for (const [to, fault] of UNEXPECTED) {
      stub.behave({ fault }, { to });
      await generate(to);
    }
    for (const [to, , failure] of UNEXPECTED) {
      await until(`${to} is finished`, async () => (await messageRows(to))[0]?.finished === true);
      expect(await messageRows(to)).toEqual([
        { state: 'failed', attempts: 1, failure, wiped: true, finished: true },
      ]);
    }
    // Longer than the wait before a second attempt.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const errors = app.log
      .split('\n')
      .filter((line) => line.includes('ERROR') && line.includes('not accepted'));
    for (const [to, , failure] of UNEXPECTED) {
      expect([to, stub.callsTo(to).length]).toEqual([to, 1]);
      const provider = to.startsWith('+') ? 'twilio' : 'postmark';
      const lines = errors.filter((line) => line.includes(failure) && line.includes(provider));
      expect([failure, lines.length]).toEqual([failure, 1]);
    }
    expect(circuitsOpened()).toBe(openedBefore);
  });

  it('holds no database connection while vendors reply slowly', async () => {
    const slowRecipients = Array.from({ length: 20 }, (_, index) => `slow-${index}@example.com`);
    stub.behave({ latencyMs: 4_000 });
    await Promise.all(slowRecipients.map((to) => generate(to)));
    await until('one vendor call for each message', () =>
      slowRecipients.every((to) => stub.callsTo(to).length === 1),
    );

    for (const email of slowRecipients.slice(0, 10)) {
      const started = performance.now();
      await app.post('/otp/verify', { email, otp: '0000000000' }).expect(400);
      expect(performance.now() - started).toBeLessThan(MAX_REPLY_MS);
    }
    expect(slowRecipients.flatMap((to) => stub.messagesTo(to))).toEqual([]);
    await until('every message recorded as sent', async () => {
      const sent = await app.sql(
        `select 1 from messages where recipient like 'email:slow-%' and state = 'sent'`,
      );
      return sent.length === slowRecipients.length;
    });
    // The queue is swept every second and each answer took four: no message was sent twice at once.
    expect(slowRecipients.filter((to) => stub.callsTo(to).length !== 1)).toEqual([]);
  });

  it('delivers through one vendor at once while the other is slow', async () => {
    const phones = Array.from({ length: 70 }, (_, index) => `+141555502${String(index).padStart(2, '0')}`);
    phones.forEach((to) => stub.behave({ latencyMs: 4_000 }, { to }));
    await Promise.all(phones.map((phone_number) => app.post('/otp/generate', { phone_number }).expect(200)));

    await generate('meanwhile@example.com');
    await stub.message('meanwhile@example.com');
    expect(phones.filter((to) => stub.messagesTo(to).length > 0)).toEqual([]);
  });

  it('keeps secrets out of finished messages and the log', async () => {
    expect(
      await app.sql('select id from messages where finished_at is not null and sealed is not null'),
    ).toEqual([]);
    const codes = stub.messages.map(({ text }) => /\b\d{6}\b/.exec(text)?.[0] ?? '');
    expect(codes.length).toBeGreaterThan(30);
    for (const code of codes) expect(app.log).not.toMatch(new RegExp(`\\b${code}\\b`));
    for (const secret of Object.values(stub.settings).filter((value) => value.length > 30))
      expect(app.log).not.toContain(secret);
    expect(app.log).toContain('message not accepted');
    expect(app.log).not.toMatch(/inactive|nginx|example\.com|\+1[45]\d{9}/);
  });
});

/** Milliseconds between successive calls. */
function gapsBetween(calls: VendorCall[]): number[] {
  return calls.slice(1).map(({ at }, index) => at - (calls[index]?.at ?? at));
}
