import type { Client } from '../support/client.js';
import { Cluster } from '../support/cluster.js';
import { tally, Volley } from '../support/parallel.js';

describe('redemption of proofs, over two processes', () => {
  let cluster: Cluster;
  let clientA: Client;
  let clientB: Client;
  beforeAll(async () => {
    cluster = await Cluster.start(2, { PUBLIC_URL: 'https://auth.acme.test' });
    [clientA, clientB] = cluster.clients as [Client, Client];
  });
  afterAll(() => cluster?.stop());

  it('accepts a proof for one of 50 parallel requests', async () => {
    for (let run = 0; run < 5; run++) {
      const email = `somebody-${run}@example.com`;
      const { otp } = await clientA.codeOf(email, () => clientA.post('/otp/generate', { email }).expect(200));
      const { body } = await clientB.post('/otp/verify', { email, otp }).expect(200);
      const { proof } = body as { proof: string };
      const volley = await Volley.open(cluster.urls, 50);
      const calls = Array.from({ length: 50 }, () => ({ path: '/proofs/redeem', body: { proof } }));
      const replies = await volley.fire(calls).finally(() => volley.close());
      expect(tally(replies)).toEqual({ '200': 1, '409 proof_already_redeemed': 49 });
    }
  });
});
