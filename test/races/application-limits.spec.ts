import { logIn, signUp, type Person } from '../support/accounts.js';
import { basic, createApplication, type ApplicationClient } from '../support/applications.js';
import type { Client } from '../support/client.js';
import { Cluster } from '../support/cluster.js';
import { tally, Volley, type Call } from '../support/parallel.js';
import { until } from '../support/until.js';

const REQUESTS = 120;
const LIMIT = 20;
/** Without `PHONE_PRICES` every message to a phone costs this. */
const PRICE = 0.3;

describe('limits of an application, over two processes', () => {
  let cluster: Cluster;
  let volley: Volley;
  let admin: Person;
  let count = 0;
  beforeAll(async () => {
    cluster = await Cluster.start(2, { BCRYPT_COST: '4', FRAUD_MODE: 'enforce' });
    const [client] = cluster.clients as [Client];
    await signUp(client, 'admin@example.com');
    await cluster.sql(`update users set roles = '{user,admin}'`);
    admin = await logIn(client, 'admin@example.com');
    volley = await Volley.open(cluster.urls, REQUESTS);
  });
  afterAll(async () => {
    volley?.close();
    await cluster?.stop();
  });
  beforeEach(() => cluster.sql('truncate budget_counters'));

  const create = (limits: object) => createApplication(cluster.clients[0] as Client, admin, { limits });
  const send = ({ id, secret = '' }: ApplicationClient, body: object): Call => ({
    path: '/otp/generate',
    body,
    headers: { authorization: basic(id, secret) },
  });
  const mail = (client: ApplicationClient) => send(client, { email: `somebody-${++count}@example.com` });
  /** In different prefixes, so that only the application is limited. */
  const sms = (client: ApplicationClient) =>
    send(client, { phone_number: `+1415${2_010_000 + ++count * 10_000}` });

  async function expectExact(clients: ApplicationClient[], make: (client: ApplicationClient) => Call) {
    const calls = Array.from({ length: REQUESTS }, (_, index) =>
      make(clients[index % clients.length] as ApplicationClient),
    );
    const sent = LIMIT * clients.length;
    expect(tally(await volley.fire(calls))).toEqual({
      '200': sent,
      '429 application_send_limit': REQUESTS - sent,
    });
    for (const { id } of clients) {
      const messages = await cluster.sql('select from messages where application_id = $1', [id]);
      expect(messages).toHaveLength(LIMIT);
      await until('refused messages are given back', async () => {
        const [row] = await cluster.sql<{ sent: number }>(
          'select day_sent as sent from budget_counters where key = $1',
          [`app:${id}`],
        );
        return row?.sent === LIMIT;
      });
    }
  }

  it('are exact for messages in a minute', async () =>
    expectExact([await create({ messagesPerMinute: LIMIT })], mail));

  it('are exact for messages in a day, for two applications at once', async () =>
    expectExact([await create({ messagesPerDay: LIMIT }), await create({ messagesPerDay: LIMIT })], mail));

  it('are exact for the money of a day', async () =>
    expectExact([await create({ spendPerDay: LIMIT * PRICE })], sms));
});
