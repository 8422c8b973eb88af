import { html, LitElement, nothing, type PropertyValues } from 'lit';
import { codeInputStyles } from './code-input.styles.js';
import { digitsOf, readCode } from './read-code.js';
import { codeFromSms } from './web-otp.js';
import { tokens } from './tokens.styles.js';
import { localeOf, translate } from './texts.js';

/**
 * A field for a one-time code, in a form like any other field. It is one real input, so that paste,
 * autofill, dictation and screen readers work, and only looks like boxes.
 *
 * @fires input - The value changed.
 * @fires complete - All digits were entered. `detail.value` is the code.
 */
export class OtpCodeInput extends LitElement {
  static readonly formAssociated = true;
  static override styles = [tokens, codeInputStyles];
  static override shadowRootOptions = { ...LitElement.shadowRootOptions, delegatesFocus: true };
  static override properties = {
    value: {},
    length: { type: Number },
    label: {},
    name: { reflect: true },
    error: {},
    required: { type: Boolean },
    disabled: { type: Boolean },
    webOtp: { type: Boolean, attribute: 'web-otp' },
    isDisabledByForm: { state: true },
  };

  /** ASCII digits, without blanks. */
  declare value: string;
  /** Number of digits. Default 6. */
  declare length: number;
  declare label: string;
  declare name: string;
  /** Why the code was refused. The field is invalid while this is set. */
  declare error: string;
  declare required: boolean;
  declare disabled: boolean;
  /** Reads the code from an SMS where the browser offers that (WebOTP). */
  declare webOtp: boolean;
  declare private isDisabledByForm: boolean;

  private readonly internals = this.attachInternals();
  private smsRequest?: AbortController;

  constructor() {
    super();
    this.value = '';
    this.length = 6;
    this.label = '';
    this.name = '';
    this.error = '';
    this.required = false;
    this.disabled = false;
    this.webOtp = false;
    this.isDisabledByForm = false;
  }

  get form(): HTMLFormElement | null {
    return this.internals.form;
  }

  get validity(): ValidityState {
    return this.internals.validity;
  }

  get validationMessage(): string {
    return this.internals.validationMessage;
  }

  checkValidity(): boolean {
    return this.internals.checkValidity();
  }

  reportValidity(): boolean {
    return this.internals.reportValidity();
  }

  /** Selects the digits, so that the next one replaces them. */
  select(): void {
    this.input?.select();
  }

  formResetCallback(): void {
    this.value = this.getAttribute('value') ?? '';
    this.error = '';
  }

  formDisabledCallback(isDisabled: boolean): void {
    this.isDisabledByForm = isDisabled;
  }

  formStateRestoreCallback(state: string): void {
    this.value = state;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.smsRequest?.abort();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('value')) this.value = digitsOf(this.value ?? '').slice(0, this.length);
  }

  protected override updated(changed: PropertyValues<this>): void {
    // Styles in attributes would need `unsafe-inline` in the page's policy.
    this.style.setProperty('--_length', String(this.length));
    this.internals.setFormValue(this.value);
    this.checkValue();
    if (changed.has('webOtp')) this.readSms();
  }

  protected override render() {
    const { value, length, error } = this;
    // A label outside, by `<label for>` or around the element.
    const outerLabel = [...this.internals.labels].map((label) => label.textContent?.trim()).join(' ');
    return html`
      <label part="label" for="input" ?hidden=${!this.label}>${this.label}</label>
      <div class="field">
        <div class="boxes">
          ${Array.from({ length }, (_, box) => {
            const isNext = box === Math.min(value.length, length - 1);
            return html`<span part=${isNext ? 'box next-box' : 'box'} aria-hidden="true"></span>`;
          })}
          <input
            id="input"
            part="input"
            type="text"
            inputmode="numeric"
            autocomplete="one-time-code"
            autocapitalize="off"
            spellcheck="false"
            dir="ltr"
            aria-label=${this.label ? nothing : outerLabel || nothing}
            aria-describedby="error"
            aria-invalid=${error ? 'true' : 'false'}
            ?required=${this.required}
            ?disabled=${this.disabled || this.isDisabledByForm}
            .value=${value}
            @input=${(event: InputEvent) => this.onInput(event)}
            @paste=${(event: ClipboardEvent) => this.onPaste(event)}
            @change=${() => this.dispatchEvent(new Event('change', { bubbles: true }))}
            @keydown=${(event: KeyboardEvent) => this.onKeydown(event)}
          />
        </div>
      </div>
      <p part="error" id="error" role="alert">${error}</p>
    `;
  }

  private get input(): HTMLInputElement | null {
    return this.renderRoot?.querySelector('input') ?? null;
  }

  private checkValue(): void {
    const { value, length, required, error, input } = this;
    const incomplete = translate(localeOf(this), { key: 'codeIncomplete', values: { count: length } });
    const isMissing = required && !value;
    const isTooShort = value.length > 0 && value.length < length;
    const message = error || (isMissing || isTooShort ? incomplete : '');
    const flags = { customError: Boolean(error), valueMissing: isMissing, tooShort: isTooShort };
    this.internals.setValidity(message ? flags : {}, message, input ?? undefined);
  }

  /** Keeps digits only, in ASCII, and the cursor where it was among them. */
  private onInput(event: Event): void {
    const input = event.target as HTMLInputElement;
    const position = digitsOf(input.value.slice(0, input.selectionStart ?? undefined)).length;
    const digits = digitsOf(input.value).slice(0, this.length);
    if (input.value !== digits) {
      input.value = digits;
      input.setSelectionRange(position, position);
    }
    event.stopPropagation();
    this.setValue(digits);
  }

  /** A pasted code replaces everything, in any spelling. Other text is pasted as usual. */
  private onPaste(event: ClipboardEvent): void {
    const code = readCode(event.clipboardData?.getData('text') ?? '');
    if (code?.length !== this.length) return;
    event.preventDefault();
    this.enter(code);
  }

  /** The implicit submission of the form around this element. */
  private onKeydown(event: KeyboardEvent): void {
    if (event.key === 'Enter' && !event.isComposing) this.form?.requestSubmit();
  }

  /** Enters a code as if the person had typed it. */
  private enter(code: string): void {
    if (this.input) this.input.value = code;
    this.setValue(code);
  }

  private setValue(value: string): void {
    if (value === this.value) return;
    this.value = value;
    this.error = '';
    this.internals.setFormValue(value);
    const options = { bubbles: true, composed: true };
    this.dispatchEvent(new InputEvent('input', options));
    if (value.length === this.length)
      this.dispatchEvent(new CustomEvent('complete', { ...options, detail: { value } }));
  }

  private readSms(): void {
    this.smsRequest?.abort();
    if (!this.webOtp) return;
    this.smsRequest = new AbortController();
    void codeFromSms(this.smsRequest.signal).then((code) => code && this.enter(digitsOf(code)));
  }
}
