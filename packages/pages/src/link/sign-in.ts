import { memoryStorage } from '@otp-auth/client';
import { html, type TemplateResult } from 'lit';
import { createPageClient } from '../shared/client.js';
import { SERVER_URL } from '../shared/server.js';
import { fill, locale } from '../shared/texts.js';
import { LinkPage, type Result } from './link-page.js';

/** The person is signed in on this page only. */
const client = createPageClient(memoryStorage());

/**
 * The page that the link of a sign-in mail opens. An application that waits for the code gets no
 * tokens from it, so the page says before and after the sign-in that such an application needs the
 * code.
 */
class SignInPage extends LinkPage {
  protected get heading(): string {
    return this.texts.signInTitle;
  }

  protected renderForm(): TemplateResult {
    const { texts } = this;
    return html`
      <p>${texts.signInIntro}</p>
      <p>${texts.signInOther}</p>
      <button ?disabled=${this.isBusy}>${texts.signIn}</button>
    `;
  }

  protected async send(token: string): Promise<Result['text']> {
    const { user, undoToken } = await client.signInWithLink(token);
    if (user) return ({ signInDone }) => fill(signInDone, { name: user.email ?? user.phone ?? '' });
    if (!undoToken) return ({ noAccount }) => noAccount;
    const url = `${SERVER_URL}/undo#token=${encodeURIComponent(undoToken)}`;
    return ({ formerAddress, openUndo }) => html`${formerAddress} <a href=${url}>${openUndo}</a>`;
  }

  protected override async requestLink(email: string): Promise<void> {
    await client.api.POST('/auth/send_otp', { body: { email, locale } });
  }
}

customElements.define('sign-in-page', SignInPage);
