import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { Cluster } from '../support/cluster.js';
import { post, tally, Volley, type Call, type Reply } from '../support/parallel.js';
import { RedisProxy } from '../support/redis.js';
import { until } from '../support/until.js';

const LIMIT = 50;
const GUESS: Call = { path: '/otp/verify', body: { email: 'nobody@example.com', otp: '123456' } };
const DOWN_LOG = 'redis is away';
const RECOVERED_LOG = 'redis is back';

describe('the rate limit per IP address, over two processes and Redis', () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  let cluster: Cluster;
  let proxy: RedisProxy;
  let oldKeys: Set<string>;

  async function start(options: { tls?: boolean } = {}): Promise<void> {
    proxy = await RedisProxy.open(options);
    oldKeys = new Set(await proxy.redis.keys('otp:ip:*'));
    // Keys depend on the secret, so a new secret keeps these counts apart in a shared Redis.
    const settings = {
      REDIS_URL: proxy.url,
      IP_RATE_LIMIT: String(LIMIT),
      APP_SECRET: randomUUID(),
    };
    cluster = await Cluster.start(2, { ...settings, ...proxy.trust, LOG_LEVEL: 'info' });
  }
  afterEach(async () => {
    await cluster?.stop();
    await proxy?.close();
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

  /**
   * Expects exactly LIMIT accepted requests. On a busy machine Redis may answer too late; then each
   * process correctly counts by itself, and the burst is repeated.
   */
  async function expectExact(count: number): Promise<void> {
    for (let tries = 1; ; tries++) {
      const outagesBefore = countInLog(DOWN_LOG);
      const answers = await fire(count);
      const exact = { '404 otp_not_found': LIMIT, '429 rate_limited': count - LIMIT };
      if (countInLog(DOWN_LOG) === outagesBefore || tries === 5) return expect(answers).toEqual(exact);
      await until(
        'both processes use Redis again',
        () => countInLog(RECOVERED_LOG) === countInLog(DOWN_LOG),
        30,
      );
      for (const key of await newKeys()) await proxy.redis.del(key);
    }
  }

  const newKeys = async () => (await proxy.redis.keys('otp:ip:*')).filter((key) => !oldKeys.has(key));
  const countInLog = (text: string) => cluster.log.split(text).length - 1;
  const timed = async (url: string): Promise<Reply & { ms: number }> => {
    const started = performance.now();
    return { ...(await post(url, GUESS, agent)), ms: performance.now() - started };
  };

  it('allows exactly the limit of 200 parallel requests, then none until a minute has passed', async () => {
    await start();
    await expectExact(200);
    expect(await fire(10)).toEqual({ '429 rate_limited': 10 });

    const [key = '', ...others] = await newKeys();
    expect(others).toEqual([]);
    expect(key).not.toContain('127.0.0.1');
    const remainingMs = await proxy.redis.pTTL(key);
    expect(remainingMs).toBeGreaterThan(50_000);
    expect(remainingMs).toBeLessThanOrEqual(60_000);
    const refused = await timed(cluster.urls[0] ?? '');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(50);

    await proxy.redis.pExpire(key, 1);
    await until('the minute is over', async () => (await proxy.redis.exists(key)) === 0);
    await expectExact(200);
  });

  it('connects over TLS with special characters in the password, and never logs the password', async () => {
    await start({ tls: true });
    await expectExact(200);
    proxy.become('is down');
    await fire(1);
    await until('the outage is logged', () => countInLog(DOWN_LOG) > 0);
    expect(cluster.log).not.toContain(proxy.password);
    expect(cluster.log).not.toContain(encodeURIComponent(proxy.password));
  });

  it.each(['is down', 'hangs'] as const)(
    'counts per process without delays while Redis %s, logs it once, and recovers',
    async (state) => {
      await start();
      proxy.become(state);
      const processes = cluster.servers.length;
      const replies: (Reply & { ms: number })[] = [];
      for (let i = 0; i < processes * LIMIT + 20; i++)
        replies.push(await timed(cluster.urls[i % cluster.urls.length] ?? ''));
      expect(tally(replies)).toEqual({
        '404 otp_not_found': processes * LIMIT,
        '429 rate_limited': 20,
      });
      const durations = replies.map(({ ms }) => ms).sort((one, other) => other - one);
      // The first request of each process waits until Redis times out. The bound is generous for a
      // busy machine.
      expect(durations[0]).toBeLessThan(1_500);
      expect(durations[durations.length / 2]).toBeLessThan(50);
      for (const url of cluster.urls) expect((await fetch(`${url}/health/ready`)).status).toBe(200);
      expect(countInLog(DOWN_LOG)).toBe(processes);

      proxy.become('works');
      await until('all processes use Redis again', () => countInLog(RECOVERED_LOG) === processes, 20);
      await expectExact(200);
    },
  );

  it('starts a process while Redis is down', async () => {
    await start();
    proxy.become('is down');
    const { url } = await cluster.add();
    expect((await timed(url)).status).toBe(404);
    expect(countInLog(DOWN_LOG)).toBe(cluster.servers.length);
  });
});
