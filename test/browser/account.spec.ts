import type { Browser, Page } from 'playwright-core';
import { readFile } from 'node:fs/promises';
import { violations } from '../support/accessibility.js';
import { logIn, PASSWORD, signInByCode, signUp, type Person } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { describeInBrowser, launchBrowser } from '../support/browser.js';
import { SignedInPages } from '../support/signed-in-page.js';
import { untilFocused } from '../support/focus.js';
import { until } from '../support/until.js';

const NEW_PASSWORD = 'another horse battery staple';

declare const document: { activeElement: { tagName: string; textContent: string | null } | null };

describeInBrowser('the account page', () => {
  let app: TestApp;
  let browser: Browser;
  let pages: SignedInPages;
  let people = 0;

  beforeAll(async () => {
    [app, browser] = await Promise.all([
      TestApp.start({
        BCRYPT_COST: '4',
        BRAND_NAME: 'Acme',
        OTP_RESEND_SECONDS: '0',
        OTP_CHANNELS: 'sms,email,whatsapp,voice',
      }),
      launchBrowser(),
    ]);
    pages = new SignedInPages(app, browser);
  });
  afterAll(async () => {
    await browser?.close();
    await app?.stop();
  });
  afterEach(async () => {
    const faults = [...pages.faults];
    await pages.close();
    expect(faults).toEqual([]);
  });

  const newPerson = () => signUp(app, `owner-${++people}@example.com`, { firstName: 'Ada' });
  const open = (person?: Person) => pages.open('/account', person);
  const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
  const section = (page: Page, name: string) => page.getByRole('region', { name, exact: true });

  /** After this, acts that need a recent sign-in are refused. */
  const makeSignInOld = ({ user }: Person) =>
    app.sql(
      `update sessions set authenticated_at = authenticated_at - interval '1 hour' where user_id = $1`,
      [user.id],
    );

  it('signs a person in and saves names, with the keyboard only', async () => {
    const { email } = await newPerson();
    const page = await open();
    await page.getByRole('radio', { name: 'Password' }).focus();
    await page.keyboard.press('Space');
    await page.locator('otp-sign-in input[type=email]').focus();
    await page.keyboard.type(email);
    await page.keyboard.press('Tab');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByLabel('Last name').focus();
    await page.keyboard.type('Lovelace');
    await page.keyboard.press('Enter');
    await page.getByText('Saved.').waitFor();
    await page.reload();
    await until(
      'the saved name is shown',
      async () => (await page.getByLabel('Last name').inputValue()) === 'Lovelace' || null,
    );
  });

  it('changes the e-mail address with a code, also after a reload and a wrong code', async () => {
    const person = await newPerson();
    const page = await open(person);
    const address = `new-${people}@example.org`;
    await button(page, 'Change the address').click();
    await page.getByLabel('New e-mail address').fill(address);
    const { otp } = await app.codeOf(address, () => button(page, 'Send code').click());
    await page.getByText(`We sent a code to ${address}.`).waitFor();
    await page.reload();
    const code = page.locator('otp-code-input input');
    await code.fill(otp === '000000' ? '111111' : '000000');
    await button(page, 'Confirm').click();
    await page.getByText('This code is wrong. Attempts left: ').waitFor();
    await code.fill(otp);
    await button(page, 'Confirm').click();
    await page.getByText('open the link in the mail to your old address within 72 hours').waitFor();
    await section(page, 'E-mail address').getByText(address).waitFor();
  });

  it('asks for the current password when the sign-in is old, with the keyboard only', async () => {
    const person = await newPerson();
    await makeSignInOld(person);
    const page = await open(person);
    const phone = '+14155550177';
    await button(page, 'Add a number').focus();
    await page.keyboard.press('Enter');
    await page.keyboard.type(phone);
    await page.getByRole('radio', { name: 'SMS' }).focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    const current = page.getByLabel('Current password');
    await untilFocused(current);
    await page.keyboard.type('a wrong password');
    await page.keyboard.press('Enter');
    await page.getByText('The password is wrong.').waitFor();
    expect(await current.getAttribute('aria-invalid')).toBe('true');
    await untilFocused(current);
    await page.keyboard.press('Control+A');
    await page.keyboard.type(PASSWORD);
    const { otp } = await app.codeOf(phone, () => page.keyboard.press('Enter'));
    const [message] = await app.messages(phone);
    expect(message).toMatchObject({ channel: 'whatsapp' });
    await page.locator('otp-code-input input').fill(otp);
    await button(page, 'Confirm').click();
    await page.getByText('Your phone number was changed.').waitFor();
  });

  it('changes the password with the current one, or after a sign-in with a code', async () => {
    const person = await newPerson();
    await makeSignInOld(person);
    const page = await open(person);
    await button(page, 'Change the password').click();
    await page.getByLabel('New password').fill(NEW_PASSWORD);
    await button(page, 'Save the password').click();
    await page.getByLabel('Current password').fill(PASSWORD);
    await button(page, 'Save the password').click();
    await page.getByText('Your new password was saved').waitFor();
    await makeSignInOld(person);
    await button(page, 'Change the password').click();
    await page.getByLabel('New password').fill(PASSWORD);
    await button(page, 'Save the password').click();
    await button(page, 'Sign in with a code instead').click();
    const dialog = page.getByRole('dialog', { name: 'Please sign in again' });
    const { email } = person;
    const { otp } = await app.codeOf(email, () => button(page, `Send a code to ${email}`).click());
    await dialog.locator('otp-code-input input').fill(otp);
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await dialog.waitFor({ state: 'detached' });
    await button(page, 'Save the password').click();
    await page.getByText('Your new password was saved').waitFor();
    await logIn(app, email);
  });

  it('signs in by a call, and again by another channel, without an e-mail address', async () => {
    const phone = '+14155550178';
    const { user } = await newPerson();
    await app.sql(
      `update users set email = null, phone = $2, phone_verified_at = now(), password_hash = null where id = $1`,
      [user.id, phone],
    );
    const page = await open();
    await page.getByRole('radio', { name: 'Phone', exact: true }).check();
    await page.locator('otp-sign-in input[type=tel]').fill(phone);
    await page.getByRole('radio', { name: 'Phone call' }).check();
    const { otp } = await app.codeOf(phone, () => button(page, 'Send code').click());
    await page.locator('otp-sign-in input[autocomplete=one-time-code]').fill(otp);
    await button(page, 'Set a password').waitFor();
    await app.sql(`update sessions set authenticated_at = authenticated_at - interval '1 hour'`);
    await button(page, 'Add an address').click();
    await page.getByLabel('New e-mail address').fill(`caller-${people}@example.com`);
    await button(page, 'Send code').click();
    const dialog = page.getByRole('dialog', { name: 'Please sign in again' });
    await dialog.getByRole('radio', { name: 'WhatsApp' }).check();
    const again = await app.codeOf(phone, () => button(page, `Send a code to ${phone}`).click());
    const channels = (await app.messages(phone)).map(({ channel }) => channel);
    expect([...new Set(channels)].sort()).toEqual(['voice', 'whatsapp']);
    await dialog.locator('otp-code-input input').fill(again.otp);
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText(`We sent a code to caller-${people}@example.com.`).waitFor();
  });

  it('sets a first password after a sign-in with a code in the dialog', async () => {
    const { email } = await newPerson();
    await app.sql(`update users set password_hash = null where email = $1`, [email]);
    const person = await signInByCode(app, { email });
    await makeSignInOld(person);
    const page = await open(person);
    await button(page, 'Set a password').click();
    await page.getByLabel('New password').fill(NEW_PASSWORD);
    await button(page, 'Save the password').click();
    const { otp } = await app.codeOf(email, () => button(page, `Send a code to ${email}`).click());
    await page.getByRole('dialog').locator('otp-code-input input').fill(otp);
    await page.getByRole('dialog').getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Your new password was saved').waitFor();
    await logIn(app, email, { password: NEW_PASSWORD });
  });

  it('changes the password, ends the other sessions and stays signed in', async () => {
    const person = await newPerson();
    const other = await logIn(app, person.email);
    const page = await open(person);
    await button(page, 'Change the password').click();
    await page.getByLabel('New password').fill('12345678');
    await button(page, 'Save the password').click();
    await page.getByText('Please choose another password.').waitFor();
    await page.getByLabel('New password').fill(NEW_PASSWORD);
    await button(page, 'Save the password').click();
    await page.getByText('Your new password was saved').waitFor();
    await other.get('/users/me').expect(401);
    await button(page, 'Change the password').waitFor();
  });

  it('cancels the change of the password and returns the focus', async () => {
    const page = await open(await newPerson());
    await button(page, 'Change the password').click();
    await button(page, 'Cancel').click();
    await button(page, 'Change the password').waitFor();
    const focused = await page.evaluate(() => document.activeElement?.textContent?.trim());
    expect(focused).toBe('Change the password');
  });

  it('signs out one device and all others', async () => {
    const person = await newPerson();
    const devices = [
      await logIn(app, person.email),
      await logIn(app, person.email),
      await logIn(app, person.email),
    ];
    const page = await open(person);
    const devicesOf = section(page, 'Devices');
    await until('four devices', async () => (await devicesOf.getByRole('listitem').count()) === 4 || null);
    await devicesOf
      .getByRole('button', { name: /^Sign out (?!all)/ })
      .first()
      .click();
    await page.getByText('The device was signed out.').waitFor();
    await until('three devices', async () => (await devicesOf.getByRole('listitem').count()) === 3 || null);
    await button(page, 'Sign out all other devices').click();
    await page.getByText('All other devices were signed out.').waitFor();
    for (const device of devices) await device.get('/users/me').expect(401);
    await person.get('/users/me').expect(200);
  });

  it('shows events in plain words, page by page', async () => {
    const person = await newPerson();
    await app.post('/auth/login', { email: person.email, password: 'a wrong password' }).expect(401);
    for (let signIn = 0; signIn < 11; signIn++) await logIn(app, person.email);
    const page = await open(person);
    const events = section(page, 'Activity');
    await until('ten events', async () => (await events.getByRole('listitem').count()) === 10 || null);
    await button(page, 'Show more').click();
    await events.getByText('Confirmation of the e-mail address').waitFor();
    await events.getByText('Refused').waitFor();
    await events.getByText('Wrong password').waitFor();
  });

  it('downloads everything that the server stores about the person', async () => {
    const person = await newPerson();
    const page = await open(person);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      button(page, 'Download your data').click(),
    ]);
    const data = JSON.parse(await readFile(await download.path(), 'utf8')) as object;
    expect(JSON.stringify(data)).toContain(person.email);
  });

  it('deletes the account after a question, and says how to undo that', async () => {
    const person = await newPerson();
    const page = await open(person);
    await button(page, 'Delete account').click();
    await page.getByRole('dialog').getByText('You have 72 hours').waitFor();
    await page.keyboard.press('Escape');
    await person.get('/users/me').expect(200);
    await button(page, 'Delete account').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete account' }).click();
    await page.getByText('Your account was deleted.').waitFor();
    await page.locator('otp-sign-in').waitFor();
    await person.get('/users/me').expect(401);
  });

  it('says what to do without a connection', async () => {
    const page = await open(await newPerson());
    await until(
      'the devices are shown',
      async () => (await section(page, 'Devices').getByRole('listitem').count()) || null,
    );
    await page.context().setOffline(true);
    await button(page, 'Save').click();
    await page.getByText('The server cannot be reached.').waitFor();
  });

  it('is right to left in Arabic, and has a message in every language', async () => {
    const page = await pages.open('/account', await newPerson(), { locale: 'ar' });
    await page.getByRole('heading', { name: 'حسابك', exact: true }).waitFor();
    await page.locator('html[dir=rtl]').waitFor();
    await page.getByRole('combobox').selectOption('de');
    await page.getByRole('heading', { name: 'Ihr Konto' }).waitFor();
    await page.locator('html[dir=ltr]').waitFor();
  });

  it('has no violation that axe finds, and fits', async () => {
    const person = await newPerson();
    expect(await violations(await open())).toEqual([]);
    const page = await open(person);
    await section(page, 'Devices').getByRole('listitem').first().waitFor();
    await button(page, 'Change the address').click();
    await button(page, 'Change the password').click();
    await page.getByLabel('New password').fill('12345678');
    await button(page, 'Save the password').click();
    await page.getByText('Please choose another password.').waitFor();
    expect(await violations(page)).toEqual([]);
    await makeSignInOld(person);
    await page.getByLabel('New password').fill(NEW_PASSWORD);
    await button(page, 'Save the password').click();
    await page.getByLabel('Current password').waitFor();
    await button(page, 'Add a number').click();
    await page.getByRole('radio', { name: 'Phone call' }).waitFor();
    await button(page, 'Delete account').click();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('dialog').getByRole('button', { name: 'Delete account' }).click();
    await page.getByRole('dialog', { name: 'Please sign in again' }).waitFor();
    expect(await violations(page)).toEqual([]);
  });
});
