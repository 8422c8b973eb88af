import { signUp } from '../support/accounts.js';
import type { Client } from '../support/client.js';
import { Cluster } from '../support/cluster.js';
import { tally, Volley, type Call, type Reply } from '../support/parallel.js';
import { wrongCode } from '../support/wrong-code.js';

interface Mail {
  otp: string;
  token: string;
}

describe('sign-in links, over two processes', () => {
  let cluster: Cluster;
  let client: Client;
  let people = 0;
  beforeAll(async () => {
    cluster = await Cluster.start(2, { BCRYPT_COST: '4', PUBLIC_URL: 'https://auth.acme.test' });
    [client] = cluster.clients as [Client];
  });
  afterAll(() => cluster?.stop());

  async function newPerson(): Promise<string> {
    const { email } = await signUp(client, `somebody-${++people}@example.com`);
    return email;
  }

  async function requestMail(email: string): Promise<Mail> {
    const { otp, text } = await client.codeOf(email, () =>
      client.post('/auth/send_otp', { email }).expect(201),
    );
    return { otp, token: /#token=([\w-]+)/.exec(text)?.[1] ?? '' };
  }

  async function fire(calls: Call[]): Promise<Reply[]> {
    const volley = await Volley.open(cluster.urls, calls.length);
    try {
      return await volley.fire(calls);
    } finally {
      volley.close();
    }
  }

  /** Sessions that were opened by a sign-in code or link, not by the sign-up. */
  const openedSessions = (email: string) =>
    cluster.sql(
      `select s.id from sessions s join users u on u.id = s.user_id
       where u.email = $1 and s.amr = '{otp,email}' order by s.authenticated_at offset 1`,
      [email],
    );

  const byLink = (token: string): Call => ({ path: '/auth/link', body: { token } });
  const byCode = (email: string, otp: string): Call => ({ path: '/auth/verify_otp', body: { email, otp } });

  /** Interleaves the calls, so that each process gets some of each kind. */
  const mixed = (count: number, kinds: Call[]) =>
    Array.from({ length: count }, (_, i) => kinds[Math.floor(i / 2) % kinds.length] as Call);

  it('opens one session for 40 parallel uses of a link and its code', async () => {
    for (let run = 0; run < 8; run++) {
      const email = await newPerson();
      const { otp, token } = await requestMail(email);
      const calls = mixed(40, [byLink(token), byCode(email, otp)]);
      const fireAll = () => fire(calls);
      // In every other run, the requests of both processes wait for the same row.
      const replies = await (run % 2 ? cluster.whileLocked(`email:${email}`, 4, fireAll) : fireAll());
      const { '201': signedIn, ...refused } = tally(replies);
      expect(signedIn).toBe(1);
      expect(Object.keys(refused).sort()).toEqual(['400 sign_in_link_invalid', '404 otp_not_found']);
      expect(await openedSessions(email)).toHaveLength(1);
    }
  });

  it('opens one session when the previous and the new link race with both codes', async () => {
    for (let run = 0; run < 6; run++) {
      const email = await newPerson();
      const first = await requestMail(email);
      await cluster.age(200);
      const second = await requestMail(email);
      expect(second.token).not.toBe(first.token);
      const calls = mixed(40, [
        byLink(first.token),
        byLink(second.token),
        byCode(email, first.otp),
        byCode(email, second.otp),
      ]);
      const fireAll = () => fire(calls);
      const replies = await (run % 2 ? cluster.whileLocked(`email:${email}`, 4, fireAll) : fireAll());
      expect(tally(replies)['201']).toBe(1);
      expect(await openedSessions(email)).toHaveLength(1);
    }
  });

  it('opens a session by the link while wrong guesses race to end its code', async () => {
    for (let run = 0; run < 6; run++) {
      const email = await newPerson();
      const { otp, token } = await requestMail(email);
      const guesses = Array.from({ length: 20 }, () => byCode(email, wrongCode(otp)));
      const replies = await fire([...guesses, byLink(token)]);
      expect(replies.at(-1)?.status).toBe(201);
      expect(tally(replies)['201']).toBe(1);
      expect(tally(replies)['400 otp_invalid'] ?? 0).toBeLessThanOrEqual(3);
    }
  });

  it('accepts the link of a mail while a new code replaces its code', async () => {
    for (let run = 0; run < 6; run++) {
      const email = await newPerson();
      const { token } = await requestMail(email);
      await cluster.age(200);
      const send: Call = { path: '/auth/send_otp', body: { email } };
      const [used, sent] = await fire(run % 2 ? [byLink(token), send] : [send, byLink(token)]).then(
        (replies) => (run % 2 ? replies : replies.reverse()),
      );
      // Whichever comes first, the old link works: a new code keeps it until its own end.
      expect([used?.status, sent?.status]).toEqual([201, 201]);
    }
  });
});
