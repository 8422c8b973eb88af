import { PASSWORD, signUp } from '../support/accounts.js';
import type { Client } from '../support/client.js';
import { Cluster } from '../support/cluster.js';
import { tally, Volley, type Call, type Reply } from '../support/parallel.js';

describe('devices, over two processes', () => {
  let cluster: Cluster;
  let clientA: Client;
  let people = 0;
  beforeAll(async () => {
    cluster = await Cluster.start(2, { BCRYPT_COST: '4' });
    [clientA] = cluster.clients as [Client];
  });
  afterAll(() => cluster?.stop());

  const newPerson = () => signUp(clientA, `somebody-${++people}@example.com`);
  const login = (email: string, deviceToken?: string): Call => ({
    path: '/auth/login',
    body: { email, password: PASSWORD },
    headers: deviceToken ? { 'x-device-token': deviceToken } : {},
  });

  async function fire(calls: Call[]): Promise<Reply[]> {
    const volley = await Volley.open(cluster.urls, calls.length);
    try {
      return await volley.fire(calls);
    } finally {
      volley.close();
    }
  }

  it('keeps the ten newest of many devices that sign in at once', async () => {
    for (let run = 0; run < 5; run++) {
      const { email, user } = await newPerson();
      let signedIn = 1;
      for (let burst = 0; burst < 3; burst++) {
        const { '200': succeeded = 0, ...others } = tally(
          await fire(Array.from({ length: 8 }, () => login(email))),
        );
        expect(others).toEqual({});
        signedIn += succeeded;
        const [row] = await cluster.sql<{ count: number }>(
          'select count(*)::int from devices where user_id = $1',
          [user.id],
        );
        expect(row?.count).toBe(Math.min(signedIn, 10));
      }
    }
  });

  it('returns one new token to parallel sign-ins with one token', async () => {
    for (let run = 0; run < 5; run++) {
      const { email, deviceToken } = await newPerson();
      const replies = await fire(Array.from({ length: 8 }, () => login(email, deviceToken)));
      expect(tally(replies)).toEqual({ '200': 8 });
      const tokens = [...new Set(replies.map(({ body }) => body.deviceToken as string))];
      expect(tokens).toHaveLength(1);
      expect(tokens).not.toContain(deviceToken);
      const again = await fire([login(email, tokens[0])]);
      // The first 16 bytes name the device.
      expect((again[0]?.body.deviceToken as string).slice(0, 21)).toBe(deviceToken.slice(0, 21));
    }
  });
});
