import { randomBytes } from 'node:crypto';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { PASSWORD, signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { describeInBrowser, launchBrowser } from '../support/browser.js';
import { LossyProxy } from '../support/lossy-proxy.js';
import { servePages, type PageServer } from '../support/page-server.js';
import { until } from '../support/until.js';

const REFRESH = 'POST /auth/refresh';

/** What the pages have in `window`. */
interface Auth {
  user: { email: string } | null;
  sendCode: (address: object) => Promise<{ delivery: (listener: (status: object) => void) => void }>;
  verifyCode: (challenge: object, code: string) => Promise<object>;
  signInWithPassword: (credentials: object) => Promise<object>;
  accessToken: () => Promise<string | null>;
  signOut: () => Promise<void>;
}
declare const auth: Auth;
declare const localStorage: {
  getItem: (key: string) => string | null;
  setItem: (key: string, value: string) => void;
  removeItem: (key: string) => void;
};

describeInBrowser('client in a browser', () => {
  let app: TestApp;
  let proxy: LossyProxy;
  let pages: PageServer;
  let browser: Browser;
  let context: BrowserContext;

  beforeAll(async () => {
    pages = await servePages();
    const CORS_ORIGINS = `http://127.0.0.1:${pages.port},http://localhost:${pages.port}`;
    app = await TestApp.start({ BCRYPT_COST: '4', CORS_ORIGINS });
    proxy = await LossyProxy.start(app.url);
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await proxy?.stop();
    await pages?.stop();
    await app?.stop();
  });
  beforeEach(async () => {
    context = await browser.newContext();
  });
  afterEach(() => context.close());

  /** The server is at 127.0.0.1, so a page at `localhost` is on another site. */
  async function openTab({ host = '127.0.0.1', port = pages.port } = {}): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`http://${host}:${port}/`);
    await page.evaluate(async (url) => {
      const script: string = '/client/index.js';
      const { createClient } = (await import(script)) as {
        createClient: (options: object) => Auth;
      };
      Object.assign(globalThis, { auth: createClient({ url }) });
    }, proxy.url);
    return page;
  }

  async function signIn(page: Page, email: string): Promise<void> {
    await signUp(app, email);
    await page.evaluate((credentials) => auth.signInWithPassword(credentials), { email, password: PASSWORD });
  }

  const accessToken = (page: Page) => page.evaluate(() => auth.accessToken());
  const userOf = (page: Page) => page.evaluate(() => auth.user?.email ?? null);
  const stored = (page: Page, suffix = '') =>
    page.evaluate((key) => localStorage.getItem(key), `otp-auth:${proxy.url}${suffix}`);

  /** Makes the stored access token look as if it had been received an hour ago. */
  async function expire(page: Page): Promise<void> {
    const session = JSON.parse((await stored(page)) ?? '') as object;
    const text = JSON.stringify({ ...session, receivedAt: Date.now() - 3_600_000 });
    await page.evaluate(([key, value]) => localStorage.setItem(key, value), [
      `otp-auth:${proxy.url}`,
      text,
    ] as const);
  }

  it.each([
    ['with Web Locks', true],
    ['without Web Locks', false],
  ])('refreshes once for two tabs %s', async (_, hasLocks) => {
    if (!hasLocks)
      await context.addInitScript(
        'Object.defineProperty(Navigator.prototype, "locks", { value: undefined })',
      );
    const [first, second] = [await openTab(), await openTab()];
    await signIn(first, `tabs-${hasLocks}@example.com`);
    await expire(first);
    const count = proxy.count(REFRESH);
    const tokens = await Promise.all([first, second, first, second].map(accessToken));
    expect(new Set(tokens).size).toBe(1);
    expect(tokens[0]).toBeTruthy();
    expect(proxy.count(REFRESH)).toBe(count + 1);
  });

  it.each(['127.0.0.1', 'localhost'])(
    'keeps the person signed in when the reply to a refresh is lost, on a page at %s',
    async (host) => {
      const [page, other] = [await openTab({ host }), await openTab({ host })];
      const email = `lost-${host}@example.com`;
      await signIn(page, email);
      await expire(page);
      proxy.loseReply(REFRESH, { afterHeaders: true });
      expect(
        await page.evaluate(() => auth.accessToken().catch((error: { code: string }) => error.code)),
      ).toBe('network_error');
      expect(await userOf(page)).toBe(email);
      await app.age(60);
      const token = await accessToken(other);
      expect(token).toBeTruthy();
      expect(await accessToken(page)).toBe(token);
      await app.get('/users/me').set('authorization', `Bearer ${token}`).expect(200);
    },
  );

  it('tells all tabs who is signed in', async () => {
    const [first, second] = [await openTab(), await openTab()];
    await signIn(first, 'shared@example.com');
    await until('the second tab knows', async () => (await userOf(second)) === 'shared@example.com');
    await second.evaluate(() => auth.signOut());
    await until('the first tab knows', async () => (await userOf(first)) === null);
    expect(await accessToken(first)).toBeNull();
  });

  it('tells all tabs who is signed in when the integrator keeps the tokens', async () => {
    // Its keys differ, so the events of `localStorage` do not help.
    const openOwnTab = async () => {
      const page = await openTab();
      await page.evaluate(async (url) => {
        const pause = () => new Promise((resolve) => setTimeout(resolve, 50));
        const script: string = '/client/index.js';
        const { createClient } = (await import(script)) as { createClient: (options: object) => Auth };
        const storage = {
          getItem: async (key: string) => (await pause(), localStorage.getItem(`own:${key}`)),
          setItem: async (key: string, value: string) => (
            await pause(),
            localStorage.setItem(`own:${key}`, value)
          ),
          removeItem: async (key: string) => (await pause(), localStorage.removeItem(`own:${key}`)),
        };
        Object.assign(globalThis, { auth: createClient({ url, storage }) });
      }, proxy.url);
      return page;
    };
    const [first, second] = [await openOwnTab(), await openOwnTab()];
    await signIn(first, 'own@example.com');
    await until('the second tab knows', async () => (await userOf(second)) === 'own@example.com');
    await second.evaluate(() => auth.signOut());
    await until('the first tab knows', async () => (await userOf(first)) === null);
  });

  it.each([
    ['127.0.0.1', 'in a cookie'],
    ['localhost', 'in the storage'],
  ])('is recognised as a device on a page at %s, %s', async (host, where) => {
    const page = await openTab({ host });
    const email = `device-${host}@example.com`;
    await signIn(page, email);
    await page.evaluate(() => auth.signOut());
    expect(await stored(page, ':device')).toEqual(
      where === 'in a cookie' ? null : expect.stringMatching(/^[\w-]{20,}$/),
    );
    // The wait of the public lane does not concern a recognised device.
    await app.age(3_600);
    await app.post('/auth/send_otp', { email }).expect(201);
    const challenge = await page.evaluate((address) => auth.sendCode(address), { email });
    expect(challenge).toMatchObject({ channel: 'email' });
  });

  it('follows the delivery of a code', async () => {
    const page = await openTab({ host: 'localhost' });
    const states: string[] = [];
    await page.exposeFunction('onStatus', ({ status, delivery }: Record<string, string>) =>
      states.push(`${status} ${delivery}`),
    );
    await page.evaluate(async () => {
      const challenge = await auth.sendCode({ phone: '+14155550123' });
      challenge.delivery((status) =>
        (globalThis as unknown as { onStatus: (s: object) => void }).onStatus(status),
      );
      Object.assign(globalThis, { challenge });
    });
    await until('the message was sent', () => states.includes('pending sent'));
    const code = await app.code('+14155550123');
    await page.evaluate(
      (otp) => auth.verifyCode((globalThis as unknown as { challenge: object }).challenge, otp),
      code,
    );
    await until('the code is approved', () => states.at(-1)?.startsWith('approved'));
  });

  describe('proof of work', () => {
    /** Lets the server of the page ask for a proof before it sends a code. */
    async function demandProof(page: Page): Promise<unknown[]> {
      const proofs: unknown[] = [];
      const parameters = {
        algorithm: 'PBKDF2/SHA-256',
        nonce: randomBytes(16).toString('hex'),
        salt: randomBytes(16).toString('hex'),
        cost: 1_000,
        keyLength: 32,
        keyPrefix: '0a',
      };
      await page.route('**/auth/send_otp', async (route) => {
        const headers = {
          'access-control-allow-origin': (await route.request().headerValue('origin')) ?? '',
          'access-control-allow-credentials': 'true',
          'access-control-allow-headers': 'content-type',
        };
        const { proofOfWork } = (route.request().postDataJSON() ?? {}) as { proofOfWork?: string };
        if (proofOfWork) proofs.push(JSON.parse(atob(proofOfWork)));
        const json = proofOfWork
          ? { challenge: { id: 'solved' } }
          : { code: 'proof_of_work_required', proofOfWork: { parameters } };
        await route.fulfill({ status: proofOfWork ? 200 : 403, headers, json });
      });
      return proofs;
    }

    const sendCode = (page: Page) => page.evaluate(() => auth.sendCode({ email: 'ada@example.com' }));

    it('is solved in workers', async () => {
      const page = await openTab();
      const proofs = await demandProof(page);
      let workers = 0;
      page.on('worker', () => workers++);
      expect(await sendCode(page)).toMatchObject({ id: 'solved' });
      expect(proofs).toEqual([
        expect.objectContaining({
          solution: { counter: expect.any(Number), derivedKey: expect.stringMatching(/^0a/) },
        }),
      ]);
      expect(workers).toBeGreaterThan(0);
    });

    it('is solved in the page where its policy forbids workers', async () => {
      const strict = await servePages({ 'content-security-policy': `worker-src 'none'` });
      try {
        const page = await openTab({ port: strict.port });
        await demandProof(page);
        let workers = 0;
        page.on('worker', () => workers++);
        expect(await sendCode(page)).toMatchObject({ id: 'solved' });
        expect(workers).toBe(0);
      } finally {
        await strict.stop();
      }
    });
  });
});
