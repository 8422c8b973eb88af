import { decodeJwt } from 'jose';
import { TestApp } from '../support/app.js';
import { raw } from '../support/raw.js';

const ORIGIN = 'https://app.acme.test';
const OTHER_ORIGINS = [
  'capacitor://localhost',
  'ionic://localhost',
  'tauri://localhost',
  'http://localhost:8100',
  'https://*.acme.example',
  'https://*.dev.acme.example:8443',
];
const PUBLIC_URL = 'https://auth.acme.test';

describe('HTTP headers', () => {
  let app: TestApp;
  let defaultApp: TestApp;
  beforeAll(async () => {
    [app, defaultApp] = await Promise.all([
      TestApp.start({
        PUBLIC_URL,
        CORS_ORIGINS: [ORIGIN, 'https://admin.acme.test', ...OTHER_ORIGINS].join(', '),
        TRUST_PROXY: 'loopback',
      }),
      TestApp.start(),
    ]);
  });
  afterAll(() => Promise.all([app?.stop(), defaultApp?.stop()]));

  it.each(['/health', '/docs', '/inbox', '/inbox/messages', '/nothing-here', '/openapi.json'])(
    'sets security headers on every reply: %s',
    async (path) => {
      const { headers } = await app.get(path);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
        'strict-transport-security': expect.stringMatching(/^max-age=\d{8}/),
        'content-security-policy': expect.stringContaining("script-src 'self'"),
        'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
      expect(headers).not.toHaveProperty('x-powered-by');
      expect(headers).not.toHaveProperty('server');
      expect(headers['content-security-policy']).not.toMatch(/script-src[^;]*unsafe/);
    },
  );

  it('requires https only if the public URL is https', async () => {
    const { headers } = await defaultApp.get('/docs');
    expect(headers).not.toHaveProperty('strict-transport-security');
    expect(headers['content-security-policy']).not.toContain('upgrade-insecure-requests');
  });

  it('assigns its own request id and ignores the id of the client', async () => {
    const { headers } = await app.get('/health').set('x-request-id', 'forged');
    expect(headers['x-request-id']).not.toBe('forged');
  });

  it('sends no CORS headers by default', async () => {
    const reply = await defaultApp.get('/health').set('origin', ORIGIN);
    expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    const preflight = await raw(defaultApp.url, '/otp/generate', {
      method: 'OPTIONS',
      headers: { origin: ORIGIN, 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(405);
    expect(Object.keys(preflight.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('lets configured origins send cookies and read the exposed headers', async () => {
    for (const origin of [ORIGIN, 'https://admin.acme.test']) {
      const { headers } = await app.get('/health').set('origin', origin);
      expect(headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        vary: expect.stringMatching(/origin/i),
      });
      expect(headers['access-control-expose-headers']).toMatch(
        /link.*retry-after.*ratelimit.*ratelimit-policy/i,
      );
    }
    const problemReply = await app.post('/otp/verify', {}).set('origin', ORIGIN);
    expect(problemReply.headers['access-control-allow-origin']).toBe(ORIGIN);
  });

  it('accepts the preflight of a configured origin that sends JSON', async () => {
    const { status, headers } = await raw(app.url, '/otp/generate', {
      method: 'OPTIONS',
      headers: {
        origin: ORIGIN,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    });
    expect(status).toBe(204);
    expect(headers['access-control-allow-origin']).toBe(ORIGIN);
    expect(headers['access-control-allow-methods']).toMatch(/POST/);
    expect(headers['access-control-allow-headers']).toMatch(/content-type/i);
  });

  it.each([
    ...OTHER_ORIGINS.filter((origin) => !origin.includes('*')),
    'https://app.acme.example',
    'https://a.b-c.d1.acme.example',
    'https://xn--mnchen-3ya.acme.example',
    'https://x.dev.acme.example:8443',
    'https://x.dev.acme.example',
  ])('accepts requests and preflights of %s', async (origin) => {
    const reply = await raw(app.url, '/health', { method: 'GET', headers: { origin } });
    const preflight = await raw(app.url, '/otp/generate', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(204);
    for (const { headers } of [reply, preflight])
      expect(headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        vary: expect.stringMatching(/origin/i),
      });
  });

  it.each([
    'https://evil.test',
    'https://app.acme.test.evil.test',
    'http://app.acme.test',
    'null',
    'capacitor://localhost:80',
    'capacitor://localhost.evil.test',
    'other://localhost',
    'http://localhost',
    'https://localhost:8100',
    'https://acme.example',
    'https://.acme.example',
    'https://a..acme.example',
    'https://evilacme.example',
    'https://app.acme.example.evil.test',
    'https://app.acmeXexample',
    'http://app.acme.example',
    'https://app.acme.example:8443',
    'https://evil.test/.acme.example',
    'https://evil.test?.acme.example',
    'https://evil.test#.acme.example',
    'https://evil@x.acme.example',
    'https://*.acme.example',
    'https://dev.acme.example:8443',
    'https://x.dev.acme.example:443',
    `https://${'a.'.repeat(4_000)}evil.test`,
    `https://${'a'.repeat(8_000)}.acme.example`,
  ])('sends no CORS headers to another origin: %s', async (origin) => {
    const { headers } = await app.get('/health').set('origin', origin);
    expect(headers).not.toHaveProperty('access-control-allow-origin');
    const preflight = await raw(app.url, '/otp/generate', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });
    expect(preflight.headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('ignores Host, Origin and forwarding headers in messages and tokens', async () => {
    const phone_number = '+14155550123';
    const forgedHeaders = {
      host: 'evil.test',
      'x-forwarded-host': 'evil.test',
      'x-forwarded-proto': 'http',
      forwarded: 'host=evil.test;proto=http',
      'x-original-host': 'evil.test',
      origin: 'https://evil.test',
      referer: 'https://evil.test/',
      'content-type': 'application/json',
    };
    const sent = await raw(app.url, '/otp/generate', {
      headers: forgedHeaders,
      body: JSON.stringify({ phone_number }),
    });
    expect(sent.status).toBe(200);
    const otp = await app.code(phone_number);
    const [message] = await app.messages(phone_number);
    expect(message?.text.split('\n').at(-1)).toBe(`@auth.acme.test #${otp}`);

    const body = JSON.stringify({ phone_number, otp });
    const verified = await raw(app.url, '/otp/verify', { headers: forgedHeaders, body });
    const { proof } = JSON.parse(verified.text) as { proof: string };
    expect(decodeJwt(proof)).toMatchObject({ iss: PUBLIC_URL, aud: PUBLIC_URL });
    expect(sent.text + verified.text + message?.text).not.toContain('evil');
  });

  it('ignores the host of an absolute URL in the request line', async () => {
    const email = 'absolute@example.com';
    const headers = { 'content-type': 'application/json' };
    const sent = await raw(app.url, 'http://evil.test/otp/generate', {
      headers,
      body: JSON.stringify({ email }),
    });
    expect([200, 404]).toContain(sent.status);
    expect(sent.text).not.toContain('evil');
  });
});
