import { randomUUID } from 'node:crypto';
import type { Client } from '../support/client.js';
import { Cluster } from '../support/cluster.js';
import { tally, Volley, type Call, type Reply } from '../support/parallel.js';

describe('Idempotency-Key, over two processes', () => {
  let cluster: Cluster;
  let clientA: Client;
  let clientB: Client;
  let people = 0;
  beforeAll(async () => {
    cluster = await Cluster.start(2, {
      BCRYPT_COST: '4',
      OTP_RESEND_SECONDS: '0',
    });
    [clientA, clientB] = cluster.clients as [Client, Client];
  });
  afterAll(() => cluster?.stop());

  const newEmail = () => `somebody-${++people}@example.com`;
  const send = (email: string, key: string): Call => ({
    path: '/otp/generate',
    body: { email },
    headers: { 'idempotency-key': key },
  });
  const sent = async (email: string) => {
    const [row] = await cluster.sql<{ count: number }>(
      'select count(*)::int from messages where recipient = $1',
      [`email:${email}`],
    );
    return row?.count;
  };

  async function fire(calls: Call[]): Promise<Reply[]> {
    const volley = await Volley.open(cluster.urls, calls.length);
    try {
      return await volley.fire(calls);
    } finally {
      volley.close();
    }
  }

  it('sends one message for 100 parallel requests with one key', async () => {
    for (let run = 0; run < 5; run++) {
      const email = newEmail();
      const key = randomUUID();
      const replies = await fire(Array.from({ length: 100 }, () => send(email, key)));
      const { '200': accepted = 0, '409 idempotency_key_in_use': refused = 0, ...others } = tally(replies);
      expect(others).toEqual({});
      expect(accepted).toBeGreaterThanOrEqual(1);
      expect(accepted + refused).toBe(100);
      for (const { status, headers } of replies) if (status === 409) expect(headers['retry-after']).toBe('1');
      const ids = replies.filter(({ status }) => status === 200).map(({ body }) => body.challenge);
      for (const client of [clientA, clientB]) {
        const { body } = await client
          .post('/otp/generate', { email })
          .set('idempotency-key', key)
          .expect(200);
        ids.push((body as Reply['body']).challenge);
      }
      expect(new Set(ids.map((challenge) => JSON.stringify(challenge))).size).toBe(1);
      expect(await sent(email)).toBe(1);
    }
  });

  it('runs one of two different requests with one key', async () => {
    for (let run = 0; run < 5; run++) {
      const emails = [newEmail(), newEmail()];
      const key = randomUUID();
      const replies = await fire(Array.from({ length: 20 }, (_, i) => send(emails[(i >> 1) % 2] ?? '', key)));
      expect(tally(replies)['422 idempotency_key_reused']).toBe(10);
      expect((await Promise.all(emails.map(sent))).sort()).toEqual([0, 1]);
    }
  });

  it('frees the key of a process that died for the same request, once, after 15 seconds', async () => {
    const email = newEmail();
    const key = randomUUID();
    const victim = await cluster.add();
    const retry = (client: Client, to = email) =>
      client.post('/otp/generate', { email: to }).set('idempotency-key', key);
    // A row to lock, so that the request has its key and waits.
    await clientA.post('/otp/generate', { email }).expect(200);
    await cluster.whileLocked(
      `email:${email}`,
      1,
      () => fetchQuietly(victim.url, send(email, key)),
      async () => {
        await victim.stop('SIGKILL');
        // Its statement must not commit after its end.
        await cluster.sql(`select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'`);
      },
    );
    const before = await sent(email);

    for (const client of [clientA, clientB]) {
      const { body, headers } = await retry(client).expect(409);
      expect(body).toMatchObject({ code: 'idempotency_key_in_use' });
      expect(headers['retry-after']).toBe('1');
    }
    await cluster.age(16);
    await retry(clientA, newEmail()).expect(422);
    const replies = await fire(Array.from({ length: 20 }, () => send(email, key)));
    expect(tally(replies)['200']).toBeGreaterThanOrEqual(1);
    await retry(clientB).expect(200);
    expect(await sent(email)).toBe((before ?? 0) + 1);
  });
});

/** The connection ends without a reply when the process is killed. */
async function fetchQuietly(url: string, { path, body, headers }: Call): Promise<void> {
  await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  }).catch(() => undefined);
}
