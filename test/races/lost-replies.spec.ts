import { signUp, type Person } from '../support/accounts.js';
import type { Client } from '../support/client.js';
import { Cluster } from '../support/cluster.js';
import { tally, Volley, type Call, type Reply } from '../support/parallel.js';

/** The size of both connection pools: at most this many statements wait for a lock at once. */
const POOLED_STATEMENTS = 16;

describe('refreshes whose reply was lost, over two processes', () => {
  let cluster: Cluster;
  let clientA: Client;
  let clientB: Client;
  let people = 0;
  beforeAll(async () => {
    cluster = await Cluster.start(2, { BCRYPT_COST: '4' });
    [clientA, clientB] = cluster.clients as [Client, Client];
  });
  afterAll(() => cluster?.stop());

  const refresh = ({ deviceToken }: Person, refreshToken: string): Call => ({
    path: '/auth/refresh',
    body: { refreshToken },
    headers: { 'x-device-token': deviceToken },
  });

  /** A session whose client did not get the reply with its newest token. */
  async function withLostReply(): Promise<{ person: Person; lost: string }> {
    const person = await signUp(clientA, `somebody-${++people}@example.com`);
    const { body } = await clientB.post('/auth/refresh', { refreshToken: person.refreshToken }).expect(200);
    await cluster.age(11);
    return { person, lost: (body as { refreshToken: string }).refreshToken };
  }

  async function fire(calls: Call[]): Promise<Reply[]> {
    const volley = await Volley.open(cluster.urls, calls.length);
    try {
      return await volley.fire(calls);
    } finally {
      volley.close();
    }
  }

  const whileLocked = ({ user }: Person, waiting: number, calls: Call[]) =>
    cluster.whileHeld(
      { lock: 'select from sessions where user_id = $1 for update', key: user.id },
      waiting,
      () => fire(calls),
    );

  const isLive = async ({ user }: Person) =>
    (await cluster.sql('select from sessions where user_id = $1 and ended_at is null', [user.id])).length > 0;

  it('returns one new token to 100 parallel repetitions, and the lost one ends the session', async () => {
    for (let run = 0; run < 6; run++) {
      const { person, lost } = await withLostReply();
      const calls = Array.from({ length: 100 }, () => refresh(person, person.refreshToken));
      const replies = await (run % 2 ? whileLocked(person, POOLED_STATEMENTS, calls) : fire(calls));
      expect(tally(replies)).toEqual({ '200': 100 });
      const tokens = new Set(replies.map(({ body }) => body.refreshToken as string));
      expect(tokens.size).toBe(1);
      expect(tokens).not.toContain(lost);

      const [token = ''] = tokens;
      await clientB.post('/auth/refresh', { refreshToken: token }).expect(200);
      await clientA.post('/auth/refresh', { refreshToken: lost }).expect(401);
      await clientB.post('/auth/refresh', { refreshToken: token }).expect(401);
      expect(await isLive(person)).toBe(false);
    }
  });

  it('leaves no session when the lost token and its predecessor are presented at once', async () => {
    for (let run = 0; run < 20; run++) {
      const { person, lost } = await withLostReply();
      const calls = [refresh(person, person.refreshToken), refresh(person, lost)];
      if (run % 2) calls.reverse();
      const replies = await (run % 4 >= 2 ? whileLocked(person, 2, calls) : fire(calls));
      expect(tally(replies)).toEqual({ '200': 1, '401 refresh_token_invalid': 1 });
      expect(await isLive(person)).toBe(false);
    }
  });
});
