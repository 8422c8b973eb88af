import { createServer, request, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { TestApp } from '../support/app.js';

const PREFIX = '/auth';

describe('PUBLIC_URL with a path', () => {
  let app: TestApp;
  let proxy: Server;
  let origin: string;
  beforeAll(async () => {
    app = await TestApp.start({ PUBLIC_URL: `https://acme.test${PREFIX}/` });
    proxy = await startProxy(app.url);
    origin = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    await app.post('/otp/generate', { email: 'ada@example.com' }).expect(200);
    await app.code('ada@example.com');
  });
  afterAll(async () => {
    proxy?.close().closeAllConnections();
    await app?.stop();
  });

  it('is the server of the OpenAPI document', async () => {
    const { body } = await app.get('/openapi.json').expect(200);
    expect(body.servers).toEqual([{ url: PREFIX }]);
    expect(body.info.description).toContain(`(${PREFIX}/inbox)`);
    expect((await app.get('/openapi.yaml').expect(200)).text).toContain(`url: ${PREFIX}\n`);
    expect((await app.get('/docs/swagger-ui-init.js').expect(200)).text).toMatch(
      /"servers": \[\s*{\s*"url": "\/auth"/,
    );
  });

  it.each([
    '/docs',
    '/docs/',
    '/inbox',
    '/inbox?to=x@example.com',
    '/inbox/preview',
    '/reset',
    '/undo',
    '/undo-deletion',
    '/sign-in',
    '/account',
    '/console',
    '/demo',
  ])('has only links and assets below the path: %s', async (path) => {
    const page = new URL(PREFIX + path, origin);
    const html = await (await fetch(page)).text();
    const targets = [...html.matchAll(/(?:href|src)=["'](?!data:)([^"'#]+)["']/g)].map(
      ([, target]) => target ?? '',
    );
    expect(targets.length).toBeGreaterThan(0);
    for (const target of targets) {
      const url = new URL(target, page);
      expect(url.pathname).toMatch(/^\/auth\//);
      expect([target, (await fetch(url)).status]).toEqual([target, 200]);
    }
  });
});

describe('PUBLIC_URL without a path', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ PUBLIC_URL: 'https://acme.test' });
  });
  afterAll(() => app?.stop());

  it('makes / the server of the OpenAPI document', async () => {
    const { body } = await app.get('/openapi.json').expect(200);
    expect(body.servers).toEqual([{ url: '/' }]);
    expect(body.info.description).toContain('(/inbox)');
  });
});

/** Serves the application below the prefix, which it removes. Everything else is 404. */
async function startProxy(target: string): Promise<Server> {
  const proxy = createServer((incoming, outgoing) => {
    const path = incoming.url ?? '';
    if (!path.startsWith(`${PREFIX}/`)) return void outgoing.writeHead(404).end();
    const { method, headers } = incoming;
    const forwarded = request(target + path.slice(PREFIX.length), { method, headers }, (reply) => {
      outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(outgoing);
    });
    incoming.pipe(forwarded);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return proxy;
}
