import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { LOCALES } from '../../src/common/locale.js';
import { MESSAGES } from '../../src/notifier/text/template-examples.js';
import { violations } from '../support/accessibility.js';
import { changeContact, logIn, signUp, undoToken } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { describeInBrowser, launchBrowser } from '../support/browser.js';
import { PrefixProxy } from '../support/prefix-proxy.js';
import { until } from '../support/until.js';

const NEW_PASSWORD = 'another horse battery staple';
const UNKNOWN_TOKEN = 'aB-_9';
const RESULT = '#result';

/** The parts of a browser that the tests use inside a page. */
declare const document: {
  title: string;
  documentElement: { lang: string; dir: string };
  activeElement: { id: string } | null;
  querySelector: (selector: string) => { srcdoc: string; onload: () => void } | null;
  createRange: () => { selectNodeContents: (node: unknown) => void };
};
declare const history: { state: unknown };
declare const getSelection: () => {
  toString: () => string;
  removeAllRanges: () => void;
  addRange: (range: object) => void;
};
declare const navigator: { clipboard: { readText: () => Promise<string> } };

describeInBrowser('pages in a browser', () => {
  let app: TestApp;
  let browser: Browser;
  let context: BrowserContext | undefined;
  let people = 0;
  /** Requests of the page that could change something. */
  let writes: string[];
  /** Violations of the content security policy, and uncaught errors. */
  let faults: string[];

  beforeAll(async () => {
    [app, browser] = await Promise.all([
      TestApp.start({
        BCRYPT_COST: '4',
        BRAND_NAME: 'Acme',
        BRAND_COLOR: '#ffd400',
        OTP_CHANNELS: 'sms,email,whatsapp,voice',
        OTP_RESEND_SECONDS: '0',
      }),
      launchBrowser(),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await app?.stop();
  });
  beforeEach(() => {
    writes = [];
    faults = [];
  });
  afterEach(async () => {
    await context?.close();
    context = undefined;
    expect(faults).toEqual([]);
  });

  const newEmail = () => `person-${++people}@example.com`;

  /** Opens a page in a new browser profile and waits until it has loaded its texts. */
  async function open(path: string, options: BrowserContextOptions = {}, url = app.url): Promise<Page> {
    await context?.close();
    context = await browser.newContext({
      locale: 'en-US',
      viewport: { width: 1280, height: 800 },
      ...options,
    });
    context.on('request', (request) => {
      if (request.method() !== 'GET') writes.push(`${request.method()} ${new URL(request.url()).pathname}`);
    });
    await context.exposeFunction('reportFault', (fault: string) => faults.push(fault));
    await context.addInitScript(
      `addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
        reportFault(violatedDirective + ' ' + blockedURI))`,
    );
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(url + path);
    await page.locator('h1').waitFor({ state: 'attached' });
    return page;
  }

  const result = (page: Page, text: string) => page.locator(RESULT).getByText(text).waitFor();
  const focusedId = (page: Page) => page.evaluate(() => document.activeElement?.id);
  const historyState = (page: Page) => page.evaluate(() => history.state);

  /** The token of the newest link to a page, once there are `count` of them. */
  function linkToken(email: string, path: string, count = 1): Promise<string> {
    return until(`link number ${count} to /${path} for ${email}`, async () => {
      const texts = (await app.messages(email)).map(({ text }) => text);
      const tokens = texts.flatMap((text) => new RegExp(`/${path}#token=([\\w-]+)`).exec(text)?.[1] ?? []);
      return tokens.length >= count && tokens[0];
    });
  }

  async function newResetLink(): Promise<{ email: string; token: string }> {
    const email = newEmail();
    await signUp(app, email);
    await app.post('/auth/forgot', { email }).expect(202);
    return { email, token: await linkToken(email, 'reset') };
  }

  async function choosePassword(page: Page, password: string): Promise<void> {
    await page.fill('#password', password);
    await page.click('text=Change password');
  }

  async function requestLink(page: Page, email: string): Promise<void> {
    await page.getByLabel('E-mail address').fill(email);
    await page.click('text=Send a new link');
  }

  describe('/reset', () => {
    it('sends nothing when it is opened, and keeps the token out of the address bar, also on a reload', async () => {
      const { email, token } = await newResetLink();
      const page = await open(`/reset#token=${token}`);
      expect(page.url()).toBe(`${app.url}/reset`);
      await page.reload();
      await page.locator('#password').waitFor();
      expect(page.url()).toBe(`${app.url}/reset`);
      expect(writes).toEqual([]);

      await choosePassword(page, NEW_PASSWORD);
      await result(page, 'Your password was changed');
      expect(writes).toEqual(['PATCH /auth/reset']);
      expect(await focusedId(page)).toBe('result');
      expect(await historyState(page)).toBeNull();
      expect(await page.locator('form').count()).toBe(0);
      await logIn(app, email, { password: NEW_PASSWORD });
    });

    it('explains a refused password in the field, does not cut it off, and accepts another one', async () => {
      const { email, token } = await newResetLink();
      const page = await open(`/reset#token=${token}`);
      for (const [password, text] of [
        ['password123', 'easy to guess'],
        ['x'.repeat(300), 'at most 256 characters'],
        [`${email.split('@')[0]}1`, 'easy to guess'],
      ] as const) {
        await choosePassword(page, password);
        await result(page, text);
        expect(await focusedId(page)).toBe('password');
        expect(await page.getAttribute('#password', 'aria-invalid')).toBe('true');
        expect(await page.inputValue('#password')).toBe(password);
      }
      await choosePassword(page, NEW_PASSWORD);
      await result(page, 'Your password was changed');
    });

    it('sends a shown password from a password field, so that browsers offer to save it', async () => {
      const page = await open(`/reset#token=${UNKNOWN_TOKEN}`);
      const type = () => page.getAttribute('#password', 'type');
      await page.fill('#password', NEW_PASSWORD);
      await page.getByLabel('Show password').check();
      await until('the password is shown', async () => (await type()) === 'text');
      let typeWhileSent: string | null = null;
      await page.route('**/auth/reset', async (route) => {
        typeWhileSent = await type();
        await route.fulfill({
          status: 503,
          headers: { 'retry-after': '3' },
          json: { code: 'service_unavailable' },
        });
      });
      await page.click('text=Change password');
      await result(page, 'Please wait 3 seconds');
      expect(typeWhileSent).toBe('password');
      expect(await type()).toBe('text');
    });

    it('offers a new link for a used one, and the new link works', async () => {
      const { email, token } = await newResetLink();
      await app.patch('/auth/reset', { token, password: NEW_PASSWORD }).expect(200);
      const page = await open(`/reset#token=${token}`);
      await choosePassword(page, NEW_PASSWORD);
      await result(page, 'This link was already used');
      expect(await page.locator('#password').count()).toBe(0);

      await requestLink(page, email);
      await result(page, 'A mail is on its way');
      expect(await focusedId(page)).toBe('result');
      const password = 'a third horse battery staple';
      const newToken = await linkToken(email, 'reset', 2);
      await Promise.all([page.waitForEvent('load'), page.goto(`${app.url}/reset#token=${newToken}`)]);
      await choosePassword(page, password);
      await result(page, 'Your password was changed');
      await logIn(app, email, { password });
    });

    it('offers a new link when it is opened without a token', async () => {
      const page = await open('/reset');
      await result(page, 'incomplete');
      await requestLink(page, 'nobody@localhost');
      await result(page, 'This is not an e-mail address');
    });

    it('can be tried again after the connection was lost', async () => {
      const { token } = await newResetLink();
      const page = await open(`/reset#token=${token}`);
      await context?.setOffline(true);
      await choosePassword(page, NEW_PASSWORD);
      await result(page, 'The server cannot be reached');
      await context?.setOffline(false);
      await page.click('text=Change password');
      await result(page, 'Your password was changed');
    });

    it('does not follow a redirect with the token', async () => {
      const page = await open(`/reset#token=${UNKNOWN_TOKEN}`);
      await page.route('**/auth/reset', (route) =>
        route.fulfill({ status: 307, headers: { location: `${app.url}/elsewhere` } }),
      );
      await choosePassword(page, NEW_PASSWORD);
      await result(page, 'The server cannot be reached');
      expect(writes).toEqual(['PATCH /auth/reset']);
    });

    it('works below the prefix of a proxy', async () => {
      const { token } = await newResetLink();
      const proxy = await PrefixProxy.start(app.url, '/identity');
      try {
        const page = await open(`/reset#token=${token}`, {}, proxy.url);
        await choosePassword(page, NEW_PASSWORD);
        await result(page, 'Your password was changed');
        expect(writes).toEqual(['PATCH /identity/auth/reset']);
      } finally {
        await context?.close();
        context = undefined;
        await proxy.stop();
      }
    });

    it('can be used with the keyboard only', async () => {
      const { email, token } = await newResetLink();
      const page = await open(`/reset#token=${token}`);
      await page.keyboard.press('Tab');
      expect(await focusedId(page)).toBe('password');
      await page.keyboard.type(NEW_PASSWORD);
      await page.keyboard.press('Tab');
      await page.keyboard.press('Space');
      expect(await page.getByLabel('Show password').isChecked()).toBe(true);
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await result(page, 'Your password was changed');
      await logIn(app, email, { password: NEW_PASSWORD });
    });

    it('takes the token of another link that is opened in the same tab', async () => {
      const { email, token } = await newResetLink();
      const page = await open(`/reset#token=${UNKNOWN_TOKEN}`);
      await Promise.all([page.waitForEvent('load'), page.goto(`${app.url}/reset#token=${token}`)]);
      await choosePassword(page, NEW_PASSWORD);
      await result(page, 'Your password was changed');
      await logIn(app, email, { password: NEW_PASSWORD });
    });
  });

  describe('languages', () => {
    it.each([
      ['de-AT', 'de', 'Neues Passwort wählen', 'ltr'],
      ['ar-EG', 'ar', 'اختر كلمة مرور جديدة', 'rtl'],
      ['zh-Hant-TW', 'zh', '设置新密码', 'ltr'],
      ['sv-SE', 'en', 'Choose a new password', 'ltr'],
    ])('follows the browser: %s', async (browserLanguage, language, heading, direction) => {
      const page = await open('/reset', { locale: browserLanguage });
      expect(await page.textContent('h1')).toBe(heading);
      expect(await page.title()).toBe(`${heading} · Acme`);
      const shown = await page.evaluate(() => {
        const { lang, dir } = document.documentElement;
        return [lang, dir];
      });
      expect(shown).toEqual([language, direction]);
    });

    it('changes at the foot of the page, keeps what was typed and the token, and stays chosen', async () => {
      const { token } = await newResetLink();
      const page = await open(`/reset#token=${token}`);
      await page.fill('#password', NEW_PASSWORD);
      for (const locale of LOCALES) {
        await page.selectOption('footer select', locale);
        await until(locale, () => page.evaluate((lang) => document.documentElement.lang === lang, locale));
      }
      await page.selectOption('footer select', 'fr');
      await page.locator('h1').getByText('Choisir un nouveau mot de passe').waitFor();
      expect(await page.inputValue('#password')).toBe(NEW_PASSWORD);
      await page.click('text=Changer le mot de passe');
      await result(page, 'Votre mot de passe a été changé');
      await page.selectOption('footer select', 'es');
      await result(page, 'Su contraseña se ha cambiado');
      await page.goto(`${app.url}/undo`);
      await page.locator('h1').getByText('Deshacer un cambio').waitFor();
    });
  });

  describe('/undo and /undo-deletion', () => {
    it('undoes a change of the address', async () => {
      const email = newEmail();
      const person = await signUp(app, email);
      await changeContact(app, person, { email: newEmail() });
      const page = await open(`/undo#token=${await undoToken(app, email)}`);
      await page.reload();
      await page.locator('form').waitFor();
      expect(writes).toEqual([]);
      await page.getByRole('button', { name: 'Undo the change' }).click();
      await result(page, 'The change was undone');
      expect(await focusedId(page)).toBe('result');
      expect(writes).toEqual(['POST /users/contact/undo']);
      expect(await historyState(page)).toBeNull();
    });

    it('undoes a deletion', async () => {
      const email = newEmail();
      const person = await signUp(app, email);
      await person.delete('/users/me').expect(204);
      const page = await open(`/undo-deletion#token=${await linkToken(email, 'undo-deletion')}`);
      await page.reload();
      await page.getByRole('button', { name: 'Undo the deletion' }).click();
      await result(page, 'The deletion was undone');
      expect(writes).toEqual(['POST /users/deletion/undo']);
      await logIn(app, email);
    });

    it.each(['/undo', '/undo-deletion'])(
      '%s refuses an unknown token and offers a new link',
      async (path) => {
        const page = await open(`${path}#token=${UNKNOWN_TOKEN}`);
        await page.click('main form button');
        await result(page, 'This link was already used');
        await page.getByLabel('E-mail address').waitFor();
        expect(await historyState(page)).toBeNull();
      },
    );

    it('mails the link again to the former address', async () => {
      const email = newEmail();
      const person = await signUp(app, email);
      await changeContact(app, person, { email: newEmail() });
      await undoToken(app, email);
      const page = await open('/undo');
      await requestLink(page, email);
      await result(page, 'A mail is on its way');
      await undoToken(app, email, 2);
    });
  });

  describe('/sign-in', () => {
    async function newSignInLink(email: string): Promise<string> {
      await app.post('/auth/send_otp', { email }).expect(201);
      return linkToken(email, 'sign-in');
    }

    it('signs in when the button is pressed, not before, and says that it is for this page only', async () => {
      const email = newEmail();
      await signUp(app, email);
      const page = await open(`/sign-in#token=${await newSignInLink(email)}`);
      await page.reload();
      await page.locator('form').waitFor();
      expect(writes).toEqual([]);
      expect(page.url()).toBe(`${app.url}/sign-in`);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await result(page, `You are signed in as ${email}, on this page only.`);
      expect(writes).toEqual(['POST /auth/link']);
      expect(await historyState(page)).toBeNull();
      // Nothing uses the tokens later, so the browser keeps none.
      expect(await page.evaluate('Object.keys(localStorage)')).toEqual([]);
    });

    it('says that no account has the address', async () => {
      const page = await open(`/sign-in#token=${await newSignInLink(newEmail())}`);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await result(page, 'no account has it');
    });

    it('offers to give a former address back', async () => {
      const email = newEmail();
      await changeContact(app, await signUp(app, email), { email: newEmail() });
      await undoToken(app, email);
      const page = await open(`/sign-in#token=${await newSignInLink(email)}`);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('link', { name: 'Give the address back' }).click();
      await page.getByRole('button', { name: 'Undo the change' }).click();
      await result(page, 'The change was undone');
    });

    it('offers a new link for a used one, and the new link works', async () => {
      const email = newEmail();
      await signUp(app, email);
      const page = await open(`/sign-in#token=${UNKNOWN_TOKEN}`);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await result(page, 'This link was already used');
      await requestLink(page, email);
      await result(page, 'A mail is on its way');
      const token = await linkToken(email, 'sign-in');
      await Promise.all([page.waitForEvent('load'), page.goto(`${app.url}/sign-in#token=${token}`)]);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await result(page, `You are signed in as ${email}`);
    });
  });

  it('/demo signs in, and shows each request with its body, status and reply', async () => {
    const email = newEmail();
    await signUp(app, email);
    const page = await open('/demo');
    await page.getByLabel('E-mail address').fill(email);
    const { otp } = await app.codeOf(email, () => page.keyboard.press('Enter'));
    await page.locator('.exchange', { hasText: 'POST /auth/send_otp 201' }).waitFor();
    await page.locator('otp-code-input input').first().fill(otp);
    const verified = page.locator('.exchange', { hasText: 'POST /auth/verify_otp 201' });
    await verified.getByText('"accessToken"').waitFor();
    expect(await verified.textContent()).toContain(`"otp": "${otp}"`);
    await page.locator('otp-sign-in').getByText(email).first().waitFor();
  });

  it('/ links to pages that exist', async () => {
    const page = await open('/');
    const links = await page
      .locator('main a')
      .evaluateAll((found) => found.map((link) => (link as unknown as { href: string }).href));
    expect(links.map((link) => link.replace(app.url, ''))).toEqual([
      '/demo',
      '/docs',
      '/inbox',
      '/inbox/preview',
      '/openapi.json',
    ]);
    for (const link of links) expect((await fetch(link)).status).toBe(200);
  });

  describe('/inbox', () => {
    const send = async (address: object) => {
      await app.post('/auth/send_otp', address).expect(201);
    };

    it('shows new messages without losing selection, focus and the open message', async () => {
      const [email, phone] = [newEmail(), '+14155550123'];
      await send({ phone });
      await app.code(phone);
      const page = await open('/inbox');
      await page.locator('.entry', { hasText: phone }).first().click();
      await page.locator('.phone .bubble').waitFor();
      await page.focus('#recipient');
      const selected = await page.evaluate(() => {
        const range = document.createRange();
        range.selectNodeContents(document.querySelector('.bubble'));
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        return getSelection().toString();
      });
      expect(selected).toContain('code to sign in');

      await send({ email });
      await page.locator('.entry', { hasText: email }).first().waitFor();
      expect(await page.locator('.entry').first().textContent()).toContain(email);
      expect(await page.evaluate(() => getSelection().toString())).toBe(selected);
      expect(await focusedId(page)).toBe('recipient');
      expect(await page.locator('.phone').count()).toBe(1);
      expect(await page.locator('[role=status]').textContent()).toContain(`New message to ${email}`);
    });

    it('shows messages that were sent while the connection was lost', async () => {
      await send({ email: newEmail() });
      const page = await open('/inbox');
      await page.locator('.entry').first().waitFor();
      await page.route('**/inbox/events', (route) => route.abort());
      await page.evaluate(
        "Object.defineProperty(document, 'hidden', { value: true, configurable: true }); " +
          "document.dispatchEvent(new Event('visibilitychange'))",
      );
      const email = newEmail();
      await send({ email });
      await app.code(email);
      await page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))");
      await page.locator('[role=status]').getByText('No connection to the server').waitFor();
      await page.unroute('**/inbox/events');
      await page.locator('.entry', { hasText: email }).first().waitFor();
      expect(await page.locator('[role=status]').textContent()).not.toContain('No connection');
    });

    it('filters by recipient, copies the code and opens the link with one click', async () => {
      const { email, token } = await newResetLink();
      await send({ email: newEmail() });
      const page = await open('/inbox', { permissions: ['clipboard-read', 'clipboard-write'] });
      await page.getByLabel('Recipient').fill(email);
      await until('only these messages', async () => {
        const texts = await page.locator('.entry').allTextContents();
        return texts.length > 0 && texts.every((text) => text.includes(email));
      });
      const code = await app.code(email);
      await page.locator('li').getByText(`Copy ${code}`).first().click();
      await page.locator('li').getByText(`${code} copied`).waitFor();
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(code);
      await context?.route('**/reset', (route) => route.fulfill({ body: 'opened' }));
      const [tab] = await Promise.all([
        page.waitForEvent('popup'),
        page.locator('li').getByText('Open link').first().click(),
      ]);
      await tab.waitForURL(`**/reset#token=${token}`);
    });

    it('shows each channel as a person sees it', async () => {
      const page = await open('/inbox');
      const phone = '+4915112345678';
      for (const [channel, name] of [
        ['sms', 'SMS'],
        ['whatsapp', 'WhatsApp'],
        ['voice', 'Voice call'],
      ] as const) {
        await app.post('/otp/generate', { phone_number: phone, channel, locale: 'en' }).expect(200);
        await page.locator('.entry', { hasText: phone }).filter({ hasText: name }).first().click();
        await page.locator(`.phone.${channel} .bubble`).getByText('verification code').waitFor();
      }
    });

    it('shows the HTML of a mail in a frame that runs no script and loads nothing', async () => {
      const email = newEmail();
      await send({ email });
      const page = await open(`/inbox?to=${email}`);
      const frame = page.frameLocator('.mail-html');
      await frame.getByText('Your code to sign in is').waitFor();
      const color = await frame
        .locator('div')
        .first()
        .evaluate((element) => {
          const { getComputedStyle } = globalThis as unknown as {
            getComputedStyle: (of: unknown) => { borderTopColor: string };
          };
          return getComputedStyle(element).borderTopColor;
        });
      expect(color).toBe('rgb(255, 212, 0)');

      const loaded: string[] = [];
      page.on('response', (response) => loaded.push(response.url()));
      await page.evaluate(
        (content) =>
          new Promise<void>((resolve) => {
            const element = document.querySelector('.mail-html');
            if (!element) return;
            element.onload = resolve;
            element.srcdoc = element.srcdoc.replace('</body>', content);
          }),
        `<script>parent.document.title = 'run'</script>
        <img src="${app.url}/health" onerror="parent.document.title = 'run'">
        <link rel="stylesheet" href="${app.url}/assets/x.css"><p id="end">end</p></body>`,
      );
      await frame.locator('#end').waitFor();
      expect(await page.title()).toBe('Inbox · Acme');
      expect(loaded.filter((url) => url !== 'about:srcdoc')).toEqual([]);
      // What the frame tried.
      faults = [];
    });

    it('shows markup in a message and in the address as text', async () => {
      const email = newEmail();
      const note = '<script>alert(1)</script><b>{{7*7}}</b>';
      await app.post('/otp/generate', { email, context: { note } }).expect(200);
      const page = await open('/inbox');
      await page.locator('.entry', { hasText: email }).first().click();
      await page.frameLocator('.mail-html').getByText(note).waitFor();
      await page.getByRole('button', { name: 'Plain text' }).click();
      await page.locator('.mail pre').getByText(note).waitFor();
      await page.goto(`${app.url}/inbox?to=${encodeURIComponent(note)}`);
      await page.getByText('No message to this recipient.').waitFor();
      expect(await page.title()).toBe('Inbox · Acme');
    });

    it('opens a message in place of the list on a phone, and the back button closes it', async () => {
      const page = await open('/inbox', { viewport: { width: 360, height: 740 } });
      await page.locator('.entry').first().click();
      await page.locator('.message').waitFor();
      expect(await page.locator('.list').isVisible()).toBe(false);
      await page.goBack();
      await page.locator('.list').waitFor();
      expect(await page.locator('.message').isVisible()).toBe(false);
    });
  });

  it('/inbox/preview shows every message in every language, side by side', async () => {
    const page = await open('/inbox/preview');
    await page.locator('.preview').first().waitFor();
    expect(await page.locator('select[name=message] option').allTextContents()).toEqual(MESSAGES);
    await page.selectOption('select[name=language]', 'all');
    for (const [message, examples] of [
      ['code', 2],
      ['password_reset', 1],
    ] as const) {
      await page.selectOption('select[name=message]', message);
      await until('all languages', async () => {
        return (await page.locator('.preview').count()) === examples * LOCALES.length;
      });
      const languages = await page
        .locator('.preview')
        .evaluateAll((found) => found.map((section) => (section as unknown as { lang: string }).lang));
      expect(new Set(languages)).toEqual(new Set(LOCALES));
    }
    await page.selectOption('select[name=message]', 'code.login');
    await page.selectOption('select[name=language]', 'en');
    await page.locator('.bubble').getByText('123456 is your Acme code to sign in.').waitFor();
    await page.getByText('GSM-7, characters: 94, segments: 1').waitFor();
    await page.frameLocator('.mail-html').getByText('Your code to sign in is').waitFor();
    expect(page.url()).toContain('?message=code.login&language=en');
  });

  describe('accessibility', () => {
    const refuse = async (page: Page) => {
      if ((await page.locator('#password').count()) > 0) await page.fill('#password', NEW_PASSWORD);
      await page.click('main form button');
      await page.locator('#email').waitFor();
    };
    const form = (page: Page) => page.locator('form').waitFor();
    const openMessage = async (page: Page) => {
      await page.locator('.entry').first().click();
      await page.locator('.message').waitFor();
    };
    const STATES: [name: string, path: string, act: (page: Page) => Promise<unknown>][] = [
      ['a form', `/reset#token=${UNKNOWN_TOKEN}`, form],
      ['a refused link', `/reset#token=${UNKNOWN_TOKEN}`, refuse],
      ['an incomplete link', '/reset', form],
      ['an undo', `/undo#token=${UNKNOWN_TOKEN}`, form],
      ['the undo of a deletion', `/undo-deletion#token=${UNKNOWN_TOKEN}`, form],
      ['a sign-in', `/sign-in#token=${UNKNOWN_TOKEN}`, form],
      ['the demo', '/demo', (page) => page.locator('otp-sign-in form').waitFor()],
      ['the start page', '/', (page) => page.locator('.tiles').waitFor()],
      ['the inbox', '/inbox', (page) => page.locator('.entry').first().waitFor()],
      ['a message', '/inbox', openMessage],
      ['the previews', '/inbox/preview', (page) => page.locator('.preview').first().waitFor()],
    ];
    beforeAll(async () => {
      const email = 'a.person.with.a.rather.long.name@a-rather-long-domain.example.com';
      await signUp(app, email);
      await app.post('/auth/forgot', { email }).expect(202);
      await linkToken(email, 'reset');
    });

    it.each(STATES)('has no violation and fits: %s', async (_, path, act) => {
      for (const locale of ['en', 'ar']) {
        const page = await open(path, { locale });
        await act(page);
        expect([locale, await violations(page)]).toEqual([locale, []]);
      }
    });
  });
});
