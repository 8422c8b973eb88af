import { logIn, signUp } from '../support/accounts.js';
import { basic, createApplication, type ApplicationClient } from '../support/applications.js';
import type { Client } from '../support/client.js';
import { Cluster } from '../support/cluster.js';
import { tally, Volley, type Call } from '../support/parallel.js';
import { sendDelivery } from '../support/receipts.js';
import { until } from '../support/until.js';
import { VendorStub } from '../support/vendor-stub.js';

/** The default price of a segment, in millionths. */
const SEGMENT = 300_000;
/** An odd number of segments, so that one is left for an SMS in one segment. */
const LIMIT_IN_SEGMENTS = 81;

interface Sums extends Record<string, unknown> {
  money: number;
  application: number;
  country: number;
  prefixes: number;
}

describe('prices of messages, over two processes', () => {
  let stub: VendorStub;
  let cluster: Cluster;
  let volley: Volley;
  let shop: ApplicationClient;
  beforeAll(async () => {
    stub = await VendorStub.start();
    cluster = await Cluster.start(2, {
      ...stub.settings,
      // Makes the text of a code two segments long in Hindi, and leaves it one in English.
      PUBLIC_URL: `https://${'a'.repeat(28)}.example.com`,
      MAIL_PROVIDER: 'inbox',
      SMS_PROVIDERS: 'webhook',
      BCRYPT_COST: '4',
      IP_RATE_LIMIT: '0',
      FRAUD_MODE: 'observe',
      PHONE_SPEND_PER_HOUR: String((LIMIT_IN_SEGMENTS * SEGMENT) / 1_000_000),
    });
    const [client] = cluster.clients as [Client];
    await signUp(client, 'admin@example.com');
    await cluster.sql(`update users set roles = '{user,admin}'`);
    shop = await createApplication(client, await logIn(client, 'admin@example.com'), {});
    volley = await Volley.open(cluster.urls, 100);
  });
  afterAll(async () => {
    volley?.close();
    await cluster?.stop();
    await stub?.stop();
  });
  beforeEach(async () => {
    await cluster.sql('truncate budget_counters');
    await cluster.sql('truncate messages');
    await cluster.sql('truncate challenges');
  });

  /** Numbers of ten prefixes. */
  const phone = (index: number) => `+1415${String(5_500_000 + (index % 10) * 10_000 + index)}`;
  const send = (index: number, locale: string, path = '/otp/generate'): Call => ({
    path,
    body: { phone_number: phone(index), locale },
    headers: { authorization: basic(shop.id, shop.secret ?? '') },
  });
  const sends = (count: number, locale: (index: number) => string, path?: string) =>
    Array.from({ length: count }, (_, index) => send(index, locale(index), path));
  const inTurn = (index: number) => (index % 3 === 0 ? 'hi' : 'en');

  async function counted(): Promise<Sums> {
    const [row] = await cluster.sql<Sums>(
      `select sum(day_spent) filter (where key = 'money')::int as money,
        sum(day_spent) filter (where key = $1)::int as application,
        sum(day_spent) filter (where key = 'country:US')::int as country,
        sum(day_spent) filter (where key like 'prefix:%')::int as prefixes
      from budget_counters`,
      [`app:${shop.id}`],
    );
    return row as Sums;
  }
  /** What the messages cost, by their own rows. */
  async function due(): Promise<number> {
    const [row] = await cluster.sql<{ due: number }>(
      'select sum(coalesce(real_price, price))::int as due from messages where price is not null',
    );
    return row?.due ?? 0;
  }
  async function expectExact(): Promise<void> {
    const sum = await due();
    await until('refused messages are given back', async () => (await counted()).money === sum);
    expect(await counted()).toEqual({ money: sum, application: sum, country: sum, prefixes: sum });
    expect(cluster.log).not.toContain('deadlock');
  }
  /** Receipts with two prices for each message, at both processes. */
  async function sendReceipts(ids: string[]): Promise<void> {
    const replies = await Promise.all(
      ids.flatMap((id) =>
        ['0.0158', '0.9'].flatMap((price) =>
          cluster.urls.map((url) => sendDelivery(url, { id, status: 'delivered', price })),
        ),
      ),
    );
    expect(replies.filter(({ status }) => status !== 204)).toEqual([]);
  }

  it('never passes the spend limit with messages of one and of two segments', async () => {
    const replies = await volley.fire(sends(100, inTurn));
    const { '200': sent = 0, '429 phone_send_limit': refused = 0 } = tally(replies);
    expect([sent + refused, refused > 0]).toEqual([100, true]);
    await expectExact();
    expect(await due()).toBeLessThanOrEqual(LIMIT_IN_SEGMENTS * SEGMENT);
    // Batches and waiting refunds can be too strict for a moment.
    const again = await volley.fire(
      sends(100, () => 'en').map((call, index) => ({ ...call, ...send(200 + index, 'en') })),
    );
    expect(tally(again)).toHaveProperty('429 phone_send_limit');
    await expectExact();
    expect(await due()).toBe(LIMIT_IN_SEGMENTS * SEGMENT);
  });

  it('counts the first of several real prices, while other messages are charged', async () => {
    await volley.fire(sends(30, inTurn));
    const rows = await cluster.sql<{ id: string }>('select id from messages where price is not null');
    expect(rows).toHaveLength(30);
    const more = volley.fire(
      sends(40, inTurn).map((call, index) => ({ ...call, ...send(300 + index, 'en') })),
    );
    await sendReceipts(rows.map(({ id }) => id));
    await more;
    const [{ known } = { known: 0 }] = await cluster.sql<{ known: number }>(
      'select count(real_price)::int as known from messages',
    );
    expect(known).toBe(30);
    await expectExact();
  });

  it.each([
    ['hi', 'en'],
    ['en', 'hi'],
  ])('corrects codes in %s that are repeated for %s, while receipts come', async (first, second) => {
    await volley.fire(sends(20, () => first));
    await until('every message is sent', async () => {
      return (await cluster.sql(`select from messages where state <> 'sent'`)).length === 0;
    });
    await cluster.age(61);
    const segments = first === 'hi' ? 2 : 1;
    const repeating = volley.fire(sends(20, () => second, '/otp/resend'));
    const seen = new Set<string>();
    await until('every repeated message has a real price', async () => {
      const rows = await cluster.sql<{ id: string }>(
        'select id from messages where challenge_id <> id and real_price is null',
      );
      // Every other one gets no receipt.
      const chosen = rows.filter(({ id }) => !seen.has(id) && parseInt(id.slice(-1), 16) % 2 === 0);
      rows.forEach(({ id }) => seen.add(id));
      await sendReceipts(chosen.map(({ id }) => id));
      return seen.size === 20;
    });
    expect(tally(await repeating)).toEqual({ '200': 20 });
    await expectExact();
    const prices = await cluster.sql<{ price: number }>(
      'select price from messages where challenge_id <> id and real_price is null',
    );
    expect(new Set(prices.map(({ price }) => price))).toEqual(new Set([segments * SEGMENT]));
  });
});
