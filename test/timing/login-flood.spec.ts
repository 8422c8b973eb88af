import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { PASSWORD } from '../support/accounts.js';
import { Cluster } from '../support/cluster.js';
import { post, type Reply } from '../support/parallel.js';
import { until } from '../support/until.js';

const CONNECTIONS = 200;
const PEOPLE = 200;
const CODES = 250;

interface FloodResult {
  answers: Record<string, number>;
  errors: string[];
}

describe('a flood of password sign-ins', () => {
  const agent = new Agent({ keepAlive: true });
  let cluster: Cluster;
  let url: string;
  beforeAll(async () => {
    cluster = await Cluster.start(1, { BCRYPT_COST: '10', TRUST_PROXY: 'loopback' });
    url = cluster.urls[0] ?? '';
    await createAccounts();
  });
  afterAll(async () => {
    agent.destroy();
    await cluster?.stop();
  });

  it.each([
    [10, 'honour Retry-After', true],
    [10, 'ignore Retry-After', false],
  ])(
    'sheds excess sign-ins and keeps other routes fast for %i s, with clients that %s',
    async (seconds, _, honoursRetryAfter) => {
      const codes = await codesToVerify(honoursRetryAfter ? 'patient' : 'hasty');
      const flood = startFlood(url, seconds, honoursRetryAfter);
      let flooding = true;
      void flood.then(() => (flooding = false));
      await new Promise((resolve) => setTimeout(resolve, 1_000)); // The flood needs time to start.

      const health: number[] = [];
      const verifications: number[] = [];
      const replies: Reply[] = [];
      const checkHealth = async () => {
        while (flooding) {
          const started = performance.now();
          const { ok } = await fetch(`${url}/health`);
          health.push(performance.now() - started);
          expect(ok).toBe(true);
          await pause(25);
        }
      };
      const verifyCodes = async () => {
        for (const [email, otp] of codes) {
          if (!flooding) return;
          const started = performance.now();
          replies.push(await post(url, { path: '/auth/verify_otp', body: { email, otp } }, agent));
          verifications.push(performance.now() - started);
          await pause(90);
        }
      };
      const [{ answers, errors }] = await Promise.all([flood, checkHealth(), verifyCodes()]);

      const figures = {
        health: percentiles(health),
        verification: percentiles(verifications),
        signIns: answers,
      };
      process.stderr.write(`login flood: ${JSON.stringify(figures)}\n`);
      expect(errors).toEqual([]);
      const { '200': right = 0, '401 invalid_credentials': wrong = 0, ...shed } = answers;
      expect(Object.keys(shed)).toEqual(['503 passwords_busy, retry after 1']);
      expect(right).toBeGreaterThan(seconds);
      expect(wrong).toBeGreaterThan(seconds);
      expect(replies.filter(({ status }) => status !== 201)).toEqual([]);
      expect(verifications.length).toBeGreaterThan(50);
      expect(figures.health.p99).toBeLessThanOrEqual(100);
      expect(figures.verification.p99).toBeLessThanOrEqual(250);
    },
    120_000,
  );

  /** Signs up one account, then copies its password hash to all other accounts. */
  async function createAccounts(): Promise<void> {
    const email = 'first@example.com';
    await post(url, { path: '/auth/register', body: { email, password: PASSWORD } }, agent);
    const otp = (await readCodes(1)).get(email);
    const { status } = await post(url, { path: '/auth/verify', body: { email, otp } }, agent);
    expect(status).toBe(200);
    const names = [...numbered('person', PEOPLE), ...numbered('patient', CODES), ...numbered('hasty', CODES)];
    await cluster.sql(
      `insert into users (id, email, password_hash)
       select gen_random_uuid(), name, (select password_hash from users where email = $2)
       from unnest($1::text[]) as name`,
      [names, email],
    );
  }

  async function codesToVerify(name: string): Promise<Map<string, string>> {
    for (const email of numbered(name, CODES)) {
      const { status } = await post(url, { path: '/auth/send_otp', body: { email } }, agent);
      expect(status).toBe(201);
    }
    return readCodes(CODES, name);
  }

  /** Waits for `count` messages to addresses with a prefix; returns the codes by address. */
  async function readCodes(count: number, prefix = ''): Promise<Map<string, string>> {
    return until(`${count} codes`, async () => {
      const reply = await fetch(`${url}/inbox/messages`);
      const mails = (await reply.json()) as { to: string; text: string }[];
      const found = mails
        .filter(({ to }) => to.startsWith(prefix))
        .map(({ to, text }) => [to, /\b\d{6}\b/.exec(text)?.[0] ?? ''] as const);
      return found.length >= count && new Map(found);
    });
  }
});

/** Half of the sign-ins use the right password. Half of the wrong ones use unknown addresses. */
async function startFlood(url: string, seconds: number, honoursRetryAfter: boolean): Promise<FloodResult> {
  const body = (email: string, password: string) => JSON.stringify({ email, password });
  const bodies = numbered('person', PEOPLE).flatMap((email, i) => [
    body(email, PASSWORD),
    body(i % 2 ? email : `nobody-${i}@example.com`, `${PASSWORD} ${i}`),
  ]);
  const child = fork('test/support/flood.js', { execArgv: [] });
  child.send({
    url,
    path: '/auth/login',
    bodies,
    connections: CONNECTIONS,
    seconds,
    honoursRetryAfter,
  });
  const [result] = (await once(child, 'message')) as [FloodResult];
  return result;
}

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${name}-${i}@example.com`);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function percentiles(values: number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round((sorted[Math.ceil(share * sorted.length) - 1] ?? NaN) * 10) / 10;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}
