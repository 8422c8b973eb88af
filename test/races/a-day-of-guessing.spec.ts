import { Cluster } from '../support/cluster.js';
import { tally, Volley, type Call, type Reply } from '../support/parallel.js';

const DAY = 24 * 3600;
const GUESSES_A_DAY = 20;

/** How an attacker spends the time: how many guesses at once, and how long to wait after each burst. */
const ATTACKS = [
  { name: 'as fast as the cooldown lets', burst: 3, wait: 61, route: '/otp/generate' },
  { name: 'in bursts over both processes', burst: 50, wait: 61, route: '/otp/generate' },
  { name: 'by resending half way through each code', burst: 2, wait: 151, route: '/otp/resend' },
  { name: 'one guess at a time, over the whole day', burst: 1, wait: 3_900, route: '/otp/generate' },
];

describe('a day of guessing', () => {
  let cluster: Cluster;
  let volley: Volley;
  beforeAll(async () => {
    cluster = await Cluster.start(2, { OTP_EXPOSE_CODE: 'true' });
  });
  // Each with new ones: a balancer does not wait long for the first request of a connection.
  beforeEach(async () => {
    volley = await Volley.open(cluster.urls, 1_000);
  });
  afterEach(() => volley.close());
  afterAll(() => cluster?.stop());

  it.each(ATTACKS)(
    '$name: at most 20 guesses are judged, and the owner gets in the day after (B5, N4)',
    async ({ burst, wait, route }) => {
      const address = { phone_number: `+1415${5_000_000 + burst}` };
      let judged = 0;
      let refusedForGuesses = 0;
      for (let clock = 0; clock < DAY;) {
        const sent = await send({ path: '/otp/generate', body: address });
        const again = await send({ path: route, body: address });
        const right = (again.body.otp ?? sent.body.otp ?? '000000') as string;
        if (sent.body.code === 'otp_guess_limit') refusedForGuesses++;
        const { '400 otp_invalid': wrong = 0, ...others } = tally(
          await volley.fire(Array.from({ length: burst }, (_, i) => guess(address, right, i))),
        );
        expect(others['200']).toBeUndefined();
        judged += wrong;
        // Nothing more to gain for a while: the rest of the day passes in larger steps.
        const pause = Math.min(wrong > 0 ? wait : Math.max(wait, 1_800), DAY - clock);
        await cluster.age(pause);
        clock += pause;
      }
      expect(judged).toBeLessThanOrEqual(GUESSES_A_DAY);
      process.stderr.write(`B5: ${judged} guesses judged, ${refusedForGuesses} sends refused for them\n`);
      await cluster.age(DAY);
      await expectToGetIn(address);
    },
    60_000,
  );

  it('1,000 guesses in parallel at each of the codes of a day: the cap is per person, not per code (B7)', async () => {
    const address = { email: 'victim@example.com' };
    let judged = 0;
    for (let codes = 0; codes < 10; codes++) {
      const { body } = await send({ path: '/otp/generate', body: address });
      const right = (body.otp ?? '000000') as string;
      const replies = await volley.fire(Array.from({ length: 1_000 }, (_, i) => guess(address, right, i)));
      judged += tally(replies)['400 otp_invalid'] ?? 0;
      await cluster.age(301);
    }
    expect(judged).toBe(GUESSES_A_DAY);
    const refused = await send({ path: '/otp/generate', body: address });
    expect(refused).toMatchObject({ status: 429, body: { code: 'otp_guess_limit' } });
    expect(refused.headers['retry-after']).toMatch(/^[1-9]\d*$/);

    // The lock is of one purpose: the owner still signs in, and waiting as long as it says lifts it.
    expect(await send({ path: '/auth/send_otp', body: address })).toMatchObject({ status: 201 });
    await cluster.age(Number(refused.headers['retry-after']));
    await expectToGetIn(address);
  });

  it('a success forgets the failures before it, so that an owner who mistypes is never locked out (N4)', async () => {
    const address = { phone_number: '+14155009999' };
    for (let day = 0; day < 10; day++) {
      const { body } = await send({ path: '/otp/generate', body: address });
      const right = body.otp as string;
      await volley.fire([guess(address, right, 0), guess(address, right, 1)]);
      expect(await send({ path: '/otp/verify', body: { ...address, otp: right } })).toMatchObject({
        status: 200,
      });
      await cluster.age(DAY / 9);
    }
  });

  async function send(call: Call): Promise<Reply> {
    const [reply] = await volley.fire([call]);
    return reply as Reply;
  }

  async function expectToGetIn(address: object): Promise<void> {
    const sent = await send({ path: '/otp/generate', body: address });
    expect(sent).toMatchObject({ status: 200 });
    const otp = sent.body.otp as string;
    expect(await send({ path: '/otp/verify', body: { ...address, otp } })).toMatchObject({ status: 200 });
  }
});

/** A wrong one, another for each number. */
function guess(address: object, right: string, number: number): Call {
  const otp = String((Number(right) + number + 1) % 1_000_000).padStart(6, '0');
  return { path: '/otp/verify', body: { ...address, otp } };
}
