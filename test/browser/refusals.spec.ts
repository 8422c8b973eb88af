import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext } from 'playwright-core';
import { changeContact, logIn, PASSWORD, signInByCode, signUp, type Person } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { createApplication } from '../support/applications.js';
import { describeInBrowser, launchBrowser } from '../support/browser.js';
import { Client } from '../support/client.js';
import { servePages, type PageServer } from '../support/page-server.js';
import { ServerProcess } from '../support/server.js';
import { SignInPage } from '../support/sign-in-page.js';
import { until } from '../support/until.js';
import { wrongCode } from '../support/wrong-code.js';

const APP_SECRET = 'an-app-secret-of-more-than-32-characters';
const DAY_AND_TIME = /Try again at .*\d:\d\d/;
/** The network of this machine, as budgets count it. */
const NETWORK = 'network:127.0.0.0/24';

describeInBrowser('refusals in <otp-sign-in>, and the way forward', () => {
  let app: TestApp;
  let admin: Person;
  let pages: PageServer;
  let browser: Browser;
  let context: BrowserContext;
  let opened: SignInPage[] = [];

  beforeAll(async () => {
    pages = await servePages();
    app = await TestApp.start({
      ...settings(),
      BCRYPT_COST: '4',
      FRAUD_MODE: 'enforce',
      OTP_CHANNELS: 'sms,email,whatsapp',
      SMS_ALLOWED_COUNTRIES: 'US,DE',
    });
    await signUp(app, 'admin@example.com');
    await app.sql(`update users set roles = '{user,admin}'`);
    admin = await logIn(app, 'admin@example.com');
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await pages?.stop();
    await app?.stop();
  });
  beforeEach(async () => {
    opened = [];
    context = await browser.newContext({ viewport: { width: 360, height: 800 } });
    await app.sql('delete from budget_counters');
  });
  afterEach(async () => {
    const faults = opened.flatMap((page) => page.faults);
    await context.close();
    expect(faults).toEqual([]);
  });

  const settings = () => ({ CORS_ORIGINS: `http://localhost:${pages.port}` });

  /** The page is on another site than the server. */
  async function open(attributes: Record<string, string> = {}, server = app.url): Promise<SignInPage> {
    const url = `http://localhost:${pages.port}/`;
    const page = await SignInPage.open(context, { page: url, server, ...attributes });
    opened.push(page);
    return page;
  }

  let count = 0;
  const newEmail = () => `person-${++count}@example.com`;
  const newPhone = () => `+1415555${2000 + ++count}`;
  /** A page at the step for a code that was just sent to a new address. */
  async function openAtCode(): Promise<{ page: SignInPage; email: string; code: string }> {
    const page = await open();
    const email = newEmail();
    const { otp } = await app.codeOf(email, () => page.send({ email }));
    await page.waitForTitle('Enter the code');
    return { page, email, code: otp };
  }

  /** Counts in a budget what nobody sent or guessed. */
  const use = (key: string, { hour = 0, day = hour }: { hour?: number; day?: number }) =>
    app.sql('insert into budget_counters (key, hour_sent, day_sent) values ($1, $2, $3)', [key, hour, day]);

  /** The person reads why and until when, cannot send again, and can use another method. */
  async function expectBlocked(page: SignInPage, text: string): Promise<void> {
    await page.waitForNotice(text);
    await page.waitForNotice(DAY_AND_TIME);
    expect(await page.$('.primary').getAttribute('aria-disabled')).toBe('true');
    await page.button('Use a password').click();
    expect(await page.$('#password').isVisible()).toBe(true);
    expect(await page.$('.primary').getAttribute('aria-disabled')).toBe('false');
  }

  describe('limits', () => {
    it('otp_send_limit: the twenty-first message of a day to an address', async () => {
      const page = await open();
      const email = newEmail();
      await use(`to:email:${email}`, { day: 20 });
      await page.send({ email });
      await expectBlocked(page, 'Too many codes were sent to this address.');
    });

    it('network_send_limit: too many messages from the network', async () => {
      const page = await open();
      await use(NETWORK, { hour: 21 });
      await page.send({ email: newEmail() });
      await expectBlocked(page, 'There were too many requests from your network.');
    });

    it('application_send_limit: too many messages of the application', async () => {
      const origins = [`http://localhost:${pages.port}`];
      const limits = { messagesPerDay: 0 };
      const { id } = await createApplication(app, admin, { kind: 'browser', origins, limits });
      const page = await open({ 'application-id': id });
      await page.send({ email: newEmail() });
      await expectBlocked(page, 'No more messages can be sent at the moment.');
    });

    it('otp_guess_limit: too many wrong codes, at the code and at the next request for one', async () => {
      const { page, email, code } = await openAtCode();
      await app.sql(
        `update challenges set failures = 30, failures_since = now(), failed_at = now() where recipient = $1`,
        [`email:${email}`],
      );
      await page.type(code);
      await expectBlocked(page, 'Too many wrong codes were entered for this address.');
    });

    it('password_guess_limit: too many wrong passwords', async () => {
      const { email } = await signUp(app, newEmail());
      const page = await open();
      await page.choose('password');
      await use(`password:email:${email}`, { day: 15 });
      await page.send({ email, password: PASSWORD });
      await page.waitForNotice('Too many wrong passwords were entered.');
      await page.waitForNotice(DAY_AND_TIME);
      const { otp } = await app.codeOf(email, async () => {
        await page.button('Get a code by e-mail').click();
        await page.send({});
      });
      await page.type(otp);
      expect(await page.signedInEmail()).toBe(email);
    });

    it('phone_send_limit: a blocked number, and another way', async () => {
      const until = new Date(Date.now() + 5_400_000).toISOString();
      const block = { prefix: '+1312', until, reason: 'Pumped numbers.' };
      await admin.post('/fraud/blocks', block).expect(201);
      const page = await open();
      await page.choose('phone');
      await page.send({ phone: '+13125550001' });
      await page.waitForNotice('We cannot send to this number at the moment.');
      await page.waitForNotice(DAY_AND_TIME);
      await page.button('Get a code by e-mail').click();
      await page.send({ email: newEmail() });
      await page.waitForTitle('Enter the code');
    });
  });

  describe('proofs of work', () => {
    /** The bodies of all requests for a code. */
    function sentBy(page: SignInPage): { proofOfWork?: string }[] {
      const bodies: { proofOfWork?: string }[] = [];
      page.page.on('request', (request) => {
        if (request.method() === 'POST' && request.url() === `${app.url}/auth/send_otp`)
          bodies.push(request.postDataJSON() as { proofOfWork?: string });
      });
      return bodies;
    }

    it.each([
      ['network', 'email', NETWORK, { hour: 6 }],
      ['range of numbers', 'phone', 'prefix:+1415555', { hour: 6 }],
      ['address', 'email', 'to', { day: 6 }],
    ] as const)(
      'is solved in a worker when the free part of the %s is used up',
      async (_, method, key, used) => {
        const page = await open();
        await page.choose(method);
        const address = method === 'phone' ? newPhone() : newEmail();
        await use(key === 'to' ? `to:${method}:${address}` : key, used);
        const bodies = sentBy(page);
        await page.send({ [method]: address });
        await page.waitForTitle('Enter the code');
        expect(bodies.map(({ proofOfWork }) => typeof proofOfWork)).toEqual(['undefined', 'string']);
        expect(page.workers.length).toBeGreaterThan(0);
        expect(page.workers.every((url) => url.startsWith('blob:'))).toBe(true);
        // The person notices nothing.
        const events = await page.page.evaluate<{ name: string }[]>('window.events');
        expect(events.map(({ name }) => name)).toEqual(['challenge-sent']);
      },
    );

    it('shows progress while a hard one is solved', async () => {
      const page = await open();
      const email = newEmail();
      await use(`to:email:${email}`, { day: 19 });
      await page.send({ email });
      await page.$('progress').waitFor();
      await page.waitForTitle('Enter the code');
    });

    it('is solved for a guess at a password', async () => {
      const { email } = await signUp(app, newEmail());
      const page = await open({ methods: 'password' });
      await use(`password:email:${email}`, { day: 11 });
      await page.send({ email, password: PASSWORD });
      expect(await page.signedInEmail()).toBe(email);
    });

    it('that the browser cannot solve: other methods', async () => {
      const page = await open();
      await page.refuse('/auth/send_otp', { status: 403, code: 'proof_of_work_required', proofOfWork: null });
      await page.send({ email: newEmail() });
      await page.waitForNotice('The security check does not work in this browser.');
      await page.button('Use a password').waitFor();
    });
  });

  describe('the server', () => {
    it('is not reachable: a browser that is offline', async () => {
      const page = await open();
      await context.setOffline(true);
      await page.send({ email: newEmail() });
      await page.waitForNotice('You are offline.');
      await context.setOffline(false);
      await page.send({});
      await page.waitForTitle('Enter the code');
    });

    it('is stopped and started again: the code that was sent before still works', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'otp-refusals-'));
      const start = (more: Record<string, string> = {}) =>
        ServerProcess.start({ NODE_ENV: 'test', DATA_DIR: folder, APP_SECRET, ...settings(), ...more });
      let server = await start();
      try {
        const page = await open({}, server.url);
        const email = newEmail();
        const client = new Client(server.url);
        const { otp } = await client.codeOf(email, () => page.send({ email }));
        await page.waitForTitle('Enter the code');
        await server.stop();
        await page.type(otp);
        await page.waitForNotice('The server cannot be reached.');
        server = await start({ PORT: new URL(server.url).port });
        await page.$('.primary').click();
        await page.waitForTitle('No account yet');
      } finally {
        await server.stop();
        rmSync(folder, { recursive: true });
      }
    });

    it('is busy with passwords: a timer, then again', async () => {
      const { email } = await signUp(app, newEmail());
      const page = await open({ methods: 'password,email' });
      await page.refuse('/auth/login', { status: 503, code: 'passwords_busy', retryAfter: 2 });
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

    it('got too many requests from this address: a timer', async () => {
      const limited = await TestApp.start({ ...settings(), IP_RATE_LIMIT: '10' });
      try {
        const page = await open({}, limited.url);
        await until('the limit', async () => {
          const { status } = await limited.post('/auth/login', { email: newEmail(), password: 'guess' });
          return status === 429;
        });
        await page.send({ email: newEmail() });
        await page.waitForNotice('There were too many requests from your network.');
        expect(await page.$('.primary').textContent()).toMatch(/[01]:\d\d/);
      } finally {
        await limited.stop();
      }
    });

    it('does not know the page as one of the application', async () => {
      const origins = ['https://shop.example.com'];
      const { id } = await createApplication(app, admin, { kind: 'browser', origins });
      const page = await open({ 'application-id': id });
      await page.send({ email: newEmail() });
      await page.waitForNotice('Signing in is not set up correctly on this page');
      expect(await page.event('problem')).toMatchObject({ problem: { code: 'origin_not_allowed' } });
    });
  });

  describe('codes, addresses and accounts', () => {
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

    it.each([
      ['internal_error', 500, 'Something went wrong (\u2068internal_error\u2069).'],
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
});
