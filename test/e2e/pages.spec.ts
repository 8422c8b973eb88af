import { createHash } from 'node:crypto';
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

  it('allows only the inline script, the inline style and requests to the same origin', async () => {
    for (const { path, html, headers } of pages) {
      const policy =
        `default-src 'none'; script-src '${digest(html, 'script')}'; style-src '${digest(html, 'style')}'; ` +
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
      expect(headers['content-security-policy']).toBe(policy);
      const { headers: fetchedHeaders } = await fetch(app.url + path);
      expect(fetchedHeaders.get('content-security-policy')).toBe(policy);
    }
  });

  it('loads no external resources and has no script or style attributes', () => {
    for (const { html } of pages) {
      expect(html).not.toMatch(/https?:|\/\/[a-z]|url\(|@import/i);
      expect(html).not.toMatch(/<(a|base|iframe|img|link|object)\b/i);
      expect(html).not.toMatch(/<[^>]*\s(on\w+|style|src|srcset|href|action)\s*=/i);
      expect(html.match(/<(script|style)\b/g)).toEqual(['<style', '<script']);
    }
  });

  it('has a language, a title, a heading and a live region for results', () => {
    for (const { html } of pages) {
      expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
      expect(html).toMatch(/<title>(.+)<\/title>[^]*<h1>\1<\/h1>/);
      expect(html).toMatch(/aria-live="polite"/);
    }
  });

  it('sends requests to relative paths, so that a proxy can serve the pages under a prefix', () => {
    const requests = pages.map(({ path, html }) => {
      const [, method = '', target = ''] = /send\('(\w+)', '([^']+)'/.exec(html) ?? [];
      return `${method} ${new URL(target, PUBLIC_URL + path).pathname}`;
    });
    expect(requests).toEqual([
      'PATCH /identity/auth/reset',
      'POST /identity/auth/link',
      'POST /identity/users/contact/undo',
      'POST /identity/users/deletion/undo',
    ]);
  });

  it('states the minimum password length and lets password managers generate a password', () => {
    expect(pages[0]?.html).toMatch(/<input[^>]* autocomplete="new-password"[^>]* minlength="12"/);
    expect(pages[0]?.html).toContain('At least 12 characters');
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

function digest(html: string, element: string): string {
  const content = new RegExp(`<${element}>([^]*)</${element}>`).exec(html)?.[1] ?? '';
  return `sha256-${createHash('sha256').update(content).digest('base64')}`;
}
