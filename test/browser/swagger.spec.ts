import type { Browser, Page } from 'playwright-core';
import { logIn, signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { createApplication } from '../support/applications.js';
import { describeInBrowser, launchBrowser } from '../support/browser.js';

declare const document: {
  activeElement: { id: string } | null;
  documentElement: { scrollWidth: number };
};

describeInBrowser('Swagger UI', () => {
  let app: TestApp;
  let browser: Browser;
  let page: Page;
  /** Violations of the content security policy, and uncaught errors. */
  let faults: string[];

  beforeAll(async () => {
    [app, browser] = await Promise.all([TestApp.start({ BCRYPT_COST: '4' }), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await app?.stop();
  });
  beforeEach(async () => {
    faults = [];
    // A phone lays a page without a viewport out 980 px wide.
    page = await browser.newPage({ viewport: { width: 360, height: 800 }, isMobile: true });
    page.setDefaultTimeout(20_000);
    page.on('pageerror', ({ message }) => faults.push(message));
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) faults.push(message.text());
    });
    await page.goto(`${app.url}/docs`);
    await page.locator('.opblock').first().waitFor();
  });
  afterEach(async () => {
    await page.close();
    expect(faults).toEqual([]);
  });

  const operation = (id: string) => page.locator(`.opblock[id$="-${id}"]`);

  /** Presses "Execute", with the example as it is or with another body. Returns status and body. */
  async function execute(id: string, body?: object): Promise<[status: string, body: string]> {
    const block = operation(id);
    if (!(await block.locator('.execute').isVisible()))
      await block.locator('.opblock-summary-control').click();
    if (body) await block.locator('.body-param__text').fill(JSON.stringify(body));
    await block.locator('.execute').click();
    const reply = block.locator('.live-responses-table .response');
    await reply.waitFor();
    return [
      await reply.locator('.response-col_status').innerText(),
      await reply.locator('.response-col_description .microlight').first().innerText(),
    ];
  }

  /** Fills the fields of a scheme in "Authorize", where the first field of all has the focus. */
  async function authorize(scheme: string, fields: string[]): Promise<void> {
    await page.locator('.btn.authorize').click();
    await page.locator('.auth-container').first().waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('auth-bearer-value');
    const form = page.locator('.auth-container form').filter({ hasText: scheme });
    for (const [index, value] of fields.entries()) await form.locator('input').nth(index).fill(value);
    await form.locator('.authorize').click();
    await form.getByText('Logout').waitFor();
    await page.locator('.close-modal').click();
  }

  it('fits on a phone, and leads from the registration to the own profile', async () => {
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    expect(await execute('register')).toMatchObject(['201', expect.stringContaining('challenge')]);
    const email = 'grace@example.com';
    const otp = await app.code(email);
    const [status, reply] = await execute('verifyRegistration', { email, otp });
    expect(status).toBe('200');
    expect((await execute('getProfile'))[0]).toMatch(/^401/);
    const { accessToken } = JSON.parse(reply) as { accessToken: string };
    await authorize('An access token', [accessToken]);
    expect(await execute('getProfile')).toMatchObject(['200', expect.stringContaining(email)]);
  });

  it('calls as a server application with its id and secret', async () => {
    const { email } = await signUp(app, 'admin@example.com');
    await app.sql(`update users set roles = '{user,admin}' where email = $1`, [email]);
    const { id, secret = '' } = await createApplication(app, await logIn(app, email), { kind: 'server' });
    await authorize('of a server application', [id, secret]);
    const body = { email: 'ada@example.com', purpose: 'transaction', context: { amount: '100 EUR' } };
    expect(await execute('generateOtp', body)).toMatchObject(['200', expect.stringContaining('challenge')]);
    const sent = await app.sql('select 1 from messages where application_id = $1', [id]);
    expect(sent).toHaveLength(1);
  });
});
