import type { User } from '@otp-auth/client';
import { html, type TemplateResult } from 'lit';
import { client } from '../shared/client.js';
import { pageOf } from '../signed-in/pages.js';
import { SignedInPage } from '../signed-in/signed-in-page.js';
import type { Confirmation } from './confirmed-section.js';
import type { AccountTexts } from './texts.js';
import '../signed-in/event-list.js';
import './contact-section.js';
import './data-section.js';
import './password-section.js';
import './profile-section.js';
import './sessions-section.js';
import './account.css';

async function listEvents(cursor?: string) {
  return pageOf(await client.api.GET('/users/me/events', { query: { limit: 10, cursor } }));
}

/** Where people see and change their account. */
class AccountPage extends SignedInPage<AccountTexts> {
  static override properties = { ...SignedInPage.properties, profile: { state: true } };
  /** As the server has it now. The client's user is as old as the session. */
  declare private profile: User | null;
  private shownUser: User | null = null;
  protected readonly area = ['signed-in', 'account'];

  constructor() {
    super();
    this.profile = null;
  }

  protected get heading(): string {
    return this.user ? this.texts.accountTitle : this.texts.signInTitle;
  }

  protected override willUpdate(): void {
    const { user } = this;
    if (user === this.shownUser) return;
    this.shownUser = user;
    if (user?.id !== this.profile?.id) this.profile = user;
    if (user) void this.read();
  }

  protected renderSignedIn(user: User): TemplateResult {
    const { texts } = this;
    const profile = this.profile ?? user;
    return html`
      <h1>${this.heading}</h1>
      <div @profile-changed=${({ detail }: CustomEvent<User>) => (this.profile = detail)}>
        <profile-section .texts=${texts} .profile=${profile}></profile-section>
        <contact-section kind="email" .texts=${texts} .profile=${profile}></contact-section>
        <contact-section kind="phone" .texts=${texts} .profile=${profile}></contact-section>
      </div>
      <password-section
        .texts=${texts}
        .profile=${profile}
        .change=${(password: string, confirmation: Confirmation) =>
          this.changePassword({ password, ...confirmation }, profile.email)}
      ></password-section>
      <sessions-section .texts=${texts}></sessions-section>
      <section aria-labelledby="events-title">
        <h2 id="events-title">${texts.events}</h2>
        <p class="quiet">${texts.eventsText}</p>
        <event-list .texts=${texts} .load=${listEvents}></event-list>
      </section>
      <data-section .texts=${texts} @deleted=${this.signOutAfterDeletion}></data-section>
    `;
  }

  /** If this fails, the client's user is good enough. */
  private async read(): Promise<void> {
    const { data } = await client.api.GET('/users/me').catch(() => ({ data: null }));
    if (data && data.id === this.user?.id) this.profile = data;
  }

  /** A new password ends all sessions, so the person is signed in again with it. */
  private changePassword(request: { password: string } & Confirmation, email: string | null): Promise<void> {
    const { password } = request;
    return this.replacingSession(async () => {
      await client.resetPassword(request);
      this.message = ({ passwordChanged }) => passwordChanged;
      if (email) await client.signInWithPassword({ email, password }).catch(() => undefined);
    });
  }

  private async signOutAfterDeletion(): Promise<void> {
    this.message = ({ accountDeleted }) => accountDeleted;
    await client.signOut();
  }
}

customElements.define('account-page', AccountPage);
