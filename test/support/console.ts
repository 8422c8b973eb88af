import type { Browser, Page } from 'playwright-core';
import { logIn, signUp, type Person } from './accounts.js';
import { TestApp } from './app.js';
import { launchBrowser } from './browser.js';
import { SignedInPages } from './signed-in-page.js';

/** The console of a server, and an administrator who uses it. */
export class TestConsole {
  private constructor(
    readonly app: TestApp,
    readonly pages: SignedInPages,
    private readonly browser: Browser,
    public admin: Person,
  ) {}

  static async start(settings: Record<string, string> = {}): Promise<TestConsole> {
    const [app, browser] = await Promise.all([
      TestApp.start({ BCRYPT_COST: '4', BRAND_NAME: 'Acme', ...settings }),
      launchBrowser(),
    ]);
    const { user, email } = await signUp(app, 'admin@example.com');
    await app.sql(`update users set roles = '{user,admin}' where id = $1`, [user.id]);
    return new TestConsole(app, new SignedInPages(app, browser), browser, await logIn(app, email));
  }

  open(tab: string): Promise<Page> {
    return this.pages.open(`/console#${tab}`, this.admin);
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.app.stop();
  }
}

export const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: true });

export const row = (page: Page, text: string) => page.getByRole('listitem').filter({ hasText: text }).first();
