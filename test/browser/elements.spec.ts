import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright-core';
import { changeContact, PASSWORD, signUp } from '../support/accounts.js';
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
