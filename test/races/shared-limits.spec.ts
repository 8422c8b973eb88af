import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { Cluster } from '../support/cluster.js';
import { post, tally, Volley, type Call, type Reply } from '../support/parallel.js';
import { RedisLine } from '../support/redis.js';
import { until } from '../support/until.js';

const LIMIT = 50;
const GUESS: Call = { path: '/otp/verify', body: { email: 'nobody@example.com', otp: '123456' } };
const AWAY = 'redis is away';
const BACK = 'redis is back';

describe('the limit per address, over two processes and Redis', () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  let cluster: Cluster;
  let line: RedisLine;
  let older: Set<string>;

  async function start(through: { tls?: boolean } = {}): Promise<void> {
    line = await RedisLine.open(through);
    older = new Set(await line.redis.keys('otp:ip:*'));
    // A secret of its own makes its counts its own, in a Redis that others use as well.
    const settings = { REDIS_URL: line.url, IP_RATE_LIMIT: String(LIMIT), APP_SECRET: randomUUID() };
    cluster = await Cluster.start(2, { ...settings, ...line.trust, LOG_LEVEL: 'info' });
  }
  afterEach(async () => {
    await cluster?.stop();
    await line?.close();
  });
  afterAll(() => agent?.destroy());

  async function fire(count: number): Promise<Record<string, number>> {
    const volley = await Volley.open(cluster.urls, count);
    try {
      return tally(await volley.fire(Array.from({ length: count }, () => GUESS)));
    } finally {
      volley.close();
    }
  }

  /** On a machine too busy for Redis to answer in time each process counts for itself, rightly: that run says nothing. */
  async function expectExact(count: number): Promise<void> {
    for (let tries = 1; ; tries++) {
      const before = times(AWAY);
      const answers = await fire(count);
      const exact = { '404 otp_not_found': LIMIT, '429 rate_limited': count - LIMIT };
      if (times(AWAY) === before || tries === 5) return expect(answers).toEqual(exact);
      await until('both are back', () => times(BACK) === times(AWAY), 30);
      for (const key of await keys()) await line.redis.del(key);
    }
  }

  const keys = async () => (await line.redis.keys('otp:ip:*')).filter((key) => !older.has(key));
  const times = (text: string) => cluster.log.split(text).length - 1;
  const timed = async (url: string): Promise<Reply & { ms: number }> => {
    const started = performance.now();
    return { ...(await post(url, GUESS, agent)), ms: performance.now() - started };
  };

  it('lets exactly so many of 200 parallel requests through, then none, and forgets after a minute', async () => {
    await start();
    await expectExact(200);
    expect(await fire(10)).toEqual({ '429 rate_limited': 10 });

    const [key = '', ...others] = await keys();
    expect(others).toEqual([]);
    expect(key).not.toContain('127.0.0.1');
    const left = await line.redis.pTTL(key);
    expect(left).toBeGreaterThan(50_000);
    expect(left).toBeLessThanOrEqual(60_000);
    const refused = await timed(cluster.urls[0] ?? '');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(50);

    await line.redis.pExpire(key, 1);
    await until('the minute is over', async () => (await line.redis.exists(key)) === 0);
    await expectExact(200);
  });

  it('speaks TLS, signs in with a password of any characters, and tells nobody', async () => {
    await start({ tls: true });
    await expectExact(200);
    line.become('gone');
    await fire(1);
    await until('it is noticed', () => times(AWAY) > 0);
    expect(cluster.log).not.toContain(line.password);
    expect(cluster.log).not.toContain(encodeURIComponent(line.password));
  });

  it.each(['gone', 'hangs'] as const)(
    'is one of each process while Redis %s: nobody waits, one line is logged, and it heals by itself',
    async (weather) => {
      await start();
      line.become(weather);
      const processes = cluster.servers.length;
      const replies: (Reply & { ms: number })[] = [];
      for (let i = 0; i < processes * LIMIT + 20; i++)
        replies.push(await timed(cluster.urls[i % cluster.urls.length] ?? ''));
      expect(tally(replies)).toEqual({ '404 otp_not_found': processes * LIMIT, '429 rate_limited': 20 });
      const waits = replies.map(({ ms }) => ms).sort((one, other) => other - one);
      // The first of each process may have found out; a busy machine gets some leave.
      expect(waits[0]).toBeLessThan(1_500);
      expect(waits[waits.length / 2]).toBeLessThan(50);
      for (const url of cluster.urls) expect((await fetch(`${url}/health/ready`)).status).toBe(200);
      expect(times(AWAY)).toBe(processes);

      line.become('fair');
      await until('all are back', () => times(BACK) === processes, 20);
      await expectExact(200);
    },
  );

  it('does not keep a process from starting where Redis is not there', async () => {
    await start();
    line.become('gone');
    const { url } = await cluster.add();
    expect((await timed(url)).status).toBe(404);
    expect(times(AWAY)).toBe(cluster.servers.length);
  });
});
