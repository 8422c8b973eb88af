import type { Browser } from 'playwright-core';
import { logIn, signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { createApplication } from '../support/applications.js';
import { describeInBrowser, launchBrowser } from '../support/browser.js';
import { servePages, type PageServer } from '../support/page-server.js';

describeInBrowser('a browser application', () => {
  let app: TestApp;
  let pages: PageServer;
  let browser: Browser;
  let applicationId: string;

  beforeAll(async () => {
    pages = await servePages();
    app = await TestApp.start({ BCRYPT_COST: '4' });
    await signUp(app, 'admin@example.com');
    await app.sql(`update users set roles = '{user,admin}'`);
    const admin = await logIn(app, 'admin@example.com');
    const origins = [`http://localhost:${pages.port}`];
    ({ id: applicationId } = await createApplication(app, admin, { kind: 'browser', origins }));
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await pages?.stop();
    await app?.stop();
  });

  /** Sends a code from a page of this host, and returns its channel, or the code of the problem. */
  async function sendFrom(host: string): Promise<string> {
    const page = await browser.newPage();
    await page.goto(`http://${host}:${pages.port}/`);
    const options = { url: app.url, applicationId };
    const result = await page.evaluate(async (options) => {
      const script: string = '/client/index.js';
      const { createClient } = (await import(script)) as {
        createClient: (options: object) => { sendCode: (address: object) => Promise<{ channel: string }> };
      };
      return createClient(options)
        .sendCode({ email: 'ada@example.com' })
        .then(({ channel }) => channel)
        .catch(({ code }: { code: string }) => code);
    }, options);
    await page.close();
    return result;
  }

  it('signs in from its own origins and from no other', async () => {
    expect(await sendFrom('localhost')).toBe('email');
    expect(await sendFrom('127.0.0.1')).toBe('network_error');
  });
});
