import type { User } from '@otp-auth/client';
import { html, type TemplateResult } from 'lit';
import { client } from '../shared/client.js';
import { fill } from '../shared/texts.js';
import { SignedInPage } from '../signed-in/signed-in-page.js';
import type { ConsoleTexts } from './texts.js';
import './applications-section.js';
import './audit-section.js';
import './messages-section.js';
import './rules-section.js';
import './traffic-section.js';
import './users-section.js';
import './console.css';

const TABS = ['messages', 'traffic', 'rules', 'applications', 'users', 'audit'] as const;
type Tab = (typeof TABS)[number];

/** Where administrators help people and steer the server. The fragment of the address names the part. */
class ConsolePage extends SignedInPage<ConsoleTexts> {
  static override properties = { ...SignedInPage.properties, path: { state: true } };
  /** Such as `rules/prefix/+1415`. */
  declare private path: string[];
  protected readonly area = ['signed-in', 'console'];

  constructor() {
    super();
    const read = () => (this.path = location.hash.slice(1).split('/').map(decodeURIComponent));
    read();
    window.addEventListener('hashchange', () => {
      read();
      void this.updateComplete.then(() => this.querySelector<HTMLElement>('h1')?.focus());
    });
  }

  protected get heading(): string {
    return this.user?.roles.includes('admin') ? this.texts[`tab_${this.tab}`] : this.texts.consoleTitle;
  }

  private get tab(): Tab {
    return TABS.find((tab) => tab === this.path[0]) ?? 'messages';
  }

  protected renderSignedIn(user: User): TemplateResult {
    const { texts, tab } = this;
    if (!user.roles.includes('admin')) return this.renderRefusal(user);
    return html`
      <nav class="tabs" aria-label=${texts.consoleTitle}>
        ${TABS.map(
          (name) =>
            html`<a href="#${name}" aria-current=${name === tab ? 'page' : 'false'}
              >${texts[`tab_${name}`]}</a
            >`,
        )}
      </nav>
      <h1 tabindex="-1">${this.heading}</h1>
      ${this.renderTab(tab)}
    `;
  }

  private renderTab(tab: Tab): TemplateResult {
    const { texts, path } = this;
    switch (tab) {
      case 'messages':
        return html`<messages-section .texts=${texts}></messages-section>`;
      case 'traffic':
        return html`<traffic-section .texts=${texts}></traffic-section>`;
      case 'rules':
        return html`<rules-section .texts=${texts} .target=${path.slice(1)}></rules-section>`;
      case 'applications':
        return html`<applications-section .texts=${texts}></applications-section>`;
      case 'users':
        return html`<users-section .texts=${texts}></users-section>`;
      case 'audit':
        return html`<audit-section .texts=${texts}></audit-section>`;
    }
  }

  private renderRefusal({ email, phone }: User): TemplateResult {
    const { texts } = this;
    return html`
      <h1>${texts.notAdmin}</h1>
      <p>${fill(texts.notAdminText, { address: email ?? phone ?? '' })}</p>
      <button class="small" @click=${() => void client.signOut()}>${texts.otherAccount}</button>
    `;
  }
}

customElements.define('console-page', ConsolePage);
