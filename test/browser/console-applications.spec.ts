import type { Page } from 'playwright-core';
import { violations } from '../support/accessibility.js';
import type { TestApp } from '../support/app.js';
import { createApplication } from '../support/applications.js';
import { describeInBrowser } from '../support/browser.js';
import { button, row, TestConsole } from '../support/console.js';
import { untilFocused } from '../support/focus.js';
import { until } from '../support/until.js';

describeInBrowser('applications in the console', () => {
  let console: TestConsole;
  let app: TestApp;
  let applications = 0;

  beforeAll(async () => {
    console = await TestConsole.start();
    ({ app } = console);
  });
  afterAll(() => console?.stop());
  afterEach(async () => {
    const faults = [...console.pages.faults];
    await console.pages.close();
    expect(faults).toEqual([]);
  });

  const open = () => console.open('applications');
  const newApplication = async (fields: object = {}) => {
    const name = `Shop ${++applications}`;
    const { id, secret } = await createApplication(app, console.admin, { name, ...fields });
    return { id, name, secret: secret ?? '' };
  };
  const stored = async (id: string) =>
    (await console.admin.get(`/applications/${id}`).expect(200)).body as object;
  const send = (id: string, secret: string) =>
    app.post('/otp/generate', { email: 'buyer@example.com', purpose: 'verification' }).auth(id, secret);
  const field = (page: Page, label: string) =>
    page.locator('application-form').getByLabel(label, { exact: true });

  it('creates an application, shows its secret once, disables, enables and deletes it', async () => {
    const page = await open();
    await button(page, 'New application').click();
    await field(page, 'Name').fill('First');
    await button(page, 'Create').click();
    const secret = page.locator('.secret code');
    const first = await secret.innerText();
    const id = await row(page, 'First').locator('code').innerText();
    await send(id, first).expect(200);
    await row(page, 'First').getByRole('button', { name: 'Disable' }).click();
    await row(page, 'First').getByText('Disabled').waitFor();
    await send(id, first).expect(401);
    await row(page, 'First').getByRole('button', { name: 'Enable' }).click();
    await row(page, 'First').getByRole('button', { name: 'Disable' }).waitFor();
    await send(id, first).expect(429);
    await page.reload();
    await row(page, 'First').waitFor();
    expect(await secret.count()).toBe(0);
    await row(page, 'First').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('It was removed.').waitFor();
  });

  it('creates a browser application for its pages', async () => {
    const page = await open();
    await button(page, 'New application').click();
    await field(page, 'Name').fill('Web');
    await field(page, 'Kind').selectOption('browser');
    await field(page, 'Allowed pages').fill('https://app.example.com, https://www.example.com');
    await button(page, 'Create').click();
    await row(page, 'https://app.example.com, https://www.example.com').waitFor();
    expect(await page.locator('.secret').count()).toBe(0);
  });

  it('exchanges the secret, and ends the old one at once if asked to', async () => {
    const { id, name, secret: first } = await newApplication();
    const page = await open();
    const shown = page.locator('.secret code');
    const exchange = async (previous: string, revoke: boolean) => {
      await row(page, name).getByRole('button', { name: 'New secret' }).click();
      const dialog = page.getByRole('dialog');
      if (revoke) await dialog.getByLabel('End the old secret at once').check();
      await dialog.getByRole('button', { name: 'New secret' }).click();
      return until('another secret', async () => {
        const secret = (await shown.count()) > 0 ? await shown.innerText() : previous;
        return secret === previous ? null : secret;
      });
    };
    const second = await exchange(first, false);
    await row(page, 'the old secret is valid until').waitFor();
    await send(id, first).expect(({ status }) => expect(status).not.toBe(401));
    const third = await exchange(second, true);
    await until('no old secret', async () => (await row(page, 'the old secret').count()) === 0 || null);
    await send(id, second).expect(401);
    await send(id, third).expect(({ status }) => expect(status).not.toBe(401));
  });

  it('changes every field, with the keyboard only, and sends only what was changed', async () => {
    const { id, name } = await newApplication({ limits: { messagesPerDay: 50 } });
    const page = await open();
    await row(page, name).getByRole('button', { name: 'Edit' }).focus();
    await page.keyboard.press('Enter');
    await untilFocused(field(page, 'Name'));
    const values = ['Renamed', 'verification, checkout', 'de us', 'https://api.example.com', 'Acme Shop'];
    for (const value of values) {
      await page.keyboard.press('Control+A');
      await page.keyboard.type(value);
      await page.keyboard.press('Tab');
    }
    // E-mail, then SMS.
    await page.keyboard.press('Space');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await field(page, 'Messages in a day').focus();
    await page.keyboard.press('Control+A');
    await page.keyboard.press('Delete');
    await page.keyboard.press('Tab');
    await page.keyboard.type('12.5');
    await page.keyboard.press('Enter');
    await page.getByText('It was saved.').waitFor();
    expect(await stored(id)).toMatchObject({
      name: 'Renamed',
      purposes: ['verification', 'checkout'],
      channels: ['email', 'sms'],
      countries: ['DE', 'US'],
      audience: 'https://api.example.com',
      brandName: 'Acme Shop',
      limits: { messagesPerMinute: 600, messagesPerDay: null, spendPerDay: 12.5 },
    });
    const edit = row(page, 'Renamed').getByRole('button', { name: 'Edit' });
    await untilFocused(edit);
    await console.admin.patch(`/applications/${id}`, { brandName: 'Changed by a colleague' }).expect(200);
    await page.keyboard.press('Enter');
    await field(page, 'Messages in a minute').fill('5');
    await field(page, 'Countries').fill('');
    await page.keyboard.press('Enter');
    await until('the limit is stored', async () => {
      const { limits } = (await stored(id)) as { limits: { messagesPerMinute: number } };
      return limits.messagesPerMinute === 5 || null;
    });
    expect(await stored(id)).toMatchObject({ brandName: 'Changed by a colleague', countries: null });
  });

  it('changes the host that an SMS names, which must be that of an allowed page', async () => {
    const { id, name } = await newApplication({ kind: 'browser', origins: ['https://app.example.com'] });
    const page = await open();
    await row(page, name).getByRole('button', { name: 'Edit' }).click();
    const host = field(page, 'Host in the last line of an SMS');
    await host.fill('shop.example.org');
    await button(page, 'Save').click();
    await page.locator('.field-error').getByText('the host of one of the allowed pages').waitFor();
    await host.fill('example.com');
    await button(page, 'Save').click();
    await page.getByText('It was saved.').waitFor();
    expect(await stored(id)).toMatchObject({ smsHost: 'example.com' });
  });

  it('shows each refusal at its field', async () => {
    const { name } = await newApplication({ kind: 'browser', origins: ['https://app.example.com'] });
    const page = await open();
    await row(page, name).getByRole('button', { name: 'Edit' }).click();
    const wrong = {
      'Allowed pages': ['https://app.example.com/path', 'Please enter addresses such as'],
      'Host in the last line of an SMS': ['https://app.example.com', 'the host of one of the allowed pages'],
      Purposes: ['Check out!', 'Please enter each purpose once.'],
      Countries: ['XX', 'Please enter two-letter country codes'],
      'Audience of proofs': ['two words', 'up to 256 ASCII characters'],
      'Sender in messages': ['<b>', 'Please enter up to 32 letters'],
    };
    for (const [label, [value = '']] of Object.entries(wrong)) await field(page, label).fill(value);
    await button(page, 'Save').click();
    for (const [label, [, text = '']] of Object.entries(wrong)) {
      const input = field(page, label);
      await page.locator('.field-error').filter({ hasText: text }).waitFor();
      expect(await input.getAttribute('aria-invalid')).toBe('true');
      const below = page.locator(`#${await input.getAttribute('aria-describedby')}`);
      expect(await below.innerText()).toContain(text);
    }
    await untilFocused(field(page, 'Allowed pages'));
    expect(await violations(page)).toEqual([]);
    await button(page, 'Cancel').click();
    await row(page, name).getByRole('button', { name: 'Edit' }).waitFor();
  });

  it('says that an application was deleted meanwhile', async () => {
    const { id, name } = await newApplication();
    const page = await open();
    await row(page, name).getByRole('button', { name: 'Edit' }).click();
    await console.admin.delete(`/applications/${id}`).expect(204);
    await field(page, 'Name').fill('Other');
    await button(page, 'Save').click();
    await page.getByText('It is not there any more.').waitFor();
  });

  it('has no violation that axe finds, and fits', async () => {
    const { name } = await newApplication();
    const page = await open();
    await button(page, 'New application').click();
    expect(await violations(page)).toEqual([]);
    await button(page, 'Cancel').click();
    await row(page, name).getByRole('button', { name: 'New secret' }).click();
    expect(await violations(page)).toEqual([]);
  });
});
