import { html, type TemplateResult } from 'lit';
import { server } from '../shared/server.js';
import { fill } from '../shared/texts.js';
import type { ContactKind } from './pending-change.js';
import type { AccountTexts } from './texts.js';

interface FormContext {
  kind: ContactKind;
  texts: AccountTexts;
  isBusy: boolean;
  /** Further fields: how the code is sent, and the current password. */
  more: unknown;
  submit: (event: Event) => void;
  cancel: () => void;
}

/** Asks for the new address. */
export function addressForm({ kind, texts, isBusy, more, submit, cancel }: FormContext): TemplateResult {
  return html`
    <form @submit=${submit}>
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
      ${more}
      <div class="buttons">
        <button class="small" ?disabled=${isBusy}>${texts.sendCode}</button>
        <button class="small secondary" type="button" @click=${cancel}>${texts.cancel}</button>
      </div>
    </form>
  `;
}

/** Asks for the code that was sent to the new address. */
export function codeForm(
  { texts, isBusy, more, submit, cancel }: FormContext,
  address: string,
  sendAgain: () => void,
): TemplateResult {
  return html`
    <form class="pending" @submit=${submit}>
      <p>${fill(texts.pending, { address })}</p>
      <otp-code-input name="otp" required .label=${texts.code} .length=${server.codeLength}></otp-code-input>
      ${more}
      <div class="buttons">
        <button class="small" ?disabled=${isBusy}>${texts.confirm}</button>
        <button class="small secondary" type="button" ?disabled=${isBusy} @click=${sendAgain}>
          ${texts.newCode}
        </button>
        <button class="small secondary" type="button" @click=${cancel}>${texts.cancel}</button>
      </div>
    </form>
  `;
}
