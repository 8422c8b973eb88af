import { TestApp } from '../support/app.js';
import { POSTGRES_URL } from '../support/database.js';
import { raw } from '../support/raw.js';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const PUBLIC_URL = 'https://acme.test/identity';
const REAL_PROVIDERS = {
  MAIL_PROVIDER: 'webhook',
  SMS_PROVIDER: 'webhook',
  WEBHOOK_URL: 'http://127.0.0.1:9/',
  WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
};
/** What production requires in addition to a database and real providers. */
const PRODUCTION = {
  NODE_ENV: 'production',
  PUBLIC_URL,
  APP_SECRET: 'Zm9yIHRlc3RzIG9ubHksIG1hZGUgYnkgaGFuZCA0Mg==',
  SMS_ALLOWED_COUNTRIES: 'US',
};
const onPostgres = POSTGRES_URL ? it : it.skip;

describe('GET /', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ PUBLIC_URL, IP_RATE_LIMIT: '3' });
  });
  afterAll(() => app?.stop());

  it('serves browsers a page, and programs links that all work', async () => {
    const { text, headers } = await app.get('/').set('accept', BROWSER).expect(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(text).toMatch(/<title>OTP Auth Server<\/title>/);
    expect(about(text)).toMatchObject({ hasDocs: true, hasInbox: true });
    const { body } = await app.get('/').expect(200);
    for (const { url } of (body as { links: { url: string }[] }).links)
      await app.get(url.replace(PUBLIC_URL, '')).redirects(1).expect(200);
  });

  it.each([undefined, '*/*', 'application/json', 'application/json, text/html;q=0.5', 'image/png', '', ';;'])(
    'serves JSON for Accept: %s',
    async (accept) => {
      const { status, headers, text } = await raw(app.url, '/', {
        method: 'GET',
        headers: accept === undefined ? {} : { accept },
      });
      expect(status).toBe(200);
      expect(headers['content-type']).toMatch(/^application\/json/);
      expect(JSON.parse(text)).toEqual({
        name: 'OTP Auth Server',
        links: ['docs', 'openapi.json', 'demo', 'inbox', 'inbox/preview'].map((path) => ({
          name: expect.any(String),
          url: `${PUBLIC_URL}/${path}`,
        })),
      });
    },
  );

  it('answers HEAD without a body, and 405 to other methods', async () => {
    for (const accept of [BROWSER, '*/*']) {
      const reply = await raw(app.url, '/', { method: 'HEAD', headers: { accept } });
      expect([reply.status, reply.text]).toEqual([200, '']);
    }
    expect((await raw(app.url, '/', { method: 'POST' })).status).toBe(405);
  });

  it('is not counted by the limit per IP address', async () => {
    for (let i = 0; i < 10; i++) await app.get('/').expect(200);
  });

  describe('with real providers', () => {
    it('links to no inbox in development', async () => {
      await withApp(REAL_PROVIDERS, async (real) => {
        const { text } = await real.get('/').set('accept', BROWSER).expect(200);
        expect(about(text)).toMatchObject({ hasInbox: false });
        const { body } = await real.get('/').expect(200);
        const names = (body as { links: { name: string }[] }).links.map(({ name }) => name);
        expect(names).toEqual(['Swagger UI', 'OpenAPI document', 'Demo', 'Message previews']);
        for (const path of ['/inbox', '/inbox/messages', '/inbox/events']) await real.get(path).expect(404);
      });
    });

    onPostgres('serves small JSON in production, also to browsers', async () => {
      await withApp({ ...REAL_PROVIDERS, ...PRODUCTION }, async (real) => {
        const { body } = await real.get('/').set('accept', BROWSER).expect(200);
        const links = ['docs', 'openapi.json'].map((path) => ({
          name: expect.any(String),
          url: `${PUBLIC_URL}/${path}`,
        }));
        expect(body).toEqual({ name: 'OTP Auth Server', links });
        for (const path of ['/demo', '/inbox', '/inbox/preview', '/inbox/templates'])
          await real.get(path).expect(404);
        for (const path of ['/reset', '/sign-in', '/undo', '/undo-deletion'])
          await real.get(path).expect(200);
      });
    });
  });

  it('serves neither Swagger UI nor the OpenAPI document with DOCS=off', async () => {
    await withApp({ DOCS: 'off' }, async (quiet) => {
      for (const path of ['/docs', '/docs/', '/docs/swagger-ui-init.js', '/openapi.json', '/openapi.yaml'])
        expect((await quiet.get(path).expect(404)).body).toMatchObject({ code: 'route_not_found' });
      expect((await quiet.get('/').expect(200)).text).not.toMatch(/docs|openapi/);
      const { text } = await quiet.get('/').set('accept', BROWSER).expect(200);
      expect(about(text)).toMatchObject({ hasDocs: false });
    });
  });

  it.each([
    ['security@example.org', 'mailto:security@example.org'],
    ['https://example.org/report?lang=en', 'https://example.org/report?lang=en'],
  ])('publishes the SECURITY_CONTACT %s in security.txt', async (SECURITY_CONTACT, contact) => {
    await withApp({ SECURITY_CONTACT, PUBLIC_URL }, async (reachable) => {
      const { text, headers } = await reachable.get('/.well-known/security.txt').expect(200);
      expect(headers['content-type']).toBe('text/plain; charset=utf-8');
      const fields = Object.fromEntries(
        text
          .trim()
          .split('\n')
          .map((line) => /^([A-Za-z-]+): (.+)$/.exec(line)?.slice(1) ?? [line]),
      ) as Record<string, string>;
      expect(fields).toEqual({
        Contact: contact,
        Expires: expect.any(String),
        'Preferred-Languages': 'en',
        Canonical: `${PUBLIC_URL}/.well-known/security.txt`,
      });
      expect(new Date(fields.Expires ?? '').getTime()).toBeGreaterThan(Date.now());
    });
  });

  it('has no security.txt without SECURITY_CONTACT', async () => {
    await app.get('/.well-known/security.txt').expect(404);
  });

  /** What a page says about its server. */
  function about(html: string): unknown {
    const [, content = ''] = /<meta name="server" content="([^"]*)"/.exec(html) ?? [];
    return JSON.parse(content.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code))));
  }

  async function withApp(
    settings: Record<string, string>,
    test: (started: TestApp) => Promise<void>,
  ): Promise<void> {
    const started = await TestApp.start(settings);
    try {
      await test(started);
    } finally {
      await started.stop();
    }
  }
});
