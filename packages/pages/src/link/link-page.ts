import { html, nothing, type TemplateResult } from 'lit';
import { client } from '../shared/client.js';
import { PageElement } from '../shared/page-element.js';
import { codeOf, explain, refusedFields } from '../shared/problems.js';
import { server, SERVER_URL } from '../shared/server.js';
import { locale } from '../shared/texts.js';
import type linkTexts from '../texts/link/en.json';
import type sharedTexts from '../texts/shared/en.json';
import { forgetToken, takeToken } from './link-token.js';

export type Texts = typeof linkTexts & typeof sharedTexts;

/** What became of the form. The text is a function, because the person may change the language. */
export interface Result {
  kind: 'good' | 'bad';
  text: (texts: Texts) => string | TemplateResult;
}

/** Refusals that another attempt with the same link cannot change. */
const ACCOUNT_PROBLEMS = ['account_disabled', 'account_closed'];

/**
 * A page that a link in a message opens. Opening it sends nothing, so a mail scanner that follows the
 * link does not use up the token. It ends with a way onward: the page where people sign in, or a form
 * for a new link.
 */
export abstract class LinkPage extends PageElement<typeof linkTexts> {
  static override properties = { result: { state: true }, isBusy: { state: true } };
  declare protected result: Result | null;
  declare protected isBusy: boolean;
  protected readonly area = 'link';
  private token = takeToken();
  private needsLink = !this.token;
  private succeeded = false;

  constructor() {
    super();
    this.isBusy = false;
    this.result = this.token ? null : { kind: 'bad', text: ({ incomplete }) => incomplete };
    // Opening another link in the same tab changes only the hash.
    window.addEventListener('hashchange', () => location.reload());
  }

  /** The content of the form, with its button. */
  protected abstract renderForm(): TemplateResult;

  /** Sends the form. Returns what to say, or throws the problem. */
  protected abstract send(token: string): Promise<Result['text']>;

  /** Explains a refusal that is special to the page. */
  protected explainRefusal(_error: unknown): Result['text'] | undefined {
    return undefined;
  }

  protected async requestLink(email: string): Promise<void> {
    await client.requestPasswordReset({ email, locale });
  }

  protected override renderContent(): TemplateResult {
    const { result, texts } = this;
    return html`
      <h1>${this.heading}</h1>
      ${this.token ? html`<form @submit=${this.submit}>${this.renderForm()}</form>` : nothing}
      <p id="result" class=${result?.kind ?? ''} aria-live="polite" tabindex="-1">
        ${result?.text(texts) ?? nothing}
      </p>
      ${this.needsLink ? this.renderRequest() : nothing}
      ${
        this.succeeded && server.signInPage
          ? html`<a class="button" href=${new URL(server.signInPage, `${SERVER_URL}/`).href}
              >${texts.signIn}</a
            >`
          : nothing
      }
    `;
  }

  private renderRequest(): TemplateResult {
    const { texts } = this;
    return html`
      <form class="request" @submit=${this.request}>
        <h2>${texts.newLink}</h2>
        <label for="email">${texts.email}</label>
        <input
          id="email"
          class="field"
          type="email"
          autocomplete="email"
          required
          aria-describedby="email-hint result"
        />
        <p id="email-hint" class="hint">${texts.emailHint}</p>
        <button ?disabled=${this.isBusy}>${texts.sendLink}</button>
      </form>
    `;
  }

  private submit(event: Event): void {
    event.preventDefault();
    const { token } = this;
    if (!token) return;
    void this.run(async () => {
      try {
        const text = await this.send(token);
        this.end();
        this.succeeded = true;
        return { kind: 'good', text };
      } catch (error) {
        return { kind: 'bad', text: this.explainFailure(error) };
      }
    });
  }

  private request(event: Event): void {
    event.preventDefault();
    const field = this.querySelector<HTMLInputElement>('#email');
    void this.run(async () => {
      try {
        await this.requestLink(field?.value ?? '');
        this.needsLink = false;
        return { kind: 'good', text: ({ requested }) => requested };
      } catch (error) {
        const isInvalid = refusedFields(error).includes('email');
        return { kind: 'bad', text: (texts) => (isInvalid ? texts.emailInvalid : explain(error, texts)) };
      }
    });
  }

  /** Shows the result and moves the focus there, so that screen readers read it. */
  private async run(action: () => Promise<Result>): Promise<void> {
    this.isBusy = true;
    this.result = null;
    this.result = await action();
    this.isBusy = false;
    await this.updateComplete;
    this.focusResult();
  }

  protected focusResult(): void {
    this.querySelector<HTMLElement>('#result')?.focus();
  }

  private explainFailure(error: unknown): Result['text'] {
    const code = codeOf(error) ?? '';
    if (ACCOUNT_PROBLEMS.includes(code)) this.end();
    if (code.endsWith('_link_invalid') || refusedFields(error).includes('token')) {
      this.end();
      this.needsLink = true;
      return ({ linkInvalid }) => linkInvalid;
    }
    return this.explainRefusal(error) ?? ((texts) => explain(error, texts));
  }

  /** The token is of no use any more. */
  private end(): void {
    this.token = null;
    forgetToken();
  }
}
