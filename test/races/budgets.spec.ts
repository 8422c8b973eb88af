import { Cluster } from '../support/cluster.js';
import { tally, Volley, type Call } from '../support/parallel.js';
import { until } from '../support/until.js';

const PRICE = 0.3;

interface CounterRow extends Record<string, unknown> {
  sent: number;
  verified: number;
  spent: number;
}

describe('budgets, over two processes', () => {
  let cluster: Cluster;
  let volley: Volley;
  beforeAll(async () => {
    cluster = await Cluster.start(2, {
      OTP_EXPOSE_CODE: 'true',
      TRUST_PROXY: 'loopback',
      IP_RATE_LIMIT: '0',
      FRAUD_MODE: 'enforce',
      // 40 messages; the last fifth is for recognised devices
      PHONE_SPEND_PER_HOUR: String(50 * PRICE),
      PHONE_SPEND_PER_DAY: '1000000',
    });
    volley = await Volley.open(cluster.urls, 140);
  });
  afterAll(async () => {
    volley?.close();
    await cluster?.stop();
  });
  beforeEach(() => cluster.sql('truncate budget_counters'));

  const send = (body: object, ip: string): Call => ({
    path: '/otp/generate',
    body,
    headers: { 'x-forwarded-for': ip },
  });
  const sms = (phone: string, ip: string) => send({ phone_number: phone }, ip);
  /** Numbers of one prefix. */
  const neighbour = (index: number) => `+1415555${String(1_000 + index)}`;
  /** Numbers of different prefixes. */
  const stranger = (index: number) => `+1415${String(2_010_000 + index * 10_000)}`;
  const network = (index: number) => `10.${index % 250}.${Math.floor(index / 250)}.1`;

  async function counter(key: string): Promise<CounterRow | undefined> {
    const [row] = await cluster.sql<CounterRow>(
      `select hour_sent as sent, hour_verified as verified, hour_spent::int as spent
      from budget_counters where key = $1`,
      [key],
    );
    return row;
  }
  const messagesQueued = async () => {
    const [row] = await cluster.sql<{ count: number }>('select count(*)::int from messages');
    return row?.count ?? 0;
  };

  it('allows five numbers of a prefix and gives back what it refused', async () => {
    const before = await messagesQueued();
    const replies = await volley.fire(
      Array.from({ length: 105 }, (_, index) => sms(neighbour(index), network(index))),
    );
    expect(tally(replies)).toEqual({ '200': 5, '403 proof_of_work_required': 100 });
    expect((await messagesQueued()) - before).toBe(5);
    await until('refused messages are given back', async () => (await counter('money'))?.sent === 5);
    expect(await counter('prefix:+1415555')).toEqual({
      sent: 5,
      verified: 0,
      spent: 5 * PRICE * 1_000_000,
    });
    expect(await counter('country:US')).toMatchObject({ sent: 5, spent: 5 * PRICE * 1_000_000 });
    expect(await counter('money')).toMatchObject({ spent: 5 * PRICE * 1_000_000 });
  });

  it('allows six messages to a recipient, in any spelling of the mailbox', async () => {
    const replies = await volley.fire(
      Array.from({ length: 106 }, (_, index) => send({ email: `race.x+${index}@gmail.com` }, network(index))),
    );
    expect(tally(replies)).toEqual({ '200': 6, '403 proof_of_work_required': 100 });
    await until('refused messages are given back', async () => {
      return (await counter('to:email:racex@gmail.com'))?.sent === 6;
    });
  });

  it('never spends more than the limit', async () => {
    const replies = await volley.fire(
      Array.from({ length: 140 }, (_, index) => sms(stranger(index), network(index))),
    );
    const counts = tally(replies);
    const sent = counts['200'] ?? 0;
    // A country asks for proofs, but never refuses.
    expect(sent).toBe(20);
    expect(counts['403 proof_of_work_required']).toBe(120);
    await cluster.sql(
      `update budget_counters set hour_verified = 1000000, day_verified = 1000000 where key = 'country:US'`,
    );
    await until('refused messages are given back', async () => (await counter('money'))?.sent === 20);

    const more = await volley.fire(
      Array.from({ length: 140 }, (_, index) => sms(stranger(200 + index), network(200 + index))),
    );
    expect(tally(more)).toEqual({ '200': 20, '429 phone_send_limit': 120 });
    await until('refused messages are given back', async () => (await counter('money'))?.sent === 40);
    expect(await counter('money')).toMatchObject({ spent: 40 * PRICE * 1_000_000 });
  });

  it('counts a recipient that several processes credit at once as one right code', async () => {
    // Not the numbers of the tests before, which have to wait a minute for another code.
    const phones = Array.from({ length: 5 }, (_, index) => neighbour(500 + index));
    const issued = await volley.fire(phones.map((phone, index) => sms(phone, network(index))));
    const codes = issued.map(({ body }) => String(body.otp));
    const verify = (index: number): Call => ({
      path: '/otp/verify',
      body: { phone_number: phones[index], otp: codes[index] },
    });
    const replies = await volley.fire(Array.from({ length: 100 }, (_, index) => verify(index % 5)));
    expect(tally(replies)['200']).toBe(5);
    expect(await counter('prefix:+1415555')).toMatchObject({ sent: 5, verified: 5 });
    // Ten are free now: five and one for each right code.
    const again = await volley.fire(
      Array.from({ length: 100 }, (_, index) => sms(neighbour(600 + index), network(index))),
    );
    expect(tally(again)).toMatchObject({ '200': 10 });
  });
});
