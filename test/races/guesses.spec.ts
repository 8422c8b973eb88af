import { Cluster } from '../support/cluster.js';
import { tally, Volley, type Call, type Reply } from '../support/parallel.js';

const GUESSES = 1_000;
/** As long as one likes: `GUESS_RUNS=50 pnpm test:races --testPathPatterns guesses` */
const RUNS = Number(process.env.GUESS_RUNS ?? 15);
/** Statements on one recipient's row that two processes have on the database at most: the others wait in their batches. */
const STATEMENTS = 2;

describe('guesses in parallel, over two processes', () => {
  let cluster: Cluster;
  let volley: Volley;
  let phones = 0;
  beforeAll(async () => {
    cluster = await Cluster.start(2, { OTP_EXPOSE_CODE: 'true' });
    volley = await Volley.open(cluster.urls, GUESSES);
  });
  afterAll(async () => {
    volley.close();
    await cluster?.stop();
  });

  it(`1,000 times the right code at once is one success, in ${RUNS} of ${RUNS} runs (B3, N3)`, async () => {
    for (let run = 0; run < RUNS; run++) {
      const { phone, otp } = await codeForSomebody();
      const replies = await volley.fire(Array.from({ length: GUESSES }, () => guess(phone, otp)));
      expect(tally(replies)).toEqual({ '200': 1, '404 otp_not_found': GUESSES - 1 });
    }
  });

  it('1,000 right codes that pile up behind a locked row are one success (B3, N3)', async () => {
    const { phone, otp } = await codeForSomebody();
    const calls = Array.from({ length: GUESSES }, () => guess(phone, otp));
    const replies = await cluster.whileLocked(`phone:${phone}`, STATEMENTS, () => volley.fire(calls));
    expect(tally(replies)).toEqual({ '200': 1, '404 otp_not_found': GUESSES - 1 });
  });

  it('1,000 wrong codes at once are three judged guesses, then the right one is refused (B1, B2)', async () => {
    for (let run = 0; run < 10; run++) {
      const { phone, otp } = await codeForSomebody();
      const replies = await volley.fire(wrongGuesses(phone, otp, GUESSES));
      await expectThreeJudged(replies, phone, otp);
    }
  });

  it('1,000 wrong codes that pile up behind a locked row are three judged guesses (B1, B2)', async () => {
    const { phone, otp } = await codeForSomebody();
    const calls = wrongGuesses(phone, otp, GUESSES);
    const replies = await cluster.whileLocked(`phone:${phone}`, STATEMENTS, () => volley.fire(calls));
    await expectThreeJudged(replies, phone, otp);
  });

  it('999 wrong codes and the right one at once never exceed three judged guesses and one success (B4)', async () => {
    const { phone, otp } = await codeForSomebody();
    await expectFairMix(phone, otp, GUESSES, 500);
  });

  it('in 100 runs of 99 wrong codes and the right one, no guess is judged that was not counted (B4)', async () => {
    let successes = 0;
    for (let run = 0; run < 100; run++) {
      const { phone, otp } = await codeForSomebody();
      successes += await expectFairMix(phone, otp, 100, run % 8);
    }
    // Both outcomes were seen: the right code came in time, and it came too late.
    expect(successes).toBeGreaterThan(0);
    expect(successes).toBeLessThan(100);
  });

  it('a right guess and its replays on locked rows leave exactly one success in 100 runs (B3, R1)', async () => {
    for (let run = 0; run < 100; run++) {
      const { phone, otp } = await codeForSomebody();
      const calls = Array.from({ length: 16 }, () => guess(phone, otp));
      const replies = await cluster.whileLocked(`phone:${phone}`, STATEMENTS, () => volley.fire(calls));
      expect(tally(replies)).toEqual({ '200': 1, '404 otp_not_found': 15 });
    }
  });

  async function codeForSomebody(): Promise<{ phone: string; otp: string }> {
    const phone = `+1415${2_000_000 + phones++}`;
    const [reply] = await volley.fire([{ path: '/otp/generate', body: { phone_number: phone } }]);
    expect(reply).toMatchObject({ status: 200, body: { otp: expect.any(String) } });
    return { phone, otp: reply?.body.otp as string };
  }

  async function expectThreeJudged(replies: Reply[], phone: string, otp: string): Promise<void> {
    expect(tally(replies)).toEqual({
      '400 otp_invalid': 3,
      '403 otp_attempts_exhausted': replies.length - 3,
    });
    const left = replies.flatMap(({ body }) => (body.code === 'otp_invalid' ? [body.attemptsLeft] : []));
    expect(left.sort()).toEqual([0, 1, 2]);
    expect(await challenge(phone)).toEqual({ attempts: 3, failures: 3, consumed: false });
    const [late] = await volley.fire([guess(phone, otp)]);
    expect(late).toMatchObject({ status: 403, body: { code: 'otp_attempts_exhausted' } });
    expect(await challenge(phone)).toEqual({ attempts: 3, failures: 3, consumed: false });
  }

  /** Fires wrong guesses with the right one among them; returns 1 if that one won. */
  async function expectFairMix(phone: string, otp: string, count: number, place: number): Promise<number> {
    const calls = wrongGuesses(phone, otp, count);
    calls[place] = guess(phone, otp);
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
    const { attempts, consumed: isConsumed } = await challenge(phone);
    expect({ attempts, isConsumed }).toEqual({ attempts: right + wrong, isConsumed: right === 1 });
    return right;
  }

  async function challenge(phone: string) {
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

/** Different ones, none of them right. */
function wrongGuesses(phone: string, otp: string, count: number): Call[] {
  return Array.from({ length: count }, (_, i) => {
    return guess(phone, String((Number(otp) + i + 1) % 1_000_000).padStart(6, '0'));
  });
}
