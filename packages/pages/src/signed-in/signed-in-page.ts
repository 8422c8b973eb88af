import '@otp-auth/elements';
import type { User } from '@otp-auth/client';
import { html, nothing, type TemplateResult } from 'lit';
import { client } from '../shared/client.js';
import { PageElement } from '../shared/page-element.js';
import { phoneChannels, server, SERVER_URL, SIGN_IN_METHODS } from '../shared/server.js';
import { locale } from '../shared/texts.js';
import type { SignedInTexts } from './texts.js';
import './signed-in.css';

/** A page for people who are signed in. Others sign in on it first. */
export abstract class SignedInPage<Texts extends Record<string, string>> extends PageElement<
  Texts & SignedInTexts
> {
  static override properties = { user: { state: true }, message: { state: true } };
  declare protected user: User | null;
  /** What the person reads before the next sign-in. */
  declare protected message: ((texts: Texts) => string) | null;
  /** The page shows the account while an act replaces its session. */
  private replacesSession = false;

  constructor() {
    super();
    this.user = null;
    this.message = null;
    client.onChange(({ user }) => {
      if (this.replacesSession) return;
      if (user) this.message = null;
      this.user = user;
    });
  }

  protected abstract renderSignedIn(user: User): TemplateResult;

  protected override renderContent(): TemplateResult {
    const { user, texts } = this;
    if (user) return this.renderSignedIn(user);
    return html`
      <h1 class="visually-hidden">${this.heading}</h1>
      <div aria-live="polite">
        ${this.message ? html`<p class="notice good">${this.message(texts)}</p>` : nothing}
      </div>
      <otp-sign-in
        .client=${client}
        locale=${locale}
        methods=${SIGN_IN_METHODS}
        channels=${phoneChannels('login').join(',')}
        code-length=${server.codeLength}
      ></otp-sign-in>
    `;
  }

  protected override renderHeader(): TemplateResult {
    const { texts, user } = this;
    const isAdministrator = user?.roles.includes('admin');
    const links: [page: string, name: string, isShown: boolean][] = [
      ['account', texts.accountPage, true],
      ['console', texts.consolePage, Boolean(isAdministrator)],
    ];
    const shown = links.filter(([page, , isShown]) => isShown && server.pages.includes(page));
    return html`<header class="bar">
      <strong>${server.brandName ?? ''}</strong>
      ${
        user
          ? html`
              <nav aria-label=${texts.pages}>
                ${shown.map(
                  ([page, name]) =>
                    html`<a href="${SERVER_URL}/${page}" aria-current=${isCurrent(page) ? 'page' : 'false'}
                      >${name}</a
                    >`,
                )}
              </nav>
              <button class="small secondary" @click=${() => void client.signOut()}>${texts.signOut}</button>
            `
          : nothing
      }
    </header>`;
  }

  /** Runs an act that ends the session and begins another one. */
  protected async replacingSession(act: () => Promise<void>): Promise<void> {
    this.replacesSession = true;
    try {
      await act();
    } finally {
      this.replacesSession = false;
      this.user = client.user;
    }
  }
}

function isCurrent(page: string): boolean {
  return location.pathname.replace(/\/$/, '').endsWith(`/${page}`);
}
