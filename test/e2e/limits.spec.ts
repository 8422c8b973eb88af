import { TestApp } from '../support/app.js';
import { rawJson, raw, type RawReply } from '../support/raw.js';
import { until } from '../support/until.js';

const LIMIT = 5;

describe('rate limit per IP address', () => {
  let proxied: TestApp;
  let unproxied: TestApp;
  beforeAll(async () => {
    [proxied, unproxied] = await Promise.all([
      TestApp.start({ IP_RATE_LIMIT: String(LIMIT), TRUST_PROXY: 'loopback' }),
      TestApp.start({ IP_RATE_LIMIT: String(LIMIT) }),
    ]);
  });
  afterAll(() => Promise.all([proxied?.stop(), unproxied?.stop()]));

  /** Posts a guess for an unknown challenge, with this X-Forwarded-For header. */
  function postFrom(address: string, path = '/otp/verify'): Promise<RawReply> {
    return raw(proxied.url, path, {
      headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
      body: JSON.stringify({ email: 'ada@example.com', otp: '123456' }),
    });
  }

  function expectLimited({ status, headers, text }: RawReply): void {
    expect(status).toBe(429);
    expect(JSON.parse(text)).toMatchObject({
      type: 'about:blank',
      status: 429,
      code: 'rate_limited',
      requestId: headers['x-request-id'],
      retryAfter: Number(headers['retry-after']),
    });
    expect(headers['retry-after']).toMatch(/^([1-9]|[1-5]\d|60)$/);
    expect(headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(headers['cache-control']).toBe('no-store');
  }

  async function spendBudget(addresses: string[]): Promise<void> {
    for (const address of addresses) expect((await postFrom(address)).status).toBe(404);
  }

  it('shares one budget over all limited routes, whatever they reply', async () => {
    const routes = ['/otp/verify', '/auth/verify_otp', '/otp/generate', '/auth/send_otp', '/otp/resend'];
    for (const route of routes) expect((await postFrom('203.0.113.1', route)).status).not.toBe(429);
    for (const route of routes) expectLimited(await postFrom('203.0.113.1', route));
    const status = await raw(proxied.url, '/otp/challenges/0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001', {
      method: 'GET',
      headers: { 'x-forwarded-for': '203.0.113.1' },
    });
    expectLimited(status);
    expect((await postFrom('203.0.113.2')).status).toBe(404);
  });

  it('tells the caller what is left of the limit', async () => {
    const replies: RawReply[] = [];
    for (let request = 0; request <= LIMIT; request++) replies.push(await postFrom('203.0.113.150'));
    const remaining = replies.map(({ headers }) => {
      expect(headers['ratelimit-policy']).toBe(`"address";q=${LIMIT};w=60`);
      const [, left, reset] = /^"address";r=(\d+);t=(\d+)$/.exec(String(headers.ratelimit)) ?? [];
      expect(Number(reset)).toBeGreaterThanOrEqual(1);
      expect(Number(reset)).toBeLessThanOrEqual(60);
      return Number(left);
    });
    expect(remaining).toEqual([4, 3, 2, 1, 0, 0]);
    const limited = replies.at(-1) as RawReply;
    expectLimited(limited);
    expect(limited.headers.ratelimit).toBe(`"address";r=0;t=${String(limited.headers['retry-after'])}`);
    expect((await raw(proxied.url, '/users/me', { method: 'GET' })).headers).not.toHaveProperty('ratelimit');
  });

  it('cannot be bypassed by another spelling of a path', async () => {
    await spendBudget(new Array<string>(LIMIT).fill('203.0.113.3'));
    for (const path of ['/%6ftp/verify', '/otp/verify?x', '/otp/ver%69fy', '/otp/verify#x'])
      expectLimited(await postFrom('203.0.113.3', path));
    for (const path of [
      '/otp/verify/',
      '//otp/verify',
      '/OTP/verify',
      '/otp/verify;x',
      '/otp/./verify',
      '/x/../otp/verify',
    ])
      expect([404, 429]).toContain((await postFrom('203.0.113.3', path)).status);
  });

  it('does not apply to health checks, keys and the inbox', async () => {
    for (const path of ['/health', '/health/ready', '/.well-known/jwks.json', '/inbox/messages'])
      for (let i = 0; i <= LIMIT; i++)
        expect((await raw(unproxied.url, path, { method: 'GET' })).status).toBe(200);
  });

  it('counts the addresses of one IPv6 /64 as one, in every spelling', async () => {
    await spendBudget([
      '2001:db8:1:2::1',
      '2001:0db8:0001:0002:0000:0000:0000:0001',
      '2001:DB8:1:2:ffff:ffff:ffff:ffff',
      '2001:db8:1:2:0:0:192.0.2.1',
      '2001:db8:1:2::1%eth0',
    ]);
    for (const address of ['2001:db8:1:2::2', '2001:db8:1:2:a:b:c:d', '2001:db8:1:2::'])
      expectLimited(await postFrom(address));
    expect((await postFrom('2001:db8:1:3::1')).status).toBe(404);
  });

  it('counts an IPv4 address and its IPv6-mapped spellings as one', async () => {
    await spendBudget([
      '198.51.100.7',
      '::ffff:198.51.100.7',
      '::FFFF:198.51.100.7',
      '::ffff:c633:6407',
      '198.51.100.7',
    ]);
    for (const address of ['198.51.100.7', '0:0:0:0:0:ffff:c633:6407', '::ffff:198.51.100.7'])
      expectLimited(await postFrom(address));
    expect((await postFrom('::ffff:198.51.100.8')).status).toBe(404);
  });

  it('trusts only the entries of X-Forwarded-For that trusted proxies wrote', async () => {
    for (let i = 0; i < LIMIT; i++) await postFrom(`192.0.2.${i}, 198.51.100.60`);
    for (const forged of [
      '192.0.2.99, 198.51.100.60',
      'junk, 198.51.100.60',
      '127.0.0.1, 198.51.100.60',
      ',,198.51.100.60',
    ])
      expectLimited(await postFrom(forged));
    for (const junk of ['junk', '', ',', '"><script>', '999.1.1.1', '1.1.1.1:80', 'x'.repeat(8_000)])
      expect((await postFrom(junk)).status).toBeLessThan(500);
  });

  it.each([
    ['203.0.113.40', (port: number) => `203.0.113.40:${port}`],
    ['2001:db8:40::1', (port: number) => `[2001:db8:40::1]:${port}`],
    ['2001:db8:41::1', (port: number) => `[2001:db8:41::1%eth0]:${port}`],
    ['203.0.113.42', (port: number) => `[::ffff:203.0.113.42]:${port}`],
    ['203.0.113.43', (port: number) => `::ffff:203.0.113.43:${port}`],
    ['203.0.113.44', (port: number) => `198.51.100.${port % 250}:1, 203.0.113.44:${port}, 127.0.0.1:${port}`],
    ['203.0.113.45', (port: number) => `junk${port}, 203.0.113.45:${port}`],
  ])('counts %s as one client, whatever port a proxy writes', async (address, withPort) => {
    await spendBudget(Array.from({ length: LIMIT }, (_, i) => withPort(50_001 + i)));
    expectLimited(await postFrom(withPort(61_234)));
    expectLimited(await postFrom(address));
  });

  it('counts an entry that is no address as the proxy that sent it', async () => {
    const junk = ['junk', 'unknown', '_hidden', '999.1.1.1:80', '203.0.113.7:http', ':443', '[]:443'];
    const replies = [];
    for (const entry of junk) replies.push(await postFrom(`203.0.113.50, ${entry}, 127.0.0.1`));
    replies.push(await postFrom(`203.0.113.50, ${'x'.repeat(8_000)}`));
    expect(replies.slice(LIMIT).map(({ status }) => status)).toEqual(replies.slice(LIMIT).map(() => 429));
    expectLimited(await postFrom('127.0.0.1'));
    expect((await postFrom('203.0.113.50')).status).toBe(404);
  });

  it('joins several headers, as proxies that add their own do', async () => {
    const postWith = (addresses: string[]) =>
      raw(proxied.url, '/otp/verify', {
        headers: { 'content-type': 'application/json', 'x-forwarded-for': addresses as unknown as string },
        body: JSON.stringify({ email: 'ada@example.com', otp: '123456' }),
      });
    for (let i = 1; i <= LIMIT; i++)
      expect((await postWith([`192.0.2.${i}`, `203.0.113.60:${i}`])).status).toBe(404);
    expectLimited(await postWith(['192.0.2.99', '203.0.113.60:443', '127.0.0.1:9']));
  });

  it('counts wrong passwords by the network of the client, whatever port a proxy writes', async () => {
    const logInFrom = (address: string) =>
      raw(proxied.url, '/auth/login', {
        headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
        body: JSON.stringify({ email: 'ada@example.com', password: 'not the right password' }),
      });
    const addresses = ['203.0.113.70:1', '203.0.113.70:65535', '203.0.113.70', '[2001:db8:70::1]:443'];
    for (const address of addresses) expect((await logInFrom(address)).status).toBe(401);
    const budgets = await proxied.sql(
      `select key, day_sent from budget_counters where key like 'password-network:%' order by key`,
    );
    expect(budgets).toEqual([
      { key: 'password-network:2001:db8:70::/64', day_sent: 1 },
      { key: 'password-network:203.0.113.70', day_sent: 3 },
    ]);
  });

  it('logs the address without a port', async () => {
    await raw(proxied.url, '/health', {
      method: 'GET',
      headers: { 'x-forwarded-for': '203.0.113.80:50001' },
    });
    await until('the request is logged', () => proxied.log.includes('203.0.113.80'));
    expect(proxied.log).not.toContain('203.0.113.80:50001');
  });

  it('ignores forwarding headers when no proxy is configured', async () => {
    const body = { email: 'ada@example.com', otp: '123456' };
    for (let i = 0; i < LIMIT; i++)
      expect((await rawJson(unproxied.url, '/otp/verify', body)).status).toBe(404);
    for (const name of [
      'x-forwarded-for',
      'x-real-ip',
      'forwarded',
      'client-ip',
      'true-client-ip',
      'cf-connecting-ip',
    ])
      for (const value of ['203.0.113.77', '127.0.0.1', '::1', 'for=203.0.113.77'])
        expectLimited(
          await raw(unproxied.url, '/otp/verify', {
            headers: { 'content-type': 'application/json', [name]: value },
            body: JSON.stringify(body),
          }),
        );
  });
});
