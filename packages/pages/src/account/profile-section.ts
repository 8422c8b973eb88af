import type { User } from '@otp-auth/client';
import { html, type TemplateResult } from 'lit';
import { client } from '../shared/client.js';
import { Section, valuesOf } from '../signed-in/section.js';
import type { AccountTexts } from './texts.js';

const NAMES = ['firstName', 'lastName', 'username'] as const;
const AUTOCOMPLETE = { firstName: 'given-name', lastName: 'family-name', username: 'nickname' };

/** The names of the person. All are optional. */
class ProfileSection extends Section<AccountTexts> {
  static override properties = { ...Section.properties, profile: { attribute: false } };
  declare profile: User;

  protected override render(): TemplateResult {
    const { texts, profile } = this;
    return html`
      <section aria-labelledby="profile-title">
        <h2 id="profile-title">${texts.profile}</h2>
        <form @submit=${this.save}>
          <div class="fields">
            ${NAMES.map(
              (name) =>
                html`<div>
                  <label for=${name}>${texts[name]}</label>
                  <input
                    id=${name}
                    class="field"
                    name=${name}
                    maxlength="100"
                    autocomplete=${AUTOCOMPLETE[name]}
                    .value=${profile[name] ?? ''}
                  />
                </div>`,
            )}
          </div>
          <button class="small" ?disabled=${this.isBusy}>${texts.save}</button>
        </form>
        ${this.renderNotice()}
      </section>
    `;
  }

  private save(event: Event): void {
    const values = valuesOf(event);
    const names = NAMES.map((name) => [name, values[name]?.trim() || null]);
    void this.run(async () => {
      const { data } = await client.api.PATCH('/users/me', { body: Object.fromEntries(names) as object });
      this.dispatchEvent(new CustomEvent('profile-changed', { detail: data, bubbles: true }));
      return ({ saved }) => saved;
    });
  }
}

customElements.define('profile-section', ProfileSection);
