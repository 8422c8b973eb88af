import type { User } from '@otp-auth/client';
import { html, nothing, type TemplateResult } from 'lit';
import { codeOf } from '../shared/problems.js';
import { Cancelled } from '../signed-in/recent-sign-in.js';
import { Section, type Notice } from '../signed-in/section.js';
import type { AccountTexts } from './texts.js';

type Text = Notice<AccountTexts>['text'];

/** What confirms an act in place of a recent sign-in. */
export interface Confirmation {
  currentPassword?: string;
}

/**
 * A section whose acts need a recent sign-in or the current password. After an old sign-in the server
 * refuses the act, and the form asks for the password. An account without one signs in again.
 */
export abstract class ConfirmedSection extends Section<AccountTexts> {
  static override properties = {
    ...Section.properties,
    profile: { attribute: false },
    asksPassword: { state: true },
  };
  declare profile: User;
  declare protected asksPassword: boolean;
  private refusal?: string;
  /** Tells the fields of the sections apart. */
  protected abstract get name(): string;

  constructor() {
    super();
    this.asksPassword = false;
  }

  /** Nothing has happened when the server refuses the act for an old sign-in, so it can be repeated. */
  protected async runConfirmed(act: (confirmation: Confirmation) => Promise<Text | void>): Promise<boolean> {
    const currentPassword = this.passwordField?.value;
    const isDone = await this.run(async () => {
      try {
        return await act(currentPassword ? { currentPassword } : {});
      } catch (error) {
        if (codeOf(error) !== 'reauthentication_required' || !this.profile.hasPassword) throw error;
        this.asksPassword = true;
        await this.updateComplete;
        throw new Cancelled();
      }
    });
    if (isDone) this.asksPassword = false;
    else if (!this.notice || this.isRefused('current_password_wrong')) this.passwordField?.focus();
    return isDone;
  }

  /** Stands in the form, because password managers look for it there. */
  protected renderCurrentPassword(): TemplateResult | typeof nothing {
    const { texts, asksPassword, name } = this;
    if (!asksPassword) return nothing;
    const isWrong = this.isRefused('current_password_wrong');
    return html`
      <p id="${name}-current-text" aria-live="polite">${texts.currentPasswordText}</p>
      <label for="${name}-current">${texts.currentPassword}</label>
      <input
        id="${name}-current"
        class="field"
        name="currentPassword"
        type="password"
        autocomplete="current-password"
        autocapitalize="none"
        spellcheck="false"
        aria-invalid=${isWrong ? 'true' : 'false'}
        aria-describedby="${name}-current-text"
      />
      <button class="link" type="button" @click=${this.signInByCode}>${texts.signInInstead}</button>
    `;
  }

  /** Whether the last act was refused for this reason. */
  protected isRefused(code: string): boolean {
    return this.notice?.kind === 'bad' && this.refusal === code;
  }

  protected override refuse(error: unknown): void {
    this.refusal = codeOf(error);
    super.refuse(error);
  }

  private get passwordField(): HTMLInputElement | null {
    return this.querySelector('[name=currentPassword]');
  }

  /** The dialog of the section `sign-in-again`. The person then repeats the act. */
  private signInByCode(): void {
    void this.run(async () => {
      const { askForSignIn } = await import('../signed-in/sign-in-again.js');
      await askForSignIn({ byCode: true });
      this.asksPassword = false;
      void this.focusOn('form button');
    });
  }
}
