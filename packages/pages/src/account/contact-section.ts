import { html, nothing, type TemplateResult } from 'lit';
import { client } from '../shared/client.js';
import { codeOf } from '../shared/problems.js';
import { phoneChannels, type PhoneChannel } from '../shared/server.js';
import { fill } from '../shared/texts.js';
import { channelChoice } from '../signed-in/channel-choice.js';
import { valuesOf } from '../signed-in/section.js';
import { ConfirmedSection } from './confirmed-section.js';
import { addressForm, codeForm } from './contact-forms.js';
import { forgetPending, pendingAddress, rememberPending, type ContactKind } from './pending-change.js';

/** Refusals after which another code is of no use for the pending address. */
const FINAL = ['address_taken', 'contact_change_replaced'];

/** An address of the account: shows it, and changes it with a code that is sent to the new one. */
class ContactSection extends ConfirmedSection {
  static override properties = {
    ...ConfirmedSection.properties,
    kind: {},
    isEditing: { state: true },
    pending: { state: true },
    undoToken: { state: true },
  };
  declare kind: ContactKind;
  declare private isEditing: boolean;
  /** The new address whose code has not been entered yet. */
  declare private pending: string | null;
  /** Gives the address back to the account that had it until recently. */
  declare private undoToken: string | null;
  private channel?: PhoneChannel;

  constructor() {
    super();
    this.isEditing = false;
    this.pending = this.undoToken = null;
  }

  protected get name(): string {
    return this.kind;
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
    return addressForm({ ...this.formContext, submit: this.request });
  }

  private renderCode(address: string): TemplateResult {
    return codeForm({ ...this.formContext, submit: this.verify }, address, () => void this.send(address));
  }

  private get formContext() {
    const { kind, texts, isBusy } = this;
    const more = html`${kind === 'phone' ? this.renderChannels() : nothing} ${this.renderCurrentPassword()}`;
    return { kind, texts, isBusy, more, cancel: () => this.stop() };
  }

  private renderChannels(): TemplateResult | typeof nothing {
    const { texts, channel } = this;
    const choose = (chosen: PhoneChannel) => (this.channel = chosen);
    return channelChoice(phoneChannels('contact_change'), channel, { name: 'channel', texts, choose });
  }

  private edit(): void {
    this.isEditing = true;
    this.notice = null;
    void this.focusOn('input');
  }

  private stop(): void {
    this.isEditing = this.asksPassword = false;
    this.pending = this.notice = this.undoToken = null;
    forgetPending(this.kind);
    void this.focusOn('button');
  }

  private readonly request = (event: Event): void => {
    const { address = '' } = valuesOf(event);
    void this.send(address.trim());
  };

  private async send(address: string): Promise<void> {
    const isSent = await this.runConfirmed(async (confirmation) => {
      const channel = this.kind === 'phone' ? this.channel : undefined;
      const body = { [this.kind]: address, ...(channel && { channel }), ...confirmation };
      await client.api.PATCH('/users/me', { body });
      return (texts) => fill(texts.codeSent, { address });
    });
    if (!isSent) return;
    this.pending = address;
    rememberPending(this.kind, this.profile.id, address);
    await this.focusOn('otp-code-input');
  }

  private readonly verify = (event: Event): void => {
    const { otp = '' } = valuesOf(event);
    const body = { [this.kind]: this.pending ?? '', otp } as { email: string; otp: string };
    void this.run(async () => {
      const { data } = await client.api.POST('/users/me/contact/verify', { body });
      this.stop();
      this.dispatchEvent(new CustomEvent('profile-changed', { detail: data, bubbles: true }));
      return (texts) => texts[`${this.kind}Changed`];
    });
  };

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
