import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { explainRefusal } from './refusals.js';
import type { SignedInTexts } from './texts.js';
import { Cancelled, withRecentSignIn } from './recent-sign-in.js';

/** What became of an act. The text is a function, because the person may change the language. */
export interface Notice<Texts> {
  kind: 'good' | 'bad';
  text: (texts: Texts) => string | TemplateResult;
}

type Act<Texts> = () => Promise<Notice<Texts>['text'] | void>;

/**
 * A part of a page with its own state. It has no shadow root, so that the style sheet of the page
 * applies and password managers find its fields.
 */
export abstract class Section<Texts extends SignedInTexts> extends LitElement {
  static override properties = {
    texts: { attribute: false },
    isBusy: { state: true },
    notice: { state: true },
  };
  declare texts: Texts;
  declare protected isBusy: boolean;
  declare protected notice: Notice<Texts> | null;
  private running?: Promise<boolean>;

  constructor() {
    super();
    this.isBusy = false;
    this.notice = null;
  }

  protected override createRenderRoot(): this {
    return this;
  }

  protected override shouldUpdate(_changes: PropertyValues): boolean {
    return (this.texts as unknown) !== undefined;
  }

  /**
   * Runs an act of the person and says what became of it. Asks for a new sign-in if the act needs
   * one. Does nothing while another act runs. Returns whether it succeeded.
   */
  protected run(act: Act<Texts>): Promise<boolean> {
    if (this.isBusy) return Promise.resolve(false);
    this.running = this.perform(act);
    return this.running;
  }

  /** Like `run`, but an act that runs already is waited for. */
  protected async runNext(act: Act<Texts>): Promise<boolean> {
    while (this.isBusy) await this.running;
    return this.run(act);
  }

  private async perform(act: Act<Texts>): Promise<boolean> {
    this.isBusy = true;
    this.notice = null;
    try {
      const text = await withRecentSignIn(act);
      if (text) this.notice = { kind: 'good', text };
      return true;
    } catch (error) {
      if (!(error instanceof Cancelled)) this.refuse(error);
      return false;
    } finally {
      this.isBusy = false;
    }
  }

  protected refuse(error: unknown): void {
    this.notice = { kind: 'bad', text: (texts) => explainRefusal(error, texts) };
  }

  /** The live region is always there, because screen readers follow only regions that they know. */
  protected renderNotice(): TemplateResult {
    const { notice, texts } = this;
    return html`<div class="notice-area" aria-live="polite">
      ${notice ? html`<p class="notice ${notice.kind}">${notice.text(texts)}</p>` : nothing}
    </div>`;
  }

  /** Moves the focus after the next rendering. */
  protected async focusOn(selector: string): Promise<void> {
    await this.updateComplete;
    this.querySelector<HTMLElement>(selector)?.focus();
  }
}

/** The values of a form by the names of its fields. */
export function valuesOf(event: Event): Record<string, string> {
  event.preventDefault();
  const entries = [...new FormData(event.target as HTMLFormElement)];
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
