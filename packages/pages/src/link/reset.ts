import { html, type TemplateResult } from 'lit';
import { client } from '../shared/client.js';
import { codeOf, refusedFields } from '../shared/problems.js';
import { server } from '../shared/server.js';
import { fill } from '../shared/texts.js';
import { LinkPage, type Result } from './link-page.js';

const MAX_LENGTH = 256;

/** The page for a new password. */
class ResetPage extends LinkPage {
  static override properties = {
    ...LinkPage.properties,
    isShown: { state: true },
    isRefused: { state: true },
  };
  declare private isShown: boolean;
  declare private isRefused: boolean;

  constructor() {
    super();
    this.isShown = this.isRefused = false;
  }

  protected get heading(): string {
    return this.texts.resetTitle;
  }

  /**
   * The field has no maximum length, because a browser would silently cut off a longer password. The
   * server checks the length. While the form is sent, it is a password field, so that the browser
   * offers to save the password and keeps no history of it.
   */
  protected renderForm(): TemplateResult {
    const { texts } = this;
    return html`
      <label for="password">${texts.password}</label>
      <input
        id="password"
        class="field"
        type=${this.isShown && !this.isBusy ? 'text' : 'password'}
        autocomplete="new-password"
        autocapitalize="none"
        spellcheck="false"
        required
        minlength=${server.passwordMinLength}
        aria-invalid=${this.isRefused ? 'true' : 'false'}
        aria-describedby="hint result"
      />
      <p id="hint" class="hint">${fill(texts.passwordHint, { count: server.passwordMinLength })}</p>
      <label class="choice">
        <input id="show-password" type="checkbox" autocomplete="off" @change=${this.changeShown} />
        ${texts.showPassword}
      </label>
      <button ?disabled=${this.isBusy}>${texts.resetButton}</button>
    `;
  }

  protected async send(token: string): Promise<Result['text']> {
    this.isRefused = false;
    // Shows it as a password field before the request begins.
    await this.updateComplete;
    await client.resetPassword({ token, password: this.field?.value ?? '' });
    return ({ resetDone }) => resetDone;
  }

  protected override explainRefusal(error: unknown): Result['text'] | undefined {
    if (codeOf(error) !== 'password_refused' && !refusedFields(error).includes('password')) return undefined;
    this.isRefused = true;
    const password = this.field?.value.normalize('NFC') ?? '';
    const { length } = [...password];
    if (length < server.passwordMinLength)
      return (texts) => fill(texts.passwordTooShort, { count: server.passwordMinLength });
    if (length > MAX_LENGTH) return (texts) => fill(texts.passwordTooLong, { count: MAX_LENGTH });
    if (password.trim() === '') return (texts) => texts.passwordBlank;
    return (texts) => texts.passwordEasy;
  }

  /** A refused password has to be typed again. The field's description says why. */
  protected override focusResult(): void {
    if (this.isRefused) this.field?.focus();
    else super.focusResult();
  }

  private get field(): HTMLInputElement | null {
    return this.querySelector('#password');
  }

  private changeShown({ target }: Event): void {
    this.isShown = (target as HTMLInputElement).checked;
  }
}

customElements.define('reset-page', ResetPage);
