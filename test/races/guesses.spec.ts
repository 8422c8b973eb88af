import { Client } from '../support/client.js';
import { Cluster } from '../support/cluster.js';
import { tally, Volley, type Call, type Reply } from '../support/parallel.js';

const GUESSES = 1_000;
/** To run longer: `GUESS_RUNS=50 pnpm test:races --testPathPatterns guesses` */
const RUNS = Number(process.env.GUESS_RUNS ?? 15);
/** One statement of each process waits for a recipient's row. Other calls wait in its batch. */
const WAITING_STATEMENTS = 2;

describe('parallel guesses, over two processes', () => {
  let cluster: Cluster;
  let volley: Volley;
  let phoneCount = 0;
  beforeAll(async () => {
    cluster = await Cluster.start(2, { OTP_EXPOSE_CODE: 'true' });
    volley = await Volley.open(cluster.urls, GUESSES);
  });
  afterAll(async () => {
    volley.close();
    await cluster?.stop();
  });

  it('accepts the right code once when 1,000 requests present it at once', async () => {
    for (let run = 0; run < RUNS; run++) {
      const { phone, otp } = await issueCode();
      const replies = await volley.fire(Array.from({ length: GUESSES }, () => guess(phone, otp)));
      expect(tally(replies)).toEqual({ '200': 1, '404 otp_not_found': GUESSES - 1 });
    }
  });

  it('accepts the right code once when 1,000 requests wait for a locked row', async () => {
    const { phone, otp } = await issueCode();
    const calls = Array.from({ length: GUESSES }, () => guess(phone, otp));
    const replies = await cluster.whileLocked(`phone:${phone}`, WAITING_STATEMENTS, () => volley.fire(calls));
    expect(tally(replies)).toEqual({ '200': 1, '404 otp_not_found': GUESSES - 1 });
  });

  it('judges three of 1,000 parallel wrong codes, then refuses the right code', async () => {
    for (let run = 0; run < 10; run++) {
      const { phone, otp } = await issueCode();
      const replies = await volley.fire(wrongGuesses(phone, otp, GUESSES));
      await expectThreeJudged(replies, phone, otp);
    }
  });

  it('judges three of 1,000 wrong codes that wait for a locked row', async () => {
    const { phone, otp } = await issueCode();
    const calls = wrongGuesses(phone, otp, GUESSES);
    const replies = await cluster.whileLocked(`phone:${phone}`, WAITING_STATEMENTS, () => volley.fire(calls));
    await expectThreeJudged(replies, phone, otp);
  });

  it('judges at most three guesses when 999 wrong codes race with the right one', async () => {
    const { phone, otp } = await issueCode();
    await expectConsistentCounts(phone, otp, GUESSES, 500);
  });

  it('counts every guess that it judges when 99 wrong codes race with the right one', async () => {
    let successes = 0;
    for (let run = 0; run < 100; run++) {
      const { phone, otp } = await issueCode();
      successes += await expectConsistentCounts(phone, otp, 100, run % 8);
    }
    // Both outcomes occurred: in some runs the right code won, in others it arrived too late.
    expect(successes).toBeGreaterThan(0);
    expect(successes).toBeLessThan(100);
  });

  it('accepts the right code once when its replays wait for a locked row', async () => {
    for (let run = 0; run < 100; run++) {
      const { phone, otp } = await issueCode();
      const calls = Array.from({ length: 16 }, () => guess(phone, otp));
      const replies = await cluster.whileLocked(`phone:${phone}`, WAITING_STATEMENTS, () =>
        volley.fire(calls),
      );
      expect(tally(replies)).toEqual({ '200': 1, '404 otp_not_found': 15 });
    }
  });

  it('accepts one of two codes when the previous and the new code are presented at once', async () => {
    for (let run = 0; run < 100; run++) {
      const { phone, previous, otp } = await issueTwoCodes();
      const calls = Array.from({ length: 16 }, (_, i) => guess(phone, i % 4 < 2 ? previous : otp));
      const fire = () => volley.fire(calls);
      const replies =
        run % 2 ? await fire() : await cluster.whileLocked(`phone:${phone}`, WAITING_STATEMENTS, fire);
      expect(tally(replies)).toEqual({ '200': 1, '404 otp_not_found': 15 });
      expect(await findChallenge(phone)).toEqual({ attempts: 1, failures: 0, consumed: true });
    }
  });

  it('judges at most three guesses at two codes that are presented with wrong ones', async () => {
    for (let run = 0; run < 50; run++) {
      const { phone, previous, otp } = await issueTwoCodes();
      const calls = wrongGuesses(phone, otp, 100).filter(({ body }) => !isGuess(body, previous));
      calls[run % 8] = guess(phone, previous);
      calls[(run + 1) % 8] = guess(phone, otp);
      const {
        '200': right = 0,
        '400 otp_invalid': wrong = 0,
        '403 otp_attempts_exhausted': exhausted = 0,
        '404 otp_not_found': consumed = 0,
        ...others
      } = tally(await volley.fire(calls));
      expect(others).toEqual({});
      expect(right + wrong + exhausted + consumed).toBe(calls.length);
      expect(right).toBeLessThanOrEqual(1);
      expect(right + wrong).toBeLessThanOrEqual(3);
      const challenge = await findChallenge(phone);
      expect(challenge).toMatchObject({ attempts: right + wrong, consumed: right === 1 });
    }
  });

  it('accepts codes of both secrets after a rotation of APP_SECRET', async () => {
    const rotated = await cluster.add({
      APP_SECRET: 'the next one for all of them',
      APP_SECRET_PREVIOUS: 'one for all of them',
    });
    const client = new Client(rotated.url);
    const [older] = cluster.clients as [Client];
    for (const right of ['previous', 'otp'] as const) {
      const phone = `+1415${2_000_000 + phoneCount++}`;
      const { body: first } = await older.post('/otp/generate', { phone_number: phone }).expect(200);
      // The first half of its life is over, so the resend sends another code beside it.
      await cluster.age(160);
      const { body } = await client.post('/otp/resend', { phone_number: phone }).expect(200);
      const codes = { previous: first.otp as string, otp: body.otp as string };
      await client.post('/otp/verify', { phone_number: phone, otp: codes[right] }).expect(200);
      for (const otp of Object.values(codes))
        await client.post('/otp/verify', { phone_number: phone, otp }).expect(404);
    }
    await rotated.stop();
  });

  async function issueCode(): Promise<{ phone: string; otp: string }> {
    const phone = `+1415${2_000_000 + phoneCount++}`;
    return { phone, otp: await sendCode(phone) };
  }

  async function sendCode(phone: string): Promise<string> {
    const [reply] = await volley.fire([{ path: '/otp/generate', body: { phone_number: phone } }]);
    expect(reply).toMatchObject({ status: 200, body: { otp: expect.any(String) } });
    return reply?.body.otp as string;
  }

  /** Issues a second code after half of the life of the first, so that both are right. */
  async function issueTwoCodes(): Promise<{ phone: string; previous: string; otp: string }> {
    const { phone, otp: previous } = await issueCode();
    await cluster.sql(
      `update challenges set expires_at = now() + interval '100 s', resend_at = now() where recipient = $1`,
      [`phone:${phone}`],
    );
    const otp = await sendCode(phone);
    return otp === previous ? issueTwoCodes() : { phone, previous, otp };
  }

  async function expectThreeJudged(replies: Reply[], phone: string, otp: string): Promise<void> {
    expect(tally(replies)).toEqual({
      '400 otp_invalid': 3,
      '403 otp_attempts_exhausted': replies.length - 3,
    });
    const attemptsLeft = replies.flatMap(({ body }) =>
      body.code === 'otp_invalid' ? [body.attemptsLeft] : [],
    );
    expect(attemptsLeft.sort()).toEqual([0, 1, 2]);
    expect(await findChallenge(phone)).toEqual({ attempts: 3, failures: 3, consumed: false });
    const [afterwards] = await volley.fire([guess(phone, otp)]);
    expect(afterwards).toMatchObject({ status: 403, body: { code: 'otp_attempts_exhausted' } });
    expect(await findChallenge(phone)).toEqual({ attempts: 3, failures: 3, consumed: false });
  }

  /** Fires wrong guesses with the right one at `position`. Returns 1 if the right one won. */
  async function expectConsistentCounts(
    phone: string,
    otp: string,
    count: number,
    position: number,
  ): Promise<number> {
    const calls = wrongGuesses(phone, otp, count);
    calls[position] = guess(phone, otp);
    const replies = await volley.fire(calls);
    const {
      '200': right = 0,
      '400 otp_invalid': wrong = 0,
      '403 otp_attempts_exhausted': exhausted = 0,
      '404 otp_not_found': consumed = 0,
      ...others
    } = tally(replies);
    expect(others).toEqual({});
    expect(right + wrong + exhausted + consumed).toBe(count);
    expect(right).toBeLessThanOrEqual(1);
    expect(right + wrong).toBeLessThanOrEqual(3);
    const { attempts, consumed: isConsumed } = await findChallenge(phone);
    expect({ attempts, isConsumed }).toEqual({ attempts: right + wrong, isConsumed: right === 1 });
    return right;
  }

  async function findChallenge(phone: string) {
    const [row] = await cluster.sql<{ attempts: number; failures: number; consumed: boolean }>(
      `select attempts, failures, consumed_at is not null as consumed from challenges where recipient = $1`,
      [`phone:${phone}`],
    );
    if (!row) throw new Error(`no challenge for ${phone}`);
    return row;
  }
});

function guess(phone: string, otp: string): Call {
  return { path: '/otp/verify', body: { phone_number: phone, otp } };
}

function isGuess(body: object, otp: string): boolean {
  return (body as { otp?: string }).otp === otp;
}

/** Guesses that differ from each other and from the right code. */
function wrongGuesses(phone: string, otp: string, count: number): Call[] {
  return Array.from({ length: count }, (_, i) => {
    return guess(phone, String((Number(otp) + i + 1) % 1_000_000).padStart(6, '0'));
  });
}
