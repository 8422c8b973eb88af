import type { components } from '@otp-auth/client';
import { html, type TemplateResult } from 'lit';
import { client } from '../shared/client.js';
import { fill, locale } from '../shared/texts.js';
import { Section, valuesOf } from '../signed-in/section.js';
import type { ConsoleTexts } from './texts.js';

/**
 * Invites a person by mail.
 *
 * @fires invited
 */
class InvitationForm extends Section<ConsoleTexts> {
  protected override render(): TemplateResult {
    const { texts } = this;
    return html`
      <form @submit=${this.invite}>
        <label for="invite-email">${texts.email}</label>
        <input
          id="invite-email"
          class="field"
          name="email"
          type="email"
          required
          dir="ltr"
          autocomplete="off"
        />
        <label class="choice"
          ><input type="checkbox" name="admin" autocomplete="off" />${texts.asAdmin}</label
        >
        <button class="small" ?disabled=${this.isBusy}>${texts.sendInvitation}</button>
      </form>
      ${this.renderNotice()}
    `;
  }

  private async invite(event: Event): Promise<void> {
    const { email = '', admin } = valuesOf(event);
    const isInvited = await this.run(async () => {
      const roles: components['schemas']['InviteUser']['roles'] = admin ? ['user', 'admin'] : ['user'];
      await client.api.POST('/users', { body: { email: email.trim(), roles, locale } });
      return (texts) => fill(texts.invitationSent, { address: email.trim() });
    });
    if (!isInvited) return;
    (event.target as HTMLFormElement).reset();
    this.dispatchEvent(new Event('invited'));
  }
}

customElements.define('invitation-form', InvitationForm);
