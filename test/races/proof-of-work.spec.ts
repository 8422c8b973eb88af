import { signUp } from '../support/accounts.js';
import type { Client } from '../support/client.js';
import { Cluster } from '../support/cluster.js';
import { tally, Volley, type Call } from '../support/parallel.js';
import { solveProblem } from '../support/proof.js';

/** Not more, because a process compares a limited number of passwords at a time. */
const REQUESTS = 32;
const ASKED = '403 proof_of_work_required';

describe('proofs of work, over two processes', () => {
  let cluster: Cluster;
  let volley: Volley;
  let people = 0;
  beforeAll(async () => {
    cluster = await Cluster.start(2, {
      BCRYPT_COST: '4',
      IP_RATE_LIMIT: '0',
      OTP_RESEND_SECONDS: '0',
      OTP_PURPOSES: purposes.join(),
    });
    volley = await Volley.open(cluster.urls, REQUESTS);
  });
  afterAll(async () => {
    volley?.close();
    await cluster?.stop();
  });

  const purposes = Array.from({ length: REQUESTS }, (_, index) => `order_${index}`);
  const newEmail = () => `somebody-${++people}@example.com`;
  const calls = (path: string, bodyOf: (index: number) => object): Call[] =>
    Array.from({ length: REQUESTS }, (_, index) => ({ path, body: bodyOf(index) }));

  /** Uses up what is free: messages, guesses at passwords and guesses at codes. */
  async function useUpFreePart(email: string): Promise<void> {
    await cluster.sql(
      `insert into budget_counters (key, day_sent) values ($1, 6), ($2, 10)
       on conflict (key) do update set day_sent = excluded.day_sent`,
      [`to:email:${email}`, `password:email:${email}`],
    );
    await cluster.sql('update challenges set failures = 20, failures_since = now() where recipient = $1', [
      `email:${email}`,
    ]);
  }

  /** Solves the challenge in the reply to the call. */
  async function proofFor(call: Call): Promise<string> {
    const [reply] = await volley.fire([call]);
    return solveProblem(reply?.body ?? {});
  }

  async function race(all: Call[], proofOfWork: string): Promise<Record<string, number>> {
    return tally(await volley.fire(all.map((call) => ({ ...call, body: { ...call.body, proofOfWork } }))));
  }

  it('are accepted once for messages, also for different purposes', async () => {
    const email = newEmail();
    await useUpFreePart(email);
    const sends = calls('/otp/generate', (index) => ({ email, purpose: purposes[index] }));
    const replies = await race(sends, await proofFor(sends[0] as Call));
    expect(replies).toEqual({ '200': 1, [ASKED]: REQUESTS - 1 });
    const messages = await cluster.sql('select from messages where recipient = $1', [`email:${email}`]);
    expect(messages).toHaveLength(1);
  });

  it.each(['/auth/login', '/api/login'])('are accepted once for passwords at %s', async (path) => {
    const { email } = await signUp(cluster.clients[0] as Client, newEmail());
    await useUpFreePart(email);
    const guesses = calls(path, (index) => ({ email, password: `wrong ${index}` }));
    const replies = await race(guesses, await proofFor(guesses[0] as Call));
    expect(replies).toEqual({ '401 invalid_credentials': 1, [ASKED]: REQUESTS - 1 });
  });

  it.each([
    ['/otp/generate', '/otp/verify'],
    ['/auth/send_otp', '/auth/verify_otp'],
  ])('are accepted once for guesses at the code of %s', async (send, verify) => {
    const [client] = cluster.clients as [Client];
    const { email } = await signUp(client, newEmail());
    const { otp } = await client.codeOf(email, () => client.post(send, { email }));
    await useUpFreePart(email);
    const guesses = calls(verify, (index) => ({
      email,
      otp: String((Number(otp) + 1 + index) % 1_000_000).padStart(6, '0'),
    }));
    const replies = await race(guesses, await proofFor(guesses[0] as Call));
    expect(replies).toEqual({ '400 otp_invalid': 1, [ASKED]: REQUESTS - 1 });
  });

  it('are accepted once over all routes that take one', async () => {
    const [client] = cluster.clients as [Client];
    const { email } = await signUp(client, newEmail());
    for (const path of ['/otp/generate', '/auth/send_otp', '/auth/forgot'])
      await client.codeOf(email, () => client.post(path, { email }));
    await useUpFreePart(email);
    const otp = '000000';
    const routes: Call[] = [
      { path: '/otp/generate', body: { email } },
      { path: '/otp/resend', body: { email } },
      { path: '/otp/verify', body: { email, otp } },
      { path: '/auth/send_otp', body: { email } },
      { path: '/auth/verify_otp', body: { email, otp } },
      { path: '/auth/forgot', body: { email } },
      { path: '/auth/register', body: { email, password: 'velvet otters dance' } },
      { path: '/auth/login', body: { email, password: 'wrong' } },
      { path: '/api/login', body: { email, password: 'wrong' } },
      { path: '/auth/reset', method: 'PATCH', body: { email, otp, password: 'velvet otters dance' } },
    ];
    // Each route asks for a proof, so that what it answers to the race depends on the proof.
    expect(tally(await volley.fire(routes))).toEqual({ [ASKED]: routes.length });
    const proof = await proofFor({ path: '/otp/verify', body: { email, otp } });
    const replies = await race(
      Array.from({ length: REQUESTS }, (_, index) => routes[index % routes.length] as Call),
      proof,
    );
    expect(replies[ASKED]).toBe(REQUESTS - 1);
  });
});
