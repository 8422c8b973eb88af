import { execFileSync } from 'node:child_process';
import { logIn, PASSWORD, signUp } from '../support/accounts.js';
import { Client } from '../support/client.js';
import { Cluster } from '../support/cluster.js';
import { runCommand } from '../support/command.js';
import { testDatabase } from '../support/database.js';
import { decode } from '../support/jws.js';
import { tally } from '../support/parallel.js';
import { ServerProcess } from '../support/server.js';
import { until } from '../support/until.js';

const OLD = 'one for all of them';
const NEW = 'the next one for all of them';
const PEOPLE = 4;
/** How many codes of one person wait to be used. */
const UNUSED_CODES = 3;
const PAUSE_MS = 100;

const getMe = (client: Client, token: string) =>
  client.get('/users/me').set('authorization', `Bearer ${token}`);
const kidsAt = async (url: string) => {
  const { body } = await new Client(url).get('/.well-known/jwks.json').expect(200);
  return (body as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
};
const kidOf = (token: string) => decode(token.split('.')[0]).kid as string;

/** The token of a link that one process mails. */
async function resetToken(client: Client, email: string): Promise<string> {
  const { text } = await client.codeOf(email, () => client.post('/auth/forgot', { email }).expect(202));
  return /#token=(\S+)/.exec(text)?.[1] ?? '';
}

describe('planned rotation of APP_SECRET, over two processes', () => {
  let cluster: Cluster;
  let traffic: Traffic;
  beforeAll(async () => {
    cluster = await Cluster.start(2, {
      BCRYPT_COST: '4',
      OTP_EXPOSE_CODE: 'true',
      PUBLIC_URL: 'https://auth.acme.test',
    });
  });
  afterAll(async () => {
    await traffic?.stop().catch(() => undefined);
    await cluster?.stop();
  });

  it('accepts every right code, link and token while it rolls under load, and costs no guess', async () => {
    traffic = new Traffic(cluster);
    const refreshTokens: string[] = [];
    for (let person = 0; person < PEOPLE; person++)
      refreshTokens.push((await signUp(cluster.clients[0]!, `person-${person}@example.com`)).refreshToken);
    let links = 0;
    traffic.start(refreshTokens);
    await traffic.turnover();

    const steps: Record<string, string>[] = [
      { APP_SECRET: OLD, APP_SECRET_NEXT: NEW },
      { APP_SECRET: NEW, APP_SECRET_PREVIOUS: OLD },
      { APP_SECRET: NEW },
    ];
    const published: string[][] = [];
    for (const settings of steps) {
      for (let replaced = 0; replaced < 2; replaced++) {
        const old = cluster.servers.shift()!;
        const replacement = await cluster.add(settings);
        traffic.open.set(replacement.url, 0);
        await traffic.drain(old.url);
        await old.stop();
        // Both mixes of processes with and without this step, and then all with it.
        await traffic.turnover();
        const [first, second] = cluster.clients as [Client, Client];
        for (const [from, to] of [
          [first, second],
          [second, first],
        ] as const) {
          const { email } = await signUp(from, `linked-${++links}@example.com`);
          const token = await resetToken(from, email);
          await to.patch('/auth/reset', { token, password: PASSWORD }).expect(200);
        }
      }
      published.push(await kidsAt(cluster.servers[0]!.url));
    }
    await traffic.stop();

    const { tokenKids, replies } = traffic;
    expect(Object.keys(replies).filter((reply) => !reply.endsWith(' 200'))).toEqual([]);
    expect(replies['/otp/verify 200']).toBeGreaterThan(PEOPLE * UNUSED_CODES * 7);
    const [row] = await cluster.sql<{ wrong: number }>(
      'select (count(*) filter (where failures > 0))::int as wrong from challenges',
    );
    expect(row).toEqual({ wrong: 0 });
    // A backend that has cached the keys since the first step knows the key of every token.
    expect(tokenKids.size).toBe(2);
    expect(published[0]).toEqual(expect.arrayContaining([...tokenKids]));
    expect(published[2]).toHaveLength(2);
    // Six servers start one after the other.
  }, 600_000);
});

/**
 * People who request codes, use them and refresh their sessions without a pause, each time at a
 * random process, as behind a load balancer.
 */
class Traffic {
  /** The number of open requests of each process that gets requests. */
  readonly open = new Map<string, number>();
  /** For example `/otp/verify 200`. */
  readonly replies: Record<string, number> = {};
  /** The keys that signed access tokens. */
  readonly tokenKids = new Set<string>();
  private readonly draining = new Set<string>();
  private rounds: number[] = [];
  private people: Promise<void>[] = [];
  private phones = 0;
  private stopped = false;

  constructor(cluster: Cluster) {
    for (const { url } of cluster.servers) this.open.set(url, 0);
  }

  start(refreshTokens: string[]): void {
    this.rounds = refreshTokens.map(() => 0);
    this.people = refreshTokens.map((token, person) => this.live(person, token));
  }

  /** Sends no new request to a process, and waits for its replies to the open ones. */
  async drain(url: string): Promise<void> {
    this.draining.add(url);
    await until(`${url} has replied`, () => this.open.get(url) === 0);
    this.open.delete(url);
  }

  /** Waits until everybody has used the codes and tokens that are unused now. */
  async turnover(): Promise<void> {
    const before = [...this.rounds];
    await Promise.race([
      until('all codes are used', () =>
        this.rounds.every((rounds, person) => rounds > (before[person] ?? 0) + UNUSED_CODES),
      ),
      Promise.all(this.people),
    ]);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.people);
  }

  private async live(person: number, firstToken: string): Promise<void> {
    let refreshToken = firstToken;
    const unused: { phone_number: string; otp: string }[] = [];
    for (; !this.stopped; this.rounds[person] = (this.rounds[person] ?? 0) + 1) {
      const phone_number = `+1415${2_000_000 + this.phones++}`;
      const { otp } = await this.call('/otp/generate', { phone_number });
      unused.push({ phone_number, otp: otp ?? '' });
      if (unused.length >= UNUSED_CODES) await this.call('/otp/verify', unused.shift());
      const tokens = await this.call('/auth/refresh', { refreshToken });
      refreshToken = tokens.refreshToken ?? '';
      this.tokenKids.add(kidOf(tokens.accessToken ?? ''));
      await this.call('/users/me', undefined, tokens.accessToken);
      // Leaves time for the start of the next process.
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  private async call(path: string, body?: object, accessToken?: string): Promise<Record<string, string>> {
    const urls = [...this.open.keys()].filter((url) => !this.draining.has(url));
    const url = urls[Math.floor(Math.random() * urls.length)] ?? '';
    this.open.set(url, (this.open.get(url) ?? 0) + 1);
    try {
      const client = new Client(url);
      const reply = accessToken ? await getMe(client, accessToken) : await client.post(path, body);
      const outcome = `${path} ${Object.keys(tally([reply]))[0]}`;
      this.replies[outcome] = (this.replies[outcome] ?? 0) + 1;
      if (reply.status !== 200) throw new Error(outcome);
      return reply.body as Record<string, string>;
    } finally {
      this.open.set(url, (this.open.get(url) ?? 0) - 1);
    }
  }
}

describe('emergency rotation of APP_SECRET', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start(1, {
      BCRYPT_COST: '4',
      OTP_EXPOSE_CODE: 'true',
      PUBLIC_URL: 'https://auth.acme.test',
    });
  });
  afterAll(() => cluster?.stop());

  it('keeps passwords, sessions and devices, and ends codes, links and access tokens', async () => {
    const [before] = cluster.clients as [Client];
    const ada = await signUp(before, 'ada@example.com');
    const token = await resetToken(before, ada.email);
    const { body } = await before.post('/otp/generate', { email: 'bob@example.com' }).expect(200);
    const oldKids = await kidsAt(before.url);

    // The steps of docs/operations.md.
    await cluster.servers.pop()?.stop();
    const settings = { NODE_ENV: 'test', DATABASE_URL: cluster.url };
    const both = { APP_SECRET: NEW, APP_SECRET_PREVIOUS: OLD };
    expect(await runCommand(['keys:revoke'], { ...settings, ...both })).toMatchObject({ code: 0 });
    const after = new Client((await cluster.add({ APP_SECRET: NEW })).url);

    await getMe(after, ada.accessToken).expect(401);
    expect((await kidsAt(after.url)).filter((kid) => oldKids.includes(kid))).toEqual([]);
    await after.patch('/auth/reset', { token, password: PASSWORD }).expect(400);
    const { otp } = body as { otp: string };
    await after.post('/otp/verify', { email: 'bob@example.com', otp }).expect(400);
    const refreshed = await after.post('/auth/refresh', { refreshToken: ada.refreshToken }).expect(200);
    await getMe(after, (refreshed.body as { accessToken: string }).accessToken).expect(200);
    const again = await logIn(after, ada.email, { deviceToken: ada.deviceToken });
    // The token is replaced at each sign-in, and its first 16 bytes are the id of the device.
    const deviceOf = (token: string) => Buffer.from(token, 'base64url').subarray(0, 16);
    expect(deviceOf(again.deviceToken)).toEqual(deviceOf(ada.deviceToken));
  });
});

