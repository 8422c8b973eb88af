import type { BrowserContext, Locator, Page } from 'playwright-core';
import { until } from './until.js';

/** A page of an integrator with `<otp-sign-in>`, as the server delivers it, and what happens on it. */
export class SignInPage {
  /** Console errors, exceptions, and violations of the content security policy. */
  readonly faults: string[] = [];
  readonly workers: string[] = [];

  private constructor(
    readonly page: Page,
    private readonly server: string,
  ) {
    page.on('pageerror', ({ message }) => this.faults.push(message));
    page.on('worker', (worker) => this.workers.push(worker.url()));
    page.on('console', (message) => {
      // Chromium reports each refusal of the server, and requests without a connection.
      const isRefusal =
        /^Failed to load resource: (the server responded|net::ERR_(INTERNET|CONNECTION))/.test(
          message.text(),
        );
      if (message.type() === 'error' && !isRefusal) this.faults.push(message.text());
    });
  }

  /** `attributes` are those of the element. The element's events are kept in `window.events`. */
  static async open(
    context: BrowserContext,
    { page, server, ...attributes }: { page: string; server: string } & Record<string, string>,
  ): Promise<SignInPage> {
    const opened = new SignInPage(await context.newPage(), server);
    await opened.load(page, attributes);
    return opened;
  }

  async load(url: string, attributes: Record<string, string> = {}): Promise<void> {
    const { page, server } = this;
    await page.goto(url);
    await page.addScriptTag({ url: `${server}/elements.js`, type: 'module' });
    await page.evaluate(`{
      window.events = [];
      const element = document.createElement('otp-sign-in');
      for (const [name, value] of Object.entries(${JSON.stringify({ url: server, ...attributes })}))
        element.setAttribute(name, value);
      for (const name of ['signed-in', 'signed-out', 'challenge-sent', 'problem'])
        document.addEventListener(name, ({ detail: { problem, ...detail } }) =>
          // Of an error, only the message would arrive here.
          window.events.push({ name, ...detail, ...(problem && { problem: { ...problem } }) }));
      Object.assign(document.documentElement.style, { colorScheme: 'light dark', background: 'Canvas' });
      document.documentElement.lang = ${JSON.stringify(attributes.locale ?? 'en')};
      document.body.append(element);
    }`);
    await this.$('h2').waitFor();
  }

  $(selector: string): Locator {
    return this.page.locator(`otp-sign-in ${selector}`);
  }

  get title(): Promise<string | null> {
    return this.$('h2').textContent();
  }

  button(name: string | RegExp): Locator {
    return this.$('.card').getByRole('button', { name });
  }

  async choose(method: 'email' | 'phone' | 'password'): Promise<void> {
    await this.$(`input[value=${method}]`).check();
  }

  /** Fills in the form and sends it. */
  async send(fields: Partial<Record<'email' | 'phone' | 'password' | 'firstName', string>>): Promise<void> {
    for (const [name, value] of Object.entries(fields)) await this.$(`#${name}`).fill(value);
    await this.$('.primary').click();
  }

  async waitForTitle(title: string): Promise<void> {
    await this.$('h2')
      .filter({ hasText: new RegExp(`^${title}$`) })
      .waitFor();
  }

  async waitForNotice(text: string | RegExp): Promise<void> {
    await this.$('.notice').filter({ hasText: text }).waitFor();
  }

  async waitForError(text: string | RegExp): Promise<void> {
    await this.$('[part~=error]').filter({ hasText: text }).first().waitFor();
  }

  /** Types a code into the field that has the focus. The last digit sends it. */
  async type(text: string): Promise<void> {
    await this.waitForFocus('code');
    await this.page.keyboard.type(text);
  }

  async paste(text: string): Promise<void> {
    await this.waitForFocus('code');
    await this.page.evaluate(`{
      const data = new DataTransfer();
      data.setData('text', ${JSON.stringify(text)});
      let input = document.activeElement;
      while (input.shadowRoot?.activeElement) input = input.shadowRoot.activeElement;
      const options = { clipboardData: data, bubbles: true, cancelable: true, composed: true };
      input.dispatchEvent(new ClipboardEvent('paste', options));
    }`);
  }

  /** The id of the focused element inside `<otp-sign-in>`. */
  focused(): Promise<string | undefined> {
    return this.page.evaluate(`document.querySelector('otp-sign-in').shadowRoot.activeElement?.id`);
  }

  async waitForFocus(id: string): Promise<void> {
    await until(`the focus is at ${id}`, async () => (await this.focused()) === id);
  }

  /** Waits for an event of the element. */
  event<Detail extends object>(name: string): Promise<Detail> {
    return until(`event ${name}`, () =>
      this.page.evaluate<Detail>(`window.events.findLast((event) => event.name === ${JSON.stringify(name)})`),
    );
  }

  async signedInEmail(): Promise<string | null> {
    return (await this.event<{ user: { email: string | null } }>('signed-in')).user.email;
  }

  /** Answers requests to a route with a problem, as often as given, and then lets the server answer. */
  async refuse(path: string, problem: { status: number; code: string } & Record<string, unknown>, times = 1) {
    const origin = new URL(this.page.url()).origin;
    const headers = {
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'Date, Retry-After',
      ...(problem.retryAfter ? { 'retry-after': String(Number(problem.retryAfter)) } : {}),
    };
    await this.page.route(
      this.server + path,
      (route) =>
        route.fulfill({
          status: problem.status,
          headers,
          contentType: 'application/problem+json',
          body: JSON.stringify({ type: 'about:blank', title: 'Refused', detail: 'Refused.', ...problem }),
        }),
      { times },
    );
  }
}
