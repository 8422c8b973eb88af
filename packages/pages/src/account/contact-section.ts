import type { User } from '@otp-auth/client';
import { html, nothing, type TemplateResult } from 'lit';
import { client } from '../shared/client.js';
import { codeOf } from '../shared/problems.js';
import { server } from '../shared/server.js';
import { fill } from '../shared/texts.js';
import { Section, valuesOf } from '../signed-in/section.js';
import { forgetPending, pendingAddress, rememberPending, type ContactKind } from './pending-change.js';
import type { AccountTexts } from './texts.js';

/** Refusals after which another code is of no use for the pending address. */
const FINAL = ['address_taken', 'contact_change_replaced'];

/** An address of the account: shows it, and changes it with a code that is sent to the new one. */
class ContactSection extends Section<AccountTexts> {
  static override properties = {
    ...Section.properties,
    profile: { attribute: false },
    kind: {},
    isEditing: { state: true },
    pending: { state: true },
    undoToken: { state: true },
  };
  declare profile: User;
  declare kind: ContactKind;
  declare private isEditing: boolean;
  /** The new address whose code has not been entered yet. */
  declare private pending: string | null;
  /** Gives the address back to the account that had it until recently. */
  declare private undoToken: string | null;

  constructor() {
    super();
    this.isEditing = false;
    this.pending = this.undoToken = null;
  }

  protected override firstUpdated(): void {
    this.pending = pendingAddress(this.kind, this.profile.id);
  }

  protected override render(): TemplateResult {
    const { texts, kind, pending } = this;
    const current = this.profile[kind];
    const isUnconfirmed = kind === 'phone' && current !== null && !this.profile.phoneVerified;
    return html`
      <section aria-labelledby="${kind}-title">
        <h2 id="${kind}-title">${texts[kind]}</h2>
        <p>
          ${current ? html`<bdi class="value">${current}</bdi>` : html`<span class="quiet">${texts.none}</span>`}
          ${isUnconfirmed ? html`<span class="badge">${texts.unconfirmed}</span>` : nothing}
        </p>
        ${pending ? this.renderCode(pending) : this.isEditing ? this.renderForm() : this.renderButton()}
        ${this.renderNotice()}
        ${
          this.undoToken
            ? html`<button class="small secondary" @click=${this.giveBack}>${texts.giveBack}</button>`
            : nothing
        }
      </section>
    `;
  }

  private renderButton(): TemplateResult {
    const { texts, kind } = this;
    return html`<button class="small secondary" @click=${this.edit}>
      ${this.profile[kind] ? texts[`${kind}Change`] : texts[`${kind}Add`]}
    </button>`;
  }

  private renderForm(): TemplateResult {
    const { texts, kind } = this;
    return html`
      <form @submit=${this.request}>
        <label for="new-${kind}">${texts[`${kind}New`]}</label>
        <input
          id="new-${kind}"
          class="field"
          name="address"
          required
          dir="ltr"
          type=${kind === 'email' ? 'email' : 'tel'}
          autocomplete=${kind === 'email' ? 'email' : 'tel'}
          aria-describedby="${kind}-hint"
        />
        <p class="hint" id="${kind}-hint">${texts[`${kind}Hint`]}</p>
        <div class="buttons">
          <button class="small" ?disabled=${this.isBusy}>${texts.sendCode}</button>
          <button class="small secondary" type="button" @click=${this.stop}>${texts.cancel}</button>
        </div>
      </form>
    `;
  }

  private renderCode(address: string): TemplateResult {
    const { texts } = this;
    return html`
      <form class="pending" @submit=${this.verify}>
        <p>${fill(texts.pending, { address })}</p>
        <otp-code-input
          name="otp"
          required
          .label=${texts.code}
          .length=${server.codeLength}
        ></otp-code-input>
        <div class="buttons">
          <button class="small" ?disabled=${this.isBusy}>${texts.confirm}</button>
          <button
            class="small secondary"
            type="button"
            ?disabled=${this.isBusy}
            @click=${() => this.send(address)}
          >
            ${texts.newCode}
          </button>
          <button class="small secondary" type="button" @click=${this.stop}>${texts.cancel}</button>
        </div>
      </form>
    `;
  }

  private edit(): void {
    this.isEditing = true;
    this.notice = null;
    void this.focusOn('input');
  }

  private stop(): void {
    this.isEditing = false;
    this.pending = this.notice = this.undoToken = null;
    forgetPending(this.kind);
    void this.focusOn('button');
  }

  private request(event: Event): void {
    const { address = '' } = valuesOf(event);
    void this.send(address.trim());
  }

  private async send(address: string): Promise<void> {
    const isSent = await this.run(async () => {
      await client.api.PATCH('/users/me', { body: { [this.kind]: address } });
      return (texts) => fill(texts.codeSent, { address });
    });
    if (!isSent) return;
    this.pending = address;
    rememberPending(this.kind, this.profile.id, address);
    await this.focusOn('otp-code-input');
  }

  private verify(event: Event): void {
    const { otp = '' } = valuesOf(event);
    const body = { [this.kind]: this.pending ?? '', otp } as { email: string; otp: string };
    void this.run(async () => {
      const { data } = await client.api.POST('/users/me/contact/verify', { body });
      this.stop();
      this.dispatchEvent(new CustomEvent('profile-changed', { detail: data, bubbles: true }));
      return (texts) => texts[`${this.kind}Changed`];
    });
  }

  protected override refuse(error: unknown): void {
    const code = codeOf(error) ?? '';
    if (FINAL.includes(code)) this.stop();
    if (code === 'address_reserved') this.undoToken = (error as { undoToken?: string }).undoToken ?? null;
    super.refuse(error);
  }

  private giveBack(): void {
    const token = this.undoToken ?? '';
    void this.run(async () => {
      await client.api.POST('/users/contact/undo', { body: { token } });
      this.stop();
      return ({ givenBack }) => givenBack;
    });
  }
}

customElements.define('contact-section', ContactSection);
