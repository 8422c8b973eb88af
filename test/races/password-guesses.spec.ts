import { logIn, signUp, PASSWORD, type Person } from '../support/accounts.js';
import type { Client } from '../support/client.js';
import { Cluster } from '../support/cluster.js';
import { tally, Volley, type Call } from '../support/parallel.js';
import { forgeProof } from '../support/proof.js';

const APP_SECRET = 'one for all of them';
/** Not more, because a process compares a limited number of passwords at a time. */
const REQUESTS = 32;
const WRONG = '401 invalid_credentials';
const ASKED = '403 proof_of_work_required';
const REFUSED = '429 password_guess_limit';
/** Guesses in a day, see docs/abuse.md. */
const FREE = 10;
const WITH_PROOFS = 15;
const RECOGNISED = 20;

describe('guesses at passwords, over two processes', () => {
  let cluster: Cluster;
  let volley: Volley;
  let client: Client;
  let people = 0;
  let networks = 0;
  beforeAll(async () => {
    cluster = await Cluster.start(2, { BCRYPT_COST: '4', TRUST_PROXY: 'loopback', IP_RATE_LIMIT: '0' });
    [client] = cluster.clients as [Client];
    volley = await Volley.open(cluster.urls, REQUESTS);
  });
  afterAll(async () => {
    volley?.close();
    await cluster?.stop();
  });

  const signUpOwner = () => signUp(client, `owner-${++people}@example.com`);
  const many = <T>(make: (index: number) => T) => Array.from({ length: REQUESTS }, (_, index) => make(index));

  function guess(
    { email }: Person,
    password: string,
    more: Record<string, string> = {},
    deviceToken = '',
  ): Call {
    const ip = `10.${Math.floor(networks / 250)}.${networks++ % 250}.1`;
    const headers = { 'x-forwarded-for': ip, ...(deviceToken && { 'x-device-token': deviceToken }) };
    return { path: networks % 2 ? '/auth/login' : '/api/login', body: { email, password, ...more }, headers };
  }
  const wrong = (owner: Person) => guess(owner, 'never the password');
  const wrongOnDevice = (owner: Person) => guess(owner, 'never the password', {}, owner.deviceToken);
  /** With a proof of its own of the highest level. */
  async function withForgedProof(owner: Person, call: Call): Promise<Call> {
    const ip = call.headers?.['x-forwarded-for'] ?? '';
    const proofOfWork = await forgeProof(APP_SECRET, { subject: `email:${owner.email}`, ip, level: 4 });
    return { ...call, body: { ...call.body, proofOfWork } };
  }
  const fire = async (calls: Call[]) => tally(await volley.fire(calls));
  const race = async (owner: Person, make: (owner: Person) => Call) => fire(many(() => make(owner)));
  const raceWithProofs = async (owner: Person) =>
    fire(await Promise.all(many(() => withForgedProof(owner, wrong(owner)))));

  it('judge 10 of strangers, 15 with a proof each, and 20 on recognised devices', async () => {
    const owner = await signUpOwner();
    expect(await race(owner, wrong)).toEqual({ [WRONG]: FREE, [ASKED]: REQUESTS - FREE });
    const proved = WITH_PROOFS - FREE;
    expect(await raceWithProofs(owner)).toEqual({ [WRONG]: proved, [REFUSED]: REQUESTS - proved });
    expect(await race(owner, wrong)).toEqual({ [REFUSED]: REQUESTS });
    const own = RECOGNISED - WITH_PROOFS;
    expect(await race(owner, wrongOnDevice)).toEqual({ [WRONG]: own, [REFUSED]: REQUESTS - own });
  });

  it('judge 20 in all when strangers with and without proofs and a recognised device race', async () => {
    for (let run = 0; run < 5; run++) {
      const owner = await signUpOwner();
      const calls = await Promise.all(
        many(async (index) => {
          if (index % 3 === 0) return wrong(owner);
          return index % 3 === 1 ? withForgedProof(owner, wrong(owner)) : wrongOnDevice(owner);
        }),
      );
      const { [WRONG]: judged = 0, [ASKED]: asked = 0, [REFUSED]: refused = 0 } = await fire(calls);
      expect(judged + asked + refused).toBe(REQUESTS);
      // The device has what strangers have left of the last five.
      const { [WRONG]: own = 0 } = await race(owner, wrongOnDevice);
      expect(judged + own).toBe(RECOGNISED);
    }
  });

  it('give strangers ten new ones after a right password, if they had not used up all of theirs', async () => {
    const owner = await signUpOwner();
    expect(await race(owner, wrong)).toMatchObject({ [WRONG]: FREE });
    await logIn(client, owner.email, { deviceToken: owner.deviceToken });
    expect(await race(owner, wrong)).toMatchObject({ [WRONG]: FREE });
  });

  it('give strangers none after right passwords, if they had used up all of theirs', async () => {
    const owner = await signUpOwner();
    await raceWithProofs(owner);
    const right = () => guess(owner, PASSWORD, {}, owner.deviceToken);
    for (let round = 0; round < 3; round++) {
      for (let guesses = 0; guesses < 4; guesses++) await fire([wrongOnDevice(owner)]);
      // Right and wrong ones of the device, while strangers guess.
      const strangers = await Promise.all(many(() => withForgedProof(owner, wrong(owner))));
      const replies = await fire([right(), ...strangers.slice(1)]);
      expect(replies).toEqual({ '200': 1, [REFUSED]: REQUESTS - 1 });
    }
    expect(await race(owner, wrong)).toEqual({ [REFUSED]: REQUESTS });
  });

  it('judge less than twice as many when the right password races with strangers', async () => {
    let resets = 0;
    for (let run = 0; run < 5; run++) {
      const owner = await signUpOwner();
      const calls = await Promise.all(many(() => withForgedProof(owner, wrong(owner))));
      calls[run * 3] = guess(owner, PASSWORD, {}, owner.deviceToken);
      const replies = await fire(calls);
      expect(replies['200']).toBe(1);
      const afterwards = await raceWithProofs(owner);
      // The reset only counts before the strangers have used up their part.
      const judged = (replies[WRONG] ?? 0) + (afterwards[WRONG] ?? 0);
      expect(judged).toBeGreaterThanOrEqual(WITH_PROOFS);
      expect(judged).toBeLessThan(2 * WITH_PROOFS);
      if (judged > WITH_PROOFS) resets++;
    }
    process.stderr.write(`password guesses: the right one reset the count in ${resets} of 5 races\n`);
  });
});
