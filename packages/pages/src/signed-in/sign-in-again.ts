import '@otp-auth/elements';
import type { Challenge } from '@otp-auth/client';
import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { client } from '../shared/client.js';
import { phoneChannels, server, type PhoneChannel } from '../shared/server.js';
import { fill, loadTexts, locale } from '../shared/texts.js';
import { channelChoice } from './channel-choice.js';
import { Cancelled } from './recent-sign-in.js';
import { Section, valuesOf } from './section.js';
import type { SignedInTexts } from './texts.js';

/** Signs the same person in again, with the password or a code. The new session replaces the old one. */
class SignInAgain extends Section<SignedInTexts> {
  static override properties = { ...Section.properties, byCode: { state: true }, challenge: { state: true } };
  declare byCode: boolean;
  declare private challenge: Challenge | null;
  readonly finished: Promise<void>;
  private finish!: () => void;
  private cancel!: (reason: Cancelled) => void;
  private readonly user = client.user;

  private channel?: PhoneChannel;

  constructor() {
    super();
    this.byCode = !this.hasPassword;
    this.challenge = null;
    this.finished = new Promise((resolve, reject) => {
      this.finish = resolve;
      this.cancel = reject;
    });
  }

  protected override firstUpdated(_changes: PropertyValues): void {
    this.querySelector('dialog')?.showModal();
  }

  protected override render(): TemplateResult {
    const { texts, byCode } = this;
    return html`
      <dialog aria-labelledby="again-title" @close=${() => this.cancel(new Cancelled())}>
        <h2 id="again-title">${texts.signInAgain}</h2>
        <p>${texts.signInAgainText}</p>
        ${byCode ? this.renderCode() : this.renderPassword()} ${this.renderNotice()}
        <div class="links">
          ${
            this.hasPassword
              ? html`<button type="button" class="link" @click=${this.switch}>
                  ${byCode ? texts.usePassword : texts.useCode}
                </button>`
              : nothing
          }
          <button type="button" class="link" @click=${() => this.querySelector('dialog')?.close()}>
            ${texts.cancel}
          </button>
        </div>
      </dialog>
    `;
  }

  private renderPassword(): TemplateResult {
    const { texts } = this;
    return html`
      <form @submit=${this.submitPassword}>
        <input
          class="visually-hidden"
          type="email"
          autocomplete="username"
          tabindex="-1"
          aria-hidden="true"
          readonly
          .value=${this.user?.email ?? ''}
        />
        <label for="again-password">${texts.password}</label>
        <input
          id="again-password"
          class="field"
          name="password"
          type="password"
          required
          autocomplete="current-password"
          autofocus
        />
        <button ?disabled=${this.isBusy}>${texts.signInAgainButton}</button>
      </form>
    `;
  }

  private renderCode(): TemplateResult {
    const { texts, challenge, address } = this;
    if (!challenge)
      return html`${this.renderChannels()}
        <button autofocus ?disabled=${this.isBusy} @click=${this.sendCode}>
          ${fill(texts.sendCodeTo, { address })}
        </button>`;
    return html`
      <form @submit=${this.submitCode}>
        <p>${fill(texts.codeSent, { address })}</p>
        <otp-code-input
          name="code"
          required
          .label=${texts.code}
          .length=${server.codeLength}
        ></otp-code-input>
        <button ?disabled=${this.isBusy}>${texts.signInAgainButton}</button>
      </form>
      ${this.renderChannels()}
      <div class="links">
        <button type="button" class="link" @click=${this.sendCode}>${texts.newCode}</button>
      </div>
    `;
  }

  private renderChannels(): TemplateResult | typeof nothing {
    const { texts, channel } = this;
    if (this.user?.email) return nothing;
    const choose = (chosen: PhoneChannel) => (this.channel = chosen);
    return channelChoice(phoneChannels('login'), channel, { name: 'again-channel', texts, choose });
  }

  /** Accounts without an e-mail address sign in with codes only. */
  private get hasPassword(): boolean {
    return Boolean(this.user?.hasPassword && this.user.email);
  }

  private get address(): string {
    return this.user?.email ?? this.user?.phone ?? '';
  }

  private switch(): void {
    this.byCode = !this.byCode;
    this.notice = null;
    void this.focusOn(this.byCode ? 'dialog button' : '#again-password');
  }

  private submitPassword(event: Event): void {
    const { password = '' } = valuesOf(event);
    const email = this.user?.email ?? '';
    void this.run(async () => {
      await client.signInWithPassword({ email, password });
      this.finish();
    });
  }

  private sendCode(): void {
    const { email, phone } = this.user ?? {};
    const address = email ? { email } : { phone: phone ?? '', channel: this.channel };
    void this.run(async () => {
      this.challenge = await client.sendCode({ ...address, locale });
      void this.focusOn('otp-code-input');
    });
  }

  private submitCode(event: Event): void {
    const { code = '' } = valuesOf(event);
    const { challenge } = this;
    if (!challenge) return;
    void this.run(async () => {
      await client.verifyCode(challenge, code);
      this.finish();
    });
  }
}

customElements.define('sign-in-again', SignInAgain);

/** Resolves when the person has signed in again. Throws `Cancelled` if they close the dialog. */
export async function askForSignIn({ byCode = false } = {}): Promise<void> {
  const element = new SignInAgain();
  element.byCode ||= byCode;
  element.texts = await loadTexts<SignedInTexts>('shared', 'signed-in');
  document.body.append(element);
  try {
    await element.finished;
  } finally {
    element.remove();
  }
}
