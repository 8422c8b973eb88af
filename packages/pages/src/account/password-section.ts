import { html, type TemplateResult } from 'lit';
import { server } from '../shared/server.js';
import { fill } from '../shared/texts.js';
import { valuesOf } from '../signed-in/section.js';
import { ConfirmedSection, type Confirmation } from './confirmed-section.js';

/** Sets or changes the password. */
class PasswordSection extends ConfirmedSection {
  static override properties = {
    ...ConfirmedSection.properties,
    change: { attribute: false },
    isEditing: { state: true },
    isShown: { state: true },
  };
  declare change: (password: string, confirmation: Confirmation) => Promise<void>;
  declare private isEditing: boolean;
  declare private isShown: boolean;

  constructor() {
    super();
    this.isEditing = this.isShown = false;
  }

  protected get name(): string {
    return 'password';
  }

  protected override render(): TemplateResult {
    const { texts, profile } = this;
    return html`
      <section aria-labelledby="password-title">
        <h2 id="password-title">${texts.password}</h2>
        <p class="quiet">${profile.hasPassword ? texts.passwordIsSet : texts.passwordIsNotSet}</p>
        ${
          this.isEditing
            ? this.renderForm()
            : html`<button class="small secondary" @click=${this.edit}>
                ${profile.hasPassword ? texts.passwordChange : texts.passwordSet}
              </button>`
        }
        ${this.renderNotice()}
      </section>
    `;
  }

  private renderForm(): TemplateResult {
    const { texts, profile, isShown } = this;
    return html`
      <form @submit=${this.save}>
        <input
          class="visually-hidden"
          type="email"
          autocomplete="username"
          tabindex="-1"
          aria-hidden="true"
          readonly
          .value=${profile.email ?? ''}
        />
        <label for="password">${texts.newPassword}</label>
        <input
          id="password"
          class="field"
          name="password"
          required
          autocomplete="new-password"
          autocapitalize="none"
          spellcheck="false"
          minlength=${server.passwordMinLength}
          type=${isShown && !this.isBusy ? 'text' : 'password'}
          aria-invalid=${this.isRefused('password_refused') ? 'true' : 'false'}
          aria-describedby="password-hint"
        />
        <p class="hint" id="password-hint">
          ${fill(texts.passwordHint, { count: server.passwordMinLength })} ${texts.passwordEnds}
        </p>
        <label class="choice">
          <input
            type="checkbox"
            autocomplete="off"
            .checked=${isShown}
            @change=${() => (this.isShown = !isShown)}
          />
          ${texts.showPassword}
        </label>
        ${this.renderCurrentPassword()}
        <div class="buttons">
          <button class="small" ?disabled=${this.isBusy}>${texts.passwordSave}</button>
          <button class="small secondary" type="button" @click=${this.stop}>${texts.cancel}</button>
        </div>
      </form>
    `;
  }

  private edit(): void {
    this.isEditing = true;
    this.notice = null;
    void this.focusOn('#password');
  }

  private stop(): void {
    this.isEditing = this.isShown = this.asksPassword = false;
    this.notice = null;
    void this.focusOn('button');
  }

  private save(event: Event): void {
    const { password = '' } = valuesOf(event);
    void this.runConfirmed(async (confirmation) => {
      await this.change(password, confirmation);
      this.isEditing = this.isShown = false;
      return ({ passwordChanged }) => passwordChanged;
    });
  }

  protected override refuse(error: unknown): void {
    super.refuse(error);
    if (this.isRefused('password_refused')) void this.focusOn('#password');
  }
}

customElements.define('password-section', PasswordSection);
