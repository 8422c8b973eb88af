import type { Page } from 'playwright-core';
import { violations } from '../support/accessibility.js';
import { logIn, PASSWORD, signUp, type Person } from '../support/accounts.js';
import type { TestApp } from '../support/app.js';
import { createApplication } from '../support/applications.js';
import { describeInBrowser } from '../support/browser.js';
import { button, row, TestConsole } from '../support/console.js';
import type { SignedInPages } from '../support/signed-in-page.js';
import { until } from '../support/until.js';

const TABS = ['Messages', 'Traffic', 'Blocks', 'Applications', 'Users', 'Audit log'];

declare const document: { activeElement: { textContent: string | null } | null };

interface Report {
  countries: { value: string; day: { sent: number }; spent: number }[];
  providers: ({ channel: string } & Record<'sent' | 'delivered' | 'codes' | 'verified' | 'spent', number>)[];
}

/** The values of a row in the region of this name. */
async function cellsOf(page: Page, region: string, text: string): Promise<string[]> {
  const found = page.getByRole('region', { name: region }).getByRole('row').filter({ hasText: text });
  return (await found.first().getByRole('cell').allInnerTexts()).map((cell) => cell.trim());
}

describeInBrowser('the console', () => {
  let console: TestConsole;
  let app: TestApp;
  let pages: SignedInPages;
  let admin: Person;
  let people = 0;

  beforeAll(async () => {
    console = await TestConsole.start({ PHONE_SPEND_PER_HOUR: '25', PHONE_SPEND_PER_DAY: '150' });
    ({ app, pages, admin } = console);
    for (const last of [1, 2, 3]) await sendTo(`+1415555010${last}`);
  });
  afterAll(() => console?.stop());
  afterEach(async () => {
    const faults = [...pages.faults];
    await pages.close();
    expect(faults).toEqual([]);
  });

  const sendTo = (phone: string) =>
    app.post('/otp/generate', { phone_number: phone, purpose: 'verification' }).expect(200);
  const newPerson = () => signUp(app, `person-${++people}@example.com`);
  const open = (tab: string) => console.open(tab);

  it('signs an administrator in, and shows every part with the keyboard only', async () => {
    const page = await pages.open('/console');
    await page.getByRole('radio', { name: 'Password' }).focus();
    await page.keyboard.press('Space');
    await page.locator('otp-sign-in input[type=email]').focus();
    await page.keyboard.type(admin.email);
    await page.keyboard.press('Tab');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    for (const tab of TABS) {
      await page.getByRole('link', { name: tab, exact: true }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: tab, level: 1, exact: true }).waitFor();
      await until(
        'the heading has the focus',
        async () => (await page.evaluate(() => document.activeElement?.textContent)) === tab || null,
      );
    }
  });

  it('tells a person who is no administrator so, and offers another account', async () => {
    const page = await pages.open('/console', await newPerson());
    await page.getByRole('heading', { name: 'This page is for administrators' }).waitFor();
    await button(page, 'Use another account').click();
    await page.locator('otp-sign-in').waitFor();
  });

  it('shows why a code did not arrive, and unblocks the address after a new sign-in', async () => {
    const phone = '+14155550199';
    await sendTo(phone);
    for (let guess = 0; guess < 5; guess++)
      await app.post('/otp/verify', { phone_number: phone, purpose: 'verification', otp: '000001' });
    await app.sql(`update sessions set authenticated_at = authenticated_at - interval '1 hour'`);
    const page = await open('messages');
    await page.getByLabel('E-mail address or phone number').fill(phone);
    await page.keyboard.press('Enter');
    await page.getByText('Too many wrong attempts').waitFor();
    await page.getByText('3 of 3 attempts used').waitFor();
    await button(page, 'Unblock').click();
    const dialog = page.getByRole('dialog', { name: 'Please sign in again' });
    await dialog.getByLabel('Password').fill(PASSWORD);
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('The address is unblocked.').waitFor();
    admin = console.admin = await logIn(app, admin.email);
  });

  it('says that a search is no address', async () => {
    const page = await open('messages');
    await page.getByLabel('E-mail address or phone number').fill('nobody');
    await page.keyboard.press('Enter');
    await page.locator('.notice.bad').waitFor();
  });

  it('shows what was sent, and blocks a prefix from there', async () => {
    const page = await open('traffic');
    const prefixes = page.getByRole('region', { name: 'Number prefixes' });
    await prefixes.getByRole('row').nth(1).waitFor();
    await page.getByText(/of 25 for \d+ messages/).waitFor();
    const { body: report } = await admin.get('/fraud').expect(200);
    const { countries, providers } = report as Report;
    const { day, spent } = countries.find(({ value }) => value === 'US')!;
    const bySms = providers.find(({ channel }) => channel === 'sms')!;
    expect(await cellsOf(page, 'Countries', 'United States')).toEqual([
      ...[`${day.sent}`, `${day.sent}`, '0', '0%', `${spent}`],
    ]);
    const conversion = `${Math.round((100 * bySms.verified) / bySms.codes)}%`;
    expect(await cellsOf(page, 'Providers', 'SMS')).toEqual(
      ['SMS', bySms.sent, bySms.delivered, conversion, bySms.spent].map(String),
    );
    await prefixes
      .getByRole('link', { name: /^Block \+1415/ })
      .first()
      .click();
    await page.getByRole('heading', { name: 'Blocks', level: 1 }).waitFor();
    const value = await page.getByLabel('Value').first().inputValue();
    expect(value).toMatch(/^\+1415/);
    await page.getByLabel('Reason').first().fill('Pumped numbers');
    await button(page, 'Block').click();
    await page.getByText('It was added.').waitFor();
    await app.post('/otp/generate', { phone_number: '+14155550111', purpose: 'verification' }).expect(429);
    await button(page, `Lift or remove ${value}`).click();
    await page.getByText('It was removed.').waitFor();
    await sendTo('+14155550112');
  });

  it('adds a country to the safe list and removes it', async () => {
    const page = await open('rules');
    const safeList = page.getByRole('region', { name: 'Safe list' });
    await safeList.getByLabel('Kind').selectOption('country');
    await safeList.getByLabel('Value').fill('de');
    await safeList.getByLabel('Reason').fill('Launch');
    await button(page, 'Add to the safe list').click();
    await safeList.getByText('Germany').waitFor();
    await button(page, 'Lift or remove Germany').click();
    await page.getByText('It was removed.').waitFor();
  });

  it('finds, appoints, disables and deletes a user, and shows the events', async () => {
    const { email, user } = await newPerson();
    const page = await open('users');
    await page.getByLabel('Beginning of an e-mail address').fill(email);
    await page.keyboard.press('Enter');
    await until('one user is found', async () => (await page.getByRole('listitem').count()) === 1 || null);
    await button(page, 'Events').click();
    await page.getByText('Confirmation of the e-mail address').waitFor();
    await button(page, 'Events').click();
    await button(page, 'Make administrator').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Make administrator' }).click();
    await row(page, email).getByText('Administrator', { exact: true }).waitFor();
    await button(page, 'Disable').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click();
    await row(page, email).getByText('Disabled').waitFor();
    await app.post('/auth/login', { email, password: PASSWORD }).expect(403);
    await button(page, 'Delete').click();
    await page.keyboard.press('Escape');
    await button(page, 'Delete').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('It was removed.').waitFor();
    await admin.get(`/users/${user.id}`).expect(404);
  });

  it('searches for a user while the whole list is still being read', async () => {
    const { email } = await newPerson();
    const page = await open('messages');
    let answerFirst = () => {};
    const searched = new Promise<void>((resolve) => (answerFirst = resolve));
    await page.route('**/users?*', async (route) => {
      if (!route.request().url().includes('search=')) await searched;
      await route.continue();
    });
    await page.getByRole('link', { name: 'Users', exact: true }).click();
    await page.getByLabel('Beginning of an e-mail address').fill(email);
    await page.keyboard.press('Enter');
    answerFirst();
    await row(page, email).waitFor();
    await until('one user is found', async () => (await page.getByRole('listitem').count()) === 1 || null);
  });

  it('invites an administrator', async () => {
    const page = await open('users');
    const address = `invited-${++people}@example.com`;
    await page.getByLabel('E-mail address', { exact: true }).fill(address);
    await page.getByLabel('As an administrator').check();
    await button(page, 'Send the invitation').click();
    await page.getByText(`The invitation was sent to ${address}.`).waitFor();
    await row(page, address).getByText('Invited', { exact: true }).waitFor();
  });

  it('shows the audit log in plain words', async () => {
    const { user } = await newPerson();
    await admin.get(`/users/${user.id}`).expect(200);
    const page = await open('audit');
    await page.getByText('Read a user', { exact: true }).first().waitFor();
    await page.getByLabel('Id of a user').fill(user.id);
    await page.keyboard.press('Enter');
    await until('one entry is left', async () => (await page.getByRole('listitem').count()) === 1 || null);
    await button(page, 'by you').waitFor();
  });

  it('shows the entries of one administrator, with the keyboard only', async () => {
    const other = await newPerson();
    await app.sql(`update users set roles = '{user,admin}' where id = $1`, [other.user.id]);
    const colleague = await logIn(app, other.email);
    await colleague.get('/audit?limit=1').expect(200);
    await colleague.get(`/users/${admin.user.id}`).expect(200);
    await admin.get(`/users/${other.user.id}`).expect(200);
    const page = await open('audit');
    const entries = page.getByRole('listitem');
    await button(page, `by ${other.user.id}`).first().focus();
    await page.keyboard.press('Enter');
    await until('one entry is left', async () => (await entries.count()) === 1 || null);
    const field = page.getByLabel('Id of an administrator');
    expect(await field.inputValue()).toBe(other.user.id);
    await field.focus();
    await page.keyboard.press('Control+A');
    await page.keyboard.type(admin.user.id);
    await page.keyboard.press('Tab');
    await page.keyboard.type(other.user.id);
    await page.keyboard.press('Enter');
    await until('the other entry', async () => (await button(page, 'by you').count()) === 1 || null);
    await button(page, 'Show all').focus();
    await page.keyboard.press('Enter');
    await until('all entries', async () => (await entries.count()) > 2 || null);
    expect(await field.inputValue()).toBe('');
  });

  it('has no violation that axe finds, and fits', async () => {
    await createApplication(app, admin, { name: 'Shop' });
    const until = new Date(Date.now() + 3_600_000).toISOString();
    await admin.post('/fraud/blocks', { prefix: '+1900', until, reason: 'Premium numbers' }).expect(201);
    const found: [string, string[]][] = [];
    for (const tab of ['messages', 'traffic', 'rules', 'applications', 'users', 'audit']) {
      const page = await open(tab);
      if (tab === 'messages') {
        await page.getByLabel('E-mail address or phone number').fill('+14155550101');
        await page.keyboard.press('Enter');
      }
      const shown = tab === 'traffic' ? page.getByRole('table') : page.getByRole('listitem');
      await shown.first().waitFor();
      found.push([tab, await violations(page)]);
    }
    expect(found.filter(([, list]) => list.length > 0)).toEqual([]);
  });
});