describe('backup of the database', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start(1, { BCRYPT_COST: '4', PUBLIC_URL: 'https://auth.acme.test' });
  });
  afterAll(() => cluster?.stop());

  it('is restored by the secret of its time only, and its revoked keys can be revoked again', async () => {
    const [before] = cluster.clients as [Client];
    const ada = await signUp(before, 'ada@example.com');
    const kid = kidOf(ada.accessToken);
    const dump = execFileSync('pg_dump', ['--format=custom', '--dbname', cluster.url]);
    const environment = { NODE_ENV: 'test', DATABASE_URL: cluster.url, APP_SECRET: OLD };
    await runCommand(['keys:revoke', '--', kid], environment);
    await cluster.servers.pop()?.stop();

    const restored = await testDatabase();
    try {
      const { DATABASE_URL = '' } = restored.env;
      execFileSync('pg_restore', ['--no-owner', '--dbname', DATABASE_URL], { input: dump });
      const settings = { NODE_ENV: 'test', PUBLIC_URL: 'https://auth.acme.test', ...restored.env };
      const withoutSecret = await ServerProcess.launch({ ...settings, APP_SECRET: NEW });
      expect(await withoutSecret.ended).toBe(1);
      expect(withoutSecret.log).toContain('The password key cannot be opened with this APP_SECRET');

      const revoked = await runCommand(['keys:revoke'], { ...settings, APP_SECRET: OLD });
      expect(revoked).toMatchObject({ code: 0, stdout: expect.stringContaining(`Revoked ${kid}\n`) });
      const server = await ServerProcess.start({ ...settings, APP_SECRET: OLD });
      try {
        const client = new Client(server.url);
        await getMe(client, ada.accessToken).expect(401);
        await logIn(client, ada.email);
        await client.post('/auth/refresh', { refreshToken: ada.refreshToken }).expect(200);
      } finally {
        await server.stop();
      }
    } finally {
      await restored.drop();
    }
  });
});
