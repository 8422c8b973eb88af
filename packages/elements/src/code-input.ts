import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import { digitsOf, readCode } from './read-code.js';
import { tokens } from './styles.js';
import { localeOf, translate } from './texts.js';

/** Not in TypeScript's library yet. */
interface OtpCredentialRequest extends CredentialRequestOptions {
  otp: { transport: ['sms'] };
}

/**
 * A field for a one-time code, in a form like any other field. It is one real input, so that paste,
 * autofill, dictation and screen readers work, and only looks like boxes.
 *
 * @fires input - The value changed.
 * @fires complete - All digits were entered. `detail.value` is the code.
 */
export class OtpCodeInput extends LitElement {
  static readonly formAssociated = true;
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
            @input=${this.onInput}
            @paste=${this.onPaste}
            @change=${() => this.dispatchEvent(new Event('change', { bubbles: true }))}
            @keydown=${this.onKeydown}
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
    this.dispatchEvent(new InputEvent('input', { bubbles: true, composed: true }));
  }

  private setValue(value: string): void {
    if (value === this.value) return;
    this.value = value;
    this.error = '';
    this.internals.setFormValue(value);
    if (value.length < this.length) return;
    // After the `input` event.
    queueMicrotask(() =>
      this.dispatchEvent(new CustomEvent('complete', { detail: { value }, bubbles: true, composed: true })),
    );
  }

  private readSms(): void {
    this.smsRequest?.abort();
    if (!this.webOtp || !('OTPCredential' in globalThis)) return;
    this.smsRequest = new AbortController();
    const request: OtpCredentialRequest = { otp: { transport: ['sms'] }, signal: this.smsRequest.signal };
    navigator.credentials.get(request).then(
      (credential) => this.enter(digitsOf((credential as unknown as { code?: string })?.code ?? '')),
      // The person declined, or nothing arrived.
      () => undefined,
    );
  }

  static override styles = [
    tokens,
    css`
      :host {
        display: block;
        color: var(--_text);
      }
      label {
        display: block;
        margin-block-end: 0.375rem;
        font-weight: 600;
      }
      label[hidden] {
        display: none;
      }
      .field {
        container-type: inline-size;
        /* Digits are read from left to right in every language. */
        direction: ltr;
      }
      .boxes {
        --_gap: min(0.5rem, 1.5cqi);
        --_cell: min(3.25rem, calc((100cqi + var(--_gap)) / var(--_length)));
        position: relative;
        display: grid;
        grid-template-columns: repeat(var(--_length), calc(var(--_cell) - var(--_gap)));
        gap: var(--_gap);
        inline-size: calc(var(--_cell) * var(--_length) - var(--_gap));
        block-size: 3.5rem;
        overflow: clip;
        /* The focus ring of a box is inside it. */
        border-radius: var(--_radius);
      }
      :host(:dir(rtl)) .boxes {
        margin-inline-start: auto;
      }
      span {
        border: 1px solid var(--_edge);
        border-radius: var(--_radius);
        background: var(--_page);
      }
      .boxes:focus-within span {
        border-color: var(--_button);
      }
      .boxes:focus-within span[part~='next-box'] {
        outline: 3px solid var(--_button);
        outline-offset: -3px;
      }
      .boxes:has(input[aria-invalid='true']) span {
        border-color: var(--_bad);
      }
      .boxes:has(input:disabled) span {
        opacity: 0.6;
      }
      input {
        position: absolute;
        inset-block: 0;
        inset-inline-start: 0;
        /* Room for the cursor behind the last digit. Without it, the digits would scroll away. */
        inline-size: calc(var(--_cell) * (var(--_length) + 1));
        padding: 0;
        padding-inline-start: calc((var(--_cell) - var(--_gap) - 1ch) / 2);
        border: 0;
        outline: 0;
        background: none;
        color: inherit;
        font:
          1.625rem ui-monospace,
          'DejaVu Sans Mono',
          Menlo,
          Consolas,
          monospace;
        letter-spacing: calc(var(--_cell) - 1ch);
      }
      input:-webkit-autofill {
        -webkit-text-fill-color: currentColor;
        transition: background-color 9999s;
      }
      p {
        margin-block: 0.375rem 0;
        min-block-size: 1.5em;
        color: var(--_bad);
        font-size: 0.9375em;
        line-height: 1.5;
      }
    `,
  ];
}
