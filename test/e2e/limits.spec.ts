import { TestApp } from '../support/app.js';
import { rawJson, raw, type RawReply } from '../support/raw.js';

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
