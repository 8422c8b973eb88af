import { TestApp } from '../support/app.js';
import { raw } from '../support/raw.js';
import { until } from '../support/until.js';

const PUBLIC_URL = 'https://acme.test/identity';
const PASSWORD = 'correct horse battery staple';

interface Page {
  path: string;
  html: string;
  headers: Record<string, string>;
}

describe('reset, sign-in and undo pages', () => {
  let app: TestApp;
  let pages: Page[];
  beforeAll(async () => {
    app = await TestApp.start({ PUBLIC_URL, PASSWORD_MIN_LENGTH: '12' });
    pages = await Promise.all(
      ['/reset', '/sign-in', '/undo', '/undo-deletion'].map(async (path) => {
        const { text, headers } = await app.get(path).expect(200);
        return { path, html: text, headers };
      }),
    );
  });
  afterAll(() => app?.stop());

  it('sends headers that forbid referrers, caching and framing', () => {
    for (const { headers } of pages) {
      expect(headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
        'x-frame-options': 'DENY',
        'x-content-type-options': 'nosniff',
      });
      expect(headers).not.toHaveProperty('set-cookie');
    }
  });

  it('allows only scripts and styles of this server and requests to it, nothing inline', async () => {
    for (const { path, headers } of pages) {
      const policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; " +
        "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
      expect(headers['content-security-policy']).toBe(policy);
      const { headers: fetchedHeaders } = await fetch(app.url + path);
      expect(fetchedHeaders.get('content-security-policy')).toBe(policy);
    }
  });

  it('allows inline styles only on pages for developers that show mails in a frame', async () => {
    for (const path of ['/inbox', '/inbox/preview', '/demo', '/']) {
      const { headers } = await app.get(path).set('accept', 'text/html').expect(200);
      const styles = path.startsWith('/inbox') ? "'self' 'unsafe-inline'" : "'self'";
      expect(headers['content-security-policy']).toContain(`script-src 'self'; style-src ${styles};`);
    }
  });

  it('has nothing inline and loads only scripts and styles next to it, by relative paths', async () => {
    for (const { path, html } of pages) {
      expect(html).not.toMatch(/https?:|\/\/[a-z]|url\(|@import/i);
      expect(html).not.toMatch(/<(a|base|iframe|img|object|style)\b/i);
      expect(html).not.toMatch(/<script\b(?![^>]*\ssrc=)/i);
      expect(html).not.toMatch(/<[^>]*\s(on\w+|style|srcset|action)\s*=/i);
      const files = [...html.matchAll(/\s(?:src|href)="([^"]+)"/g)].map(([, file = '']) => file);
      const assets = files.filter((file) => file !== 'data:,');
      expect(assets.length).toBeGreaterThan(1);
      for (const file of assets) {
        expect(file).toMatch(/^\.\/assets\/[\w-]+\.(js|css)$/);
        const { headers } = await app
          .get(new URL(file, PUBLIC_URL + path).pathname.replace('/identity', ''))
          .expect(200);
        expect(headers).toMatchObject({
          'cache-control': 'public, max-age=31536000, immutable',
          'content-type': expect.stringMatching(/^(application\/javascript|text\/css)/),
        });
      }
    }
  });

  it('has a language, a title and a text for browsers without scripts', () => {
    for (const { html } of pages) {
      expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
      expect(html).toMatch(/<title>.+<\/title>/);
      expect(html).toMatch(/<noscript\s*>[^]+<\/noscript\s*>/);
    }
  });

  it('tells the pages the product, the shortest password and what else is served, as text', async () => {
    const settings = {
      BRAND_NAME: "Müller & Co's",
      BRAND_COLOR: '#0f62fe',
      SIGN_IN_URL: 'https://acme.test/in',
    };
    const branded = await TestApp.start({ ...settings, PASSWORD_MIN_LENGTH: '12', PAGES: 'undo, reset' });
    try {
      const { text } = await branded.get('/reset').expect(200);
      const [, content = ''] = /<meta name="server" content="([^"]*)"/.exec(text) ?? [];
      const about = content.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
      expect(JSON.parse(about)).toMatchObject({
        brandName: "Müller & Co's",
        brandColor: '#0f62fe',
        passwordMinLength: 12,
        pages: ['undo', 'reset'],
        signInPage: 'https://acme.test/in',
      });
    } finally {
      await branded.stop();
    }
  });

  it('does not serve a page that PAGES leaves out', async () => {
    const few = await TestApp.start({
      PAGES: 'undo',
      RESET_URL: 'https://acme.test/r',
      SIGN_IN_URL: 'https://acme.test/in',
    });
    try {
      for (const path of ['/reset', '/sign-in'])
        expect((await few.get(path).expect(404)).body).toMatchObject({ code: 'route_not_found' });
      for (const path of ['/undo', '/undo-deletion']) await few.get(path).expect(200);
    } finally {
      await few.stop();
    }
  });

  it('returns the same HTML whatever the query string contains', async () => {
    for (const { path, html } of pages) {
      const { text } = await app.get(`${path}?token=%3Cscript%3E&email=ada@example.com`).expect(200);
      expect(text).toBe(html);
    }
  });

  it('changes nothing when a page is opened repeatedly with GET or HEAD', async () => {
    const email = 'ada@example.com';
    await app.post('/auth/register', { email, password: PASSWORD }).expect(201);
    const otp = await app.code(email);
    const { body: session } = await app.post('/auth/verify', { email, otp }).expect(200);
    const authorization = { authorization: `Bearer ${session.accessToken as string}` };
    const newEmail = 'lovelace@example.com';
    await patch('/users/me', { email: newEmail }, authorization);
    await app
      .post('/users/me/contact/verify', { email: newEmail, otp: await app.code(newEmail) })
      .set(authorization)
      .expect(200);
    await app.post('/auth/forgot', { email: newEmail }).expect(202);
    const undo = await linkToken(email, 'undo');
    const reset = await linkToken(newEmail, 'reset');
    await app.post('/auth/send_otp', { email: newEmail }).expect(201);
    const signIn = await linkToken(newEmail, 'sign-in');

    const before = await linkedRows();
    for (const [path, token] of [
      ['/reset', reset],
      ['/sign-in', signIn],
      ['/undo', undo],
    ]) {
      for (const method of ['GET', 'HEAD', 'GET']) {
        const reply = await raw(app.url, `${path}?token=${token}`, { method });
        expect(reply.status).toBe(200);
        expect(reply.headers['cache-control']).toBe('no-store');
      }
    }
    expect(await linkedRows()).toEqual(before);
    expect(app.log).not.toContain(reset);
    expect(app.log).not.toContain(undo);
    expect(app.log).not.toContain(signIn);

    await app.post('/auth/link', { token: signIn }).expect(201);
    await patch('/auth/reset', { token: reset, password: 'another horse battery staple' });
    await app.post('/users/contact/undo', { token: undo }).expect(204);
    expect(await linkedRows()).not.toEqual(before);
  });

  async function patch(path: string, body: object, headers: Record<string, string> = {}): Promise<void> {
    const { status } = await raw(app.url, path, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    expect(status).toBe(200);
  }

  /** The token from the newest message that links to the page. */
  async function linkToken(email: string, page: string): Promise<string> {
    const start = `${PUBLIC_URL}/${page}#token=`;
    return until(`a link to /${page}`, async () => {
      const texts = (await app.messages(email)).map(({ text }) => text);
      return texts
        .find((text) => text.includes(start))
        ?.split(start)[1]
        ?.split(/\s/)[0];
    });
  }

  /** All rows that a link could change. */
  function linkedRows(): Promise<unknown[]> {
    return Promise.all(
      ['users', 'sessions', 'devices', 'contact_changes', 'challenges', 'account_events'].map((table) =>
        app.sql(`select to_jsonb(t) as row from ${table} t order by t::text`),
      ),
    );
  }
});
