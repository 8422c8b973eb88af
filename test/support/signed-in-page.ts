import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import type { Person } from './accounts.js';
import type { TestApp } from './app.js';

declare const localStorage: { setItem: (key: string, value: string) => void };

/** Opens pages for signed-in people and collects what goes wrong on them. */
export class SignedInPages {
  /** Violations of the content security policy, and uncaught errors. */
  readonly faults: string[] = [];
  private readonly contexts: BrowserContext[] = [];

  constructor(
    private readonly app: TestApp,
    private readonly browser: Browser,
  ) {}

  /** Opens a page in a new browser profile, in which the person is signed in already. */
  async open(path: string, person?: Person, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.browser.newContext({
      locale: 'en-US',
      viewport: { width: 1280, height: 800 },
      ...options,
    });
    this.contexts.push(context);
    await context.exposeFunction('reportFault', (fault: string) => this.faults.push(fault));
    await context.addInitScript(
      `addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
        reportFault(violatedDirective + ' ' + blockedURI))`,
    );
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on('pageerror', (error) => this.faults.push(error.message));
    if (person) {
      await page.goto(`${this.app.url}/health`);
      await page.evaluate(([key, value]) => localStorage.setItem(key, value), [
        `otp-auth:${this.app.url}`,
        await this.session(person),
      ] as const);
    }
    await page.goto(this.app.url + path);
    await page.locator('h1').waitFor({ state: 'attached' });
    return page;
  }

  async close(): Promise<void> {
    await Promise.all(this.contexts.splice(0).map((context) => context.close()));
    this.faults.length = 0;
  }

  /** As the client stores it. */
  private async session(person: Person): Promise<string> {
    const { body: user } = await person.get('/users/me').expect(200);
    const { accessToken, refreshToken } = person;
    return JSON.stringify({ accessToken, refreshToken, user, receivedAt: Date.now(), expiresIn: 900 });
  }
}
