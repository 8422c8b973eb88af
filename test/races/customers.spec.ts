import { signUp, type Person } from '../support/accounts.js';
import type { Client } from '../support/client.js';
import { Cluster } from '../support/cluster.js';
import { tally, Volley, type Call, type Reply } from '../support/parallel.js';

const LIMIT = 10;

describe('CUSTOMERS_PER_USER, over two processes', () => {
  let cluster: Cluster;
  let clientA: Client;
  let people = 0;
  beforeAll(async () => {
    cluster = await Cluster.start(2, {
      BCRYPT_COST: '4',
      // The same issuer for both processes.
      PUBLIC_URL: 'https://auth.acme.test',
      CUSTOMERS_PER_USER: String(LIMIT),
    });
    [clientA] = cluster.clients as [Client];
  });
  afterAll(() => cluster?.stop());

  const newPerson = () => signUp(clientA, `somebody-${++people}@example.com`);
  const call = (person: Person, method: string, path: string): Call => ({
    method,
    path,
    body: { address: '1 Navy Yard' },
    headers: { authorization: `Bearer ${person.accessToken}` },
  });
  const additions = (person: Person, count: number) =>
    Array.from({ length: count }, (_, i) => call(person, 'POST', i % 2 ? '/customers' : '/api/customers'));

  async function fire(calls: Call[]): Promise<Reply[]> {
    const volley = await Volley.open(cluster.urls, calls.length);
    try {
      return await volley.fire(calls);
    } finally {
      volley.close();
    }
  }

  it('is never exceeded by 50 parallel additions, nor blocks another user', async () => {
    for (let run = 0; run < 5; run++) {
      const [ada, eve] = [await newPerson(), await newPerson()];
      const replies = await fire(additions(ada, 50));
      expect(tally(replies)).toEqual({ '201': LIMIT, '409 too_many_customers': 50 - LIMIT });
      await eve.post('/customers', { address: 'x' }).expect(201);
    }
  });

  it('makes room once for a customer that is deleted by several requests at once', async () => {
    const ada = await newPerson();
    const [added] = await fire(additions(ada, LIMIT));
    const path = `/customers/${added?.body.id as string}`;
    const deletions = await fire(Array.from({ length: 8 }, () => call(ada, 'DELETE', path)));
    expect(tally(deletions)).toEqual({ '204': 1, '404 customer_not_found': 7 });
    expect(tally(await fire(additions(ada, 5)))).toEqual({ '201': 1, '409 too_many_customers': 4 });
  });
});
