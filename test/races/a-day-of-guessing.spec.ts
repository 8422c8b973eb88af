import { Cluster } from '../support/cluster.js';
import { tally, Volley, type Call, type Reply } from '../support/parallel.js';

const DAY = 24 * 3600;
const GUESSES_A_DAY = 20;

/** How each attack paces itself: guesses per burst, and seconds to wait after each burst. */
const ATTACKS = [
  { name: 'guessing as fast as the cooldown allows', burst: 3, wait: 61, route: '/otp/generate' },
  {
    name: 'guessing in bursts against both processes',
    burst: 50,
    wait: 61,
    route: '/otp/generate',
  },
  {
    name: 'resending half way through the life of each code',
    burst: 2,
    wait: 151,
    route: '/otp/resend',
  },
  {
    name: 'guessing once at a time over the whole day',
    burst: 1,
    wait: 3_900,
    route: '/otp/generate',
  },
];

describe('the daily guess limit', () => {
  let cluster: Cluster;
  let volley: Volley;
  beforeAll(async () => {
    cluster = await Cluster.start(2, { OTP_EXPOSE_CODE: 'true' });
  });
  // New connections for each test: a load balancer soon closes one that has sent no request.
  beforeEach(async () => {
    volley = await Volley.open(cluster.urls, 1_000);
  });
  afterEach(() => volley.close());
  afterAll(() => cluster?.stop());

  it.each(ATTACKS)(
    '$name: judges at most 20 guesses a day and lets the owner in the next day',
    async ({ burst, wait, route }) => {
      const address = { phone_number: `+1415${5_000_000 + burst}` };
      let judged = 0;
      let refusedSends = 0;
      for (let clock = 0; clock < DAY;) {
        await forgetMessages();
        const generated = await send({ path: '/otp/generate', body: address });
        const second = await send({ path: route, body: address });
        const rightCode = (second.body.otp ?? generated.body.otp ?? '000000') as string;
        if (generated.status !== 200) refusedSends++;
        const { '400 otp_invalid': wrong = 0, ...others } = tally(
          await volley.fire(Array.from({ length: burst }, (_, i) => wrongGuess(address, rightCode, i))),
        );
        expect(others['200']).toBeUndefined();
        judged += wrong;
        // Once guesses are refused, larger steps pass the rest of the day faster.
        const pause = Math.min(wrong > 0 ? wait : Math.max(wait, 1_800), DAY - clock);
        await cluster.age(pause);
        clock += pause;
      }
      expect(judged).toBeLessThanOrEqual(GUESSES_A_DAY);
      process.stderr.write(`guess limit: ${judged} guesses judged, ${refusedSends} sends refused\n`);
      await cluster.age(DAY);
      await expectOwnerCanVerify(address);
    },
    60_000,
  );

  it('counts guesses per recipient, not per code, when 1,000 race at each of ten codes', async () => {
    const address = { email: 'victim@example.com' };
    let judged = 0;
    for (let codes = 0; codes < 10; codes++) {
      await forgetMessages();
      const { body } = await send({ path: '/otp/generate', body: address });
      const rightCode = (body.otp ?? '000000') as string;
      const guesses = Array.from({ length: 1_000 }, (_, i) => wrongGuess(address, rightCode, i));
      const replies = await volley.fire(guesses);
      judged += tally(replies)['400 otp_invalid'] ?? 0;
      await cluster.age(301);
    }
    expect(judged).toBe(GUESSES_A_DAY);
    await forgetMessages();
    const sent = await send({ path: '/otp/generate', body: address });
    const refused = await send({ path: '/otp/verify', body: { ...address, otp: sent.body.otp } });
    expect(refused).toMatchObject({ status: 403, body: { code: 'proof_of_work_required' } });

    // The limit applies to one purpose, so the owner can still sign in. It lifts after a day.
    expect(await send({ path: '/auth/send_otp', body: address })).toMatchObject({ status: 201 });
    await cluster.age(DAY);
    await expectOwnerCanVerify(address);
  });

  it('resets the failure count on success, so an owner who mistypes is never locked out', async () => {
    const address = { phone_number: '+14155009999' };
    for (let day = 0; day < 10; day++) {
      await forgetMessages();
      const { body } = await send({ path: '/otp/generate', body: address });
      const rightCode = body.otp as string;
      await volley.fire([wrongGuess(address, rightCode, 0), wrongGuess(address, rightCode, 1)]);
      expect(await send({ path: '/otp/verify', body: { ...address, otp: rightCode } })).toMatchObject({
        status: 200,
      });
      await cluster.age(DAY / 9);
    }
  });

  /** These attacks are about guesses. The budget of messages would stop them earlier. */
  const forgetMessages = () => cluster.sql(`delete from budget_counters where key like 'to:%'`);

  async function send(call: Call): Promise<Reply> {
    const [reply] = await volley.fire([call]);
    return reply as Reply;
  }

  async function expectOwnerCanVerify(address: object): Promise<void> {
    const sent = await send({ path: '/otp/generate', body: address });
    expect(sent).toMatchObject({ status: 200 });
    const otp = sent.body.otp as string;
    expect(await send({ path: '/otp/verify', body: { ...address, otp } })).toMatchObject({
      status: 200,
    });
  }
});

/** A wrong code; each index gives a different one. */
function wrongGuess(address: object, rightCode: string, index: number): Call {
  const otp = String((Number(rightCode) + index + 1) % 1_000_000).padStart(6, '0');
  return { path: '/otp/verify', body: { ...address, otp } };
}
