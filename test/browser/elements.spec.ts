import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright-core';
import { changeContact, PASSWORD, signInByCode, signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { describeInBrowser, launchBrowser } from '../support/browser.js';
import { servePages, type PageServer } from '../support/page-server.js';
import { SignInPage } from '../support/sign-in-page.js';
import { until } from '../support/until.js';
import { wrongCode } from '../support/wrong-code.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Mobile numbers of the USA. France is not allowed in these tests. */
const PHONE = '+14155552671';

describeInBrowser('elements in a browser', () => {
  let app: TestApp;
  let pages: PageServer;
  let browser: Browser;
  let context: BrowserContext;
  let opened: SignInPage[] = [];

  beforeAll(async () => {
    const headers: Record<string, string> = {};
    pages = await servePages(headers);
    app = await TestApp.start({
      BCRYPT_COST: '4',
      CORS_ORIGINS: `http://localhost:${pages.port}`,
      OTP_CHANNELS: 'sms,email,whatsapp',
      SMS_ALLOWED_COUNTRIES: 'US,DE',
    });
    headers['content-security-policy'] = policy();
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await pages?.stop();
    await app?.stop();
  });
  beforeEach(async () => {
    opened = [];
    context = await newContext();
  });
  afterEach(async () => {
    const faults = opened.flatMap((page) => page.faults);
    await context.close();
    expect(faults).toEqual([]);
  });

  /** The policy that the README asks integrators for. */
  const policy = () =>
    [
      "default-src 'none'",
      `script-src ${app.url}`,
      `connect-src ${app.url}`,
      'worker-src blob:',
      "style-src 'none'",
    ].join('; ');

  const newContext = (options: BrowserContextOptions = {}) =>
    browser.newContext({ viewport: { width: 360, height: 800 }, ...options });

  /** The page is on another site than the server. */
  async function open(attributes: Record<string, string> = {}, where = context): Promise<SignInPage> {
    const url = `http://localhost:${pages.port}/`;
    const page = await SignInPage.open(where, { page: url, server: app.url, ...attributes });
    opened.push(page);
    return page;
  }

  let count = 0;
  const newEmail = () => `person-${++count}@example.com`;
  /** A page at the step for a code that was just sent to a new address. */
  async function openAtCode(): Promise<{ page: SignInPage; email: string; code: string }> {
    const page = await open();
    const email = newEmail();
    const { otp } = await app.codeOf(email, () => page.send({ email }));
    await page.waitForTitle('Enter the code');
    return { page, email, code: otp };
  }

  describe('ways to sign in', () => {
    it('by a code from a mail, pasted in another spelling', async () => {
      const email = newEmail();
      await signUp(app, email);
      const page = await open();
      const { otp } = await app.codeOf(email, () => page.send({ email }));
      expect(await page.event('challenge-sent')).toMatchObject({ challenge: { channel: 'email' } });
      expect(await page.$('.card').textContent()).toContain('Or open the link in the mail.');
      await page.paste(`#${otp.slice(0, 3)}\u2009\u2013\u200b${otp.slice(3)}\u2069 `);
      expect(await page.signedInEmail()).toBe(email);
      await page.waitForTitle('You are signed in');
    });

    it('by a code in the digits of another script', async () => {
      const email = newEmail();
      await signUp(app, email);
      const page = await open({ locale: 'ar' });
      const { otp } = await app.codeOf(email, () => page.send({ email }));
      await page.type([...otp].map((digit) => String.fromCodePoint(0x660 + Number(digit))).join(''));
      expect(await page.signedInEmail()).toBe(email);
    });

    it('by a code on the phone, by the channel that the person chooses', async () => {
      const [email, phone] = [newEmail(), PHONE];
      await changeContact(app, await signUp(app, email), { phone });
      const page = await open({ channels: 'sms,whatsapp' });
      await page.choose('phone');
      await page.$('input[value=whatsapp]').check();
      const { otp } = await app.codeOf(phone, () => page.send({ phone }));
      expect(await page.event('challenge-sent')).toMatchObject({ challenge: { channel: 'whatsapp' } });
      await page.type(otp);
      expect(await page.signedInEmail()).toBe(email);
    });

    it('offers no phone where no channel reaches one', async () => {
      const page = await open({ channels: '' });
      expect(await page.$('input[value=phone]').count()).toBe(0);
      expect(await page.$('input[name=method]').count()).toBe(2);
      const alone = await open({ channels: '', methods: 'phone,email' });
      await alone.$('#email').waitFor();
      expect(await alone.$('input[name=method]').count()).toBe(0);
    });

    it('by a code that the browser reads from an SMS (WebOTP)', async () => {
      const [email, phone] = [newEmail(), '+14155552672'];
      await changeContact(app, await signUp(app, email), { phone });
      await context.addInitScript(`{
        window.OTPCredential = class {};
        navigator.credentials.get = (request) =>
          new Promise((resolve) => (window.deliverSms = (code) => resolve({ code, request })));
      }`);
      const page = await open({ methods: 'phone' });
      const { otp } = await app.codeOf(phone, () => page.send({ phone }));
      await until('the browser waits for the SMS', () => page.page.evaluate('Boolean(window.deliverSms)'));
      await page.page.evaluate(`window.deliverSms('${otp}')`);
      expect(await page.signedInEmail()).toBe(email);
    });

    it('by a password', async () => {
      const email = newEmail();
      await signUp(app, email);
      const page = await open({ methods: 'password,email' });
      await page.send({ email, password: PASSWORD });
      expect(await page.signedInEmail()).toBe(email);
    });

    it('by a new account, after a code that no account had', async () => {
      const { page, email, code } = await openAtCode();
      await page.type(code);
      await page.waitForTitle('No account yet');
      await page.button('Create an account').click();
      expect(await page.$('#email').inputValue()).toBe(email);
      const { otp } = await app.codeOf(email, () => page.send({ password: PASSWORD, firstName: 'Ada' }));
      await page.type(otp);
      expect(await page.event('signed-in')).toMatchObject({ user: { email, firstName: 'Ada' } });
    });

    it('by a new password, after the old one was forgotten', async () => {
      const email = newEmail();
      await signUp(app, email);
      const page = await open();
      await page.choose('password');
      await page.button('Forgot your password?').click();
      const { otp } = await app.codeOf(email, () => page.send({ email }));
      await page.waitForTitle('Choose a new password');
      await page.type(otp);
      await page.send({ password: 'a new and better phrase' });
      expect(await page.signedInEmail()).toBe(email);
      await app.post('/auth/login', { email, password: 'a new and better phrase' }).expect(200);
    });

    it('asks for a password when a contested registration has lost it', async () => {
      const email = newEmail();
      await app.post('/auth/register', { email, password: 'somebody else was here' }).expect(201);
      await app.ageWhenSent(61);
      const page = await open();
      await page.button('Create an account').click();
      const { otp } = await app.codeOf(email, () => page.send({ email, password: PASSWORD }));
      await page.type(otp);
      await page.waitForTitle('Choose a password');
      await page.send({ password: PASSWORD });
      expect(await page.signedInEmail()).toBe(email);
      await app.post('/auth/login', { email, password: PASSWORD }).expect(200);
    });

    it('with the keyboard only', async () => {
      const email = newEmail();
      await signUp(app, email);
      const page = await open();
      const { keyboard } = page.page;
      await keyboard.press('Tab');
      await keyboard.press('ArrowRight');
      await keyboard.press('ArrowRight');
      expect(await page.$('input[value=password]').isChecked()).toBe(true);
      await keyboard.press('ArrowLeft');
      await keyboard.press('ArrowLeft');
      await keyboard.press('Tab');
      expect(await page.focused()).toBe('email');
      await keyboard.type(email);
      const { otp } = await app.codeOf(email, () => keyboard.press('Enter'));
      await page.type(otp.slice(0, 4));
      await keyboard.press('Backspace');
      await keyboard.type(otp.slice(3, 5));
      expect(
        await page.$('otp-code-input').evaluate((field) => (field as unknown as { value: string }).value),
      ).toBe(otp.slice(0, 5));
      await keyboard.press('Enter');
      await page.waitForError('Enter all 6 digits.');
      await keyboard.press('End');
      await keyboard.type(otp.slice(5));
      expect(await page.signedInEmail()).toBe(email);
    });

    it('in every tab: the others follow a sign-in and a sign-out', async () => {
      const email = newEmail();
      await signUp(app, email);
      const [first, second] = [await open(), await open()];
      await first.choose('password');
      await first.send({ email, password: PASSWORD });
      expect(await second.signedInEmail()).toBe(email);
      await second.button('Sign out').click();
      await first.event('signed-out');
      await first.waitForTitle('Sign in');
    });

    it('with a client that the page shares', async () => {
      const email = newEmail();
      await signUp(app, email);
      const page = await open({ methods: 'password' });
      const other = await open({ methods: 'password', url: 'http://127.0.0.1:9' });
      await other.page.evaluate(`{
        const [element] = document.querySelectorAll('otp-sign-in');
        const donor = document.createElement('otp-sign-in');
        donor.url = ${JSON.stringify(app.url)};
        element.client = donor.client;
      }`);
      await other.send({ email, password: PASSWORD });
      expect(await other.signedInEmail()).toBe(email);
      expect(await page.signedInEmail()).toBe(email);
    });
  });

  describe('refusals and the way forward', () => {
    it('otp_cooldown: a timer, the code that was sent before, and a new one afterwards', async () => {
      const { page, email } = await openAtCode();
      await page.button('Use another address').click();
      await page.send({});
      await page.waitForNotice('A code was sent to this address a moment ago.');
      expect(await page.$('.primary').textContent()).toMatch(/[01]:\d\d/);
      await page.button('I have a code').click();
      await page.waitForTitle('Enter the code');
      expect(await page.button(/^New code in/).getAttribute('aria-disabled')).toBe('true');
      await page.type(await app.code(email));
      await page.waitForTitle('No account yet');
    });

    it.each([-7_200_000, 0, 7_200_000])(
      'counts down to the next code by the clock of the server (device is off by %i ms)',
      async (offset) => {
        await context.addInitScript(`{
          const { now } = Date;
          Date.now = () => now() + ${offset};
        }`);
        const { page } = await openAtCode();
        const label = (await page.button(/^New code in/).textContent()) ?? '';
        const [, minutes, seconds] = /(\d):(\d\d)/.exec(label) ?? [];
        const wait = Number(minutes) * 60 + Number(seconds);
        expect(wait).toBeGreaterThan(40);
        expect(wait).toBeLessThan(62);
      },
    );

    it('sends a new code when the time has come, and announces it', async () => {
      const page = await open();
      const email = newEmail();
      await page.page.clock.install();
      await app.codeOf(email, () => page.send({ email }));
      await page.waitForTitle('Enter the code');
      await app.ageWhenSent(61);
      await page.page.clock.fastForward(62_000);
      const again = page.button('Send a new code');
      await again.waitFor();
      expect(await page.$('[role=status]').textContent()).toBe('You can request a new code now.');
      await again.click();
      await page.$('[role=status]').filter({ hasText: 'We sent another message' }).waitFor();
      await until('two messages', async () => (await app.messages(email)).length === 2);
      expect(await page.focused()).toBe('code');
    });

    it('otp_invalid: the attempts left; after the last one a new code', async () => {
      const { page, code } = await openAtCode();
      await page.type(wrongCode(code));
      await page.waitForError('This code is wrong. Attempts left: 2');
      // The wrong digits are selected, so that the next ones replace them.
      await page.type(wrongCode(code));
      await page.waitForError('Attempts left: 1');
      await page.type(wrongCode(code));
      await page.waitForNotice('There were too many wrong attempts with this code.');
      await page
        .$('.notice')
        .getByRole('button', { name: /New code in/ })
        .waitFor();
    });

    it('otp_attempts_exhausted, otp_expired and otp_not_found: a new code', async () => {
      const { page, email, code } = await openAtCode();
      for (let guess = 0; guess < 3; guess++)
        await app.post('/auth/verify_otp', { email, otp: wrongCode(code) });
      await page.type(code);
      await page.waitForNotice('There were too many wrong attempts');
      await app.ageWhenSent(301);
      const next = await openAtCode();
      await app.ageWhenSent(301);
      await next.page.type(next.code);
      await next.page.waitForNotice('This code has expired.');
      await app.sql('delete from challenges');
      await next.page.type(next.code);
      await next.page.waitForNotice('This code is no longer valid.');
    });

    it('says by itself that a code has expired', async () => {
      const { page } = await openAtCode();
      await app.ageWhenSent(301);
      await page.waitForNotice('This code has expired.');
      await page.$('.notice').getByRole('button', { name: /code/ }).waitFor();
    });

    it.each([
      ['otp_send_limit', 'Too many codes were sent to this address.'],
      ['network_send_limit', 'There were too many requests from your network.'],
      ['application_send_limit', 'No more messages can be sent at the moment.'],
      ['rate_limited', 'There were too many requests from your network.'],
      ['otp_guess_limit', 'Too many wrong codes were entered for this address.'],
    ])('%s: blocked until a time of day, and other methods', async (code, text) => {
      const page = await open();
      await page.refuse('/auth/send_otp', { status: 429, code, retryAfter: 5_400 });
      await page.send({ email: newEmail() });
      await page.waitForNotice(text);
      await page.waitForNotice(/Try again at .*\d:\d\d/);
      expect(await page.$('.primary').getAttribute('aria-disabled')).toBe('true');
      await page.button('Use a password').click();
      expect(await page.$('#password').isVisible()).toBe(true);
      expect(await page.$('.primary').getAttribute('aria-disabled')).toBe('false');
    });

    it('otp_guess_limit while entering a code, and password_guess_limit', async () => {
      const { page, code } = await openAtCode();
      await page.refuse('/auth/verify_otp', { status: 429, code: 'otp_guess_limit', retryAfter: 5_400 });
      await page.type(code);
      await page.waitForNotice('Too many wrong codes were entered for this address.');
      await page.button('Use a password').click();
      await page.refuse('/auth/login', { status: 429, code: 'password_guess_limit', retryAfter: 30 });
      await page.send({ password: 'guess' });
      await page.waitForNotice('Too many wrong passwords were entered.');
      expect(await page.$('.primary').textContent()).toMatch(/Sign in\s+0:(30|29|28)/);
      await page.button('Get a code by e-mail').click();
      expect(await page.title).toBe('Sign in');
    });

    it('phone_send_limit: another way', async () => {
      const page = await open();
      await page.choose('phone');
      await page.refuse('/auth/send_otp', { status: 429, code: 'phone_send_limit', retryAfter: 5_400 });
      await page.send({ phone: PHONE });
      await page.waitForNotice('We cannot send to this number at the moment.');
      await page.button('Get a code by e-mail').click();
      await page.$('#email').waitFor();
    });

    it('invalid addresses and passwords: below their fields, which get the focus', async () => {
      const page = await open();
      await page.send({});
      await page.waitForError('Enter your e-mail address.');
      await page.send({ email: 'ada@' });
      await page.waitForError('Check the e-mail address.');
      await page.waitForFocus('email');
      expect(await page.$('#email').getAttribute('aria-invalid')).toBe('true');
      await page.button('Create an account').click();
      await page.send({ email: 'ada@', password: 'short' });
      await page.waitForError('Check the e-mail address.');
      await page.waitForError('Use at least 8 characters.');
      await page.send({ email: newEmail(), password: 'password1' });
      await page.waitForError('This one is too easy to guess.');
      await page.waitForFocus('password');
    });

    it.each([
      ['phone_invalid', '+1415', 'Check the phone number.'],
      ['phone_country_unknown', '4155552671', 'Start with the country code'],
      ['phone_not_mobile', '+493012345678', 'This is a landline.'],
      ['country_not_allowed', '+33612345678', 'We do not send codes to this country.'],
    ])('%s: below the number', async (code, phone, text) => {
      const page = await open();
      await page.choose('phone');
      await page.send({ phone });
      await page.waitForError(text);
      expect(await page.event('problem')).toMatchObject({ problem: { code } });
      await page.waitForFocus('phone');
    });

    it('channel_not_available: the other channels and methods', async () => {
      const page = await open({ channels: 'voice,sms' });
      await page.choose('phone');
      await page.send({ phone: '+14155552673' });
      await page.waitForNotice('This number cannot get a code this way.');
      await page.button('Get a code by e-mail').waitFor();
      await page.button('Send a text message').click();
      await page.waitForTitle('Enter the code');
      expect(await page.event('challenge-sent')).toMatchObject({ challenge: { channel: 'sms' } });
    });

    it('invalid_credentials: a code, a reset and registration', async () => {
      const page = await open();
      await page.choose('password');
      await page.send({ email: newEmail(), password: 'wrong' });
      await page.waitForNotice('The address or the password is wrong');
      for (const name of ['Forgot your password?', 'Create an account']) await page.button(name).waitFor();
      await page.button('Get a code by e-mail').click();
      await page.$('#password').waitFor({ state: 'detached' });
    });

    it('an address that an account had until recently: its change can be undone', async () => {
      const [old, current] = [newEmail(), newEmail()];
      const person = await signUp(app, old);
      await changeContact(app, person, { email: current });
      await app.ageWhenSent(61);
      const page = await open();
      const { otp } = await app.codeOf(old, () => page.send({ email: old }));
      await page.type(otp);
      await page.waitForTitle('No account yet');
      await page.button('Restore the address').click();
      await page.waitForNotice('The address was restored.');
      await app.ageWhenSent(61);
      expect(await signInByCode(app, { email: old })).toMatchObject({ user: { email: old } });
    });

    it('address_reserved at a registration: the same', async () => {
      const page = await open();
      const email = newEmail();
      await page.button('Create an account').click();
      const { otp } = await app.codeOf(email, () => page.send({ email, password: PASSWORD }));
      await page.refuse('/auth/verify', { status: 409, code: 'address_reserved', undoToken: 'token' });
      await page.type(otp);
      await page.waitForNotice('An account used this address until recently.');
      const request = page.page.waitForRequest('**/users/contact/undo');
      await page.button('Restore the address').click();
      expect((await request).postDataJSON()).toEqual({ token: 'token' });
      await page.waitForNotice('This code is no longer valid.');
    });

    it('account_disabled and account_closed: another address', async () => {
      const email = newEmail();
      const person = await signUp(app, email);
      await app.sql('update users set disabled_at = now() where id = $1', [person.user.id]);
      const page = await open({ methods: 'password' });
      await page.send({ email, password: PASSWORD });
      await page.waitForNotice('This account is disabled.');
      await page.button('Use another address').click();
      const closed = await signUp(app, newEmail());
      await closed.delete('/users/me').expect((reply) => expect(reply.status).toBeLessThan(300));
      await page.send({ email: closed.email, password: PASSWORD });
      await page.waitForNotice('This account was deleted.');
    });

    it('proof_of_work_required: solved in a worker, with progress', async () => {
      const page = await open();
      const parameters = { algorithm: 'SHA-256', nonce: '00', salt: '00', cost: 1, keyPrefix: '0000' };
      await page.refuse('/auth/send_otp', {
        status: 403,
        code: 'proof_of_work_required',
        proofOfWork: { parameters, signature: '' },
      });
      const proof = page.page.waitForRequest(
        (request) => request.postData()?.includes('proofOfWork') ?? false,
      );
      await page.$('#email').fill(newEmail());
      await page.$('.primary').click();
      await page.$('progress').waitFor();
      await proof;
      expect(page.workers.every((url) => url.startsWith('blob:'))).toBe(true);
      expect(page.workers.length).toBeGreaterThan(0);
    });

    it('a proof of work that the browser cannot solve: other methods', async () => {
      const page = await open();
      await page.refuse('/auth/send_otp', { status: 403, code: 'proof_of_work_required', proofOfWork: null });
      await page.send({ email: newEmail() });
      await page.waitForNotice('The security check does not work in this browser.');
      await page.button('Use a password').waitFor();
    });

    it('offline, and a server that cannot be reached', async () => {
      const page = await open();
      await context.setOffline(true);
      await page.send({ email: newEmail() });
      await page.waitForNotice('You are offline.');
      await context.setOffline(false);
      await page.send({});
      await page.waitForTitle('Enter the code');
    });

    it('a busy server: a timer, then again', async () => {
      const page = await open();
      await page.choose('password');
      const email = newEmail();
      await signUp(app, email);
      await page.refuse('/auth/login', { status: 503, code: 'service_unavailable', retryAfter: 2 });
      await page.send({ email, password: PASSWORD });
      await page.waitForNotice('The server is busy.');
      expect(await page.$('.primary').textContent()).toMatch(/0:0[12]/);
      await until(
        'the wait is over',
        async () => (await page.$('.primary').getAttribute('aria-disabled')) === 'false',
      );
      await page.send({});
      expect(await page.signedInEmail()).toBe(email);
    });

    it.each([
      ['internal_error', 500, 'Something went wrong (\u2068internal_error\u2069).'],
      ['origin_not_allowed', 403, 'Signing in is not set up correctly on this page'],
      ['changed_meanwhile', 409, 'Your account was changed at the same time.'],
    ])('%s: a text, and the form stays as it is', async (code, status, text) => {
      const page = await open();
      await page.refuse('/auth/send_otp', { status, code });
      const email = newEmail();
      await page.send({ email });
      await page.waitForNotice(text);
      expect(await page.event('problem')).toMatchObject({ problem: { code, status } });
      await page.send({});
      await page.waitForTitle('Enter the code');
    });

    it('a message that was not delivered: another way', async () => {
      const { page, email } = await openAtCode();
      await page.$('[part~=delivery]').filter({ hasText: 'The message was sent.' }).waitFor();
      await app.sql(`update messages set state = 'failed', finished_at = now() where recipient = $1`, [
        `email:${email}`,
      ]);
      await page.$('[part~=delivery]').filter({ hasText: 'could not be delivered' }).waitFor();
      await page.button('Use a password').click();
      await page.$('#password').waitFor();
    });

    it('a message that has arrived', async () => {
      const { page, email } = await openAtCode();
      await app.sql(`update messages set state = 'delivered' where recipient = $1`, [`email:${email}`]);
      await page.$('[part~=delivery]').filter({ hasText: 'The message has arrived.' }).waitFor();
    });
  });

  describe('every step', () => {
    /** Visits the steps with `visit` after each. */
    async function walk(page: SignInPage, visit: (step: string) => Promise<void>): Promise<void> {
      const [main, links] = [page.$('.primary'), page.$('.foot .link')];
      const email = newEmail();
      const code = page.$('otp-code-input');
      await visit('e-mail');
      await main.click();
      await visit('e-mail with an error');
      await page.choose('phone');
      await visit('phone');
      await page.choose('password');
      await visit('password');
      await page.refuse('/auth/login', { status: 429, code: 'password_guess_limit', retryAfter: 5_400 });
      await page.send({ email, password: 'wrong' });
      await page.$('.notice .box').waitFor();
      await visit('password with a notice');
      await links.first().click();
      await page.$('#password').waitFor({ state: 'detached' });
      await visit('forgotten password');
      await page.send({ email });
      await code.waitFor();
      await visit('reset');
      await links.first().click();
      await links.first().click();
      await links.last().click();
      await page.$('#firstName').waitFor();
      await visit('registration');
      const { otp } = await app.codeOf(email, () => page.send({ email, password: PASSWORD }));
      await code.waitFor();
      await visit('code');
      await page.type(wrongCode(otp));
      await page.$('otp-code-input [part=error]').filter({ hasText: /./ }).waitFor();
      await visit('code with an error');
      await page.type(otp);
      await code.waitFor({ state: 'detached' });
      await visit('done');
    }

    it.each<[string, BrowserContextOptions, string]>([
      ['in light colours', { colorScheme: 'light' }, 'en'],
      ['in dark colours', { colorScheme: 'dark' }, 'en'],
      ['in Arabic', { locale: 'ar' }, 'ar'],
      ['in forced colours', { forcedColors: 'active' }, 'de'],
    ])('passes axe %s', async (_, options, locale) => {
      const own = await newContext(options);
      const page = await open({ locale, channels: 'sms,whatsapp' }, own);
      await page.page.evaluate(AXE);
      await walk(page, async (step) => {
        const violations = await page.page.evaluate<unknown[]>(`axe
          .run('otp-sign-in', { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
          .then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))`);
        expect([step, violations]).toEqual([step, []]);
      });
      await own.close();
    });

    it.each([
      [360, 'en'],
      [360, 'de'],
      [1280, 'en'],
    ])('keeps its height, and fits into %i px in %s', async (width, locale) => {
      const own = await newContext({ viewport: { width, height: 800 } });
      const page = await open({ locale, channels: 'sms,whatsapp' }, own);
      const heights: Record<string, number> = {};
      await walk(page, async (step) => {
        const [height, overflow] = await page.page.evaluate<[number, number]>(`[
          document.querySelector('otp-sign-in').offsetHeight,
          document.documentElement.scrollWidth - innerWidth,
        ]`);
        heights[step] = height;
        expect([step, overflow]).toEqual([step, 0]);
      });
      // A notice with its buttons may need more room on a phone.
      delete heights['password with a notice'];
      expect(new Set(Object.values(heights)).size).toBe(1);
      await own.close();
    });

    it.each(['en', 'de', 'fr', 'es', 'pt', 'it', 'tr', 'hi', 'ar', 'zh'])(
      'fits into 320 px in %s',
      async (locale) => {
        const own = await newContext({ viewport: { width: 320, height: 800 } });
        const page = await open({ locale, channels: 'sms,whatsapp,voice' }, own);
        for (const method of ['email', 'phone', 'password'] as const) {
          await page.choose(method);
          expect(await page.page.evaluate(`document.documentElement.scrollWidth - innerWidth`)).toBe(0);
        }
        expect(await page.$('.card').getAttribute('dir')).toBe(locale === 'ar' ? 'rtl' : 'ltr');
        await own.close();
      },
    );
  });

  describe('<otp-code-input> in a form of the page', () => {
    async function openForm(attributes: string) {
      const page = await open();
      await page.page.evaluate(`document.body.innerHTML =
        '<form id="form"><label for="field">Your code</label>' +
        '<otp-code-input id="field" name="otp" ${attributes}></otp-code-input><button>Go</button></form>'`);
      await page.page.evaluate(`{
        window.log = [];
        const form = document.querySelector('#form');
        form.addEventListener('submit', (event) => {
          event.preventDefault();
          log.push('submit ' + new FormData(form).get('otp'));
        });
        for (const name of ['input', 'complete', 'change'])
          form.addEventListener(name, ({ target }) => log.push(name + ' ' + target.value));
      }`);
      const evaluate = <Result>(script: string) => page.page.evaluate<Result>(script);
      return { page: page.page, evaluate, log: () => evaluate<string[]>('log') };
    }

    it('takes part in the form: focus by its label, value, events, submission and reset', async () => {
      const { page, evaluate, log } = await openForm('length="4"');
      await page.getByText('Your code').click();
      await page.keyboard.type('1 2-3x');
      expect(await log()).toEqual(['input 1', 'input 12', 'input 123']);
      await page.keyboard.type('45');
      expect((await log()).slice(3)).toEqual(['input 1234', 'complete 1234']);
      await page.keyboard.press('Enter');
      expect(await log()).toContain('submit 1234');
      await evaluate(`document.querySelector('#form').reset()`);
      expect(await evaluate(`document.querySelector('#field').value`)).toBe('');
      expect(await page.getByRole('textbox', { name: 'Your code' }).getAttribute('autocomplete')).toBe(
        'one-time-code',
      );
    });

    it('is invalid while it is incomplete or has an error', async () => {
      const { page, evaluate, log } = await openForm('required length="10"');
      const validity = (name: string) => evaluate(`document.querySelector('#field').validity.${name}`);
      await page.getByRole('button').click();
      expect(await log()).toEqual([]);
      expect(await validity('valueMissing')).toBe(true);
      await page.getByText('Your code').click();
      await page.keyboard.type('123');
      expect(await validity('tooShort')).toBe(true);
      await page.keyboard.type('4567890');
      expect(await validity('valid')).toBe(true);
      await evaluate(`document.querySelector('#field').error = 'Wrong'`);
      await until('it is invalid', () => validity('customError'));
      expect(await page.getByRole('alert').textContent()).toBe('Wrong');
      await page.keyboard.press('Backspace');
      await until('the error is gone', async () => !(await validity('customError')));
    });

    it('keeps the cursor where a digit was inserted', async () => {
      const { page, evaluate } = await openForm('length="6"');
      await page.getByText('Your code').click();
      await page.keyboard.type('1256');
      await page.keyboard.press('ArrowLeft');
      await page.keyboard.press('ArrowLeft');
      await page.keyboard.type(' ٣4');
      expect(await evaluate(`document.querySelector('#field').value`)).toBe('123456');
    });
  });
});
