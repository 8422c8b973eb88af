import { html, nothing, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import { choice } from './choice.js';
import type { Field } from './refusals.js';
import type { TextKey } from './texts.js';
import { translateText, type ViewContext } from './view-context.js';

const METHOD_TEXTS = { email: 'methodEmail', phone: 'methodPhone', password: 'methodPassword' } as const;
const CHANNEL_TEXTS = { sms: 'channelSms', whatsapp: 'channelWhatsapp', voice: 'channelVoice' } as const;

export function methodChoice(c: ViewContext): TemplateResult {
  return choice(c.t('methods'), 'method', c.methods, c.flow.method, {
    text: (method) => c.t(METHOD_TEXTS[method]),
    choose: (method) => c.flow.go('address', { method }),
    isLegendHidden: true,
  });
}

export function emailField(c: ViewContext): TemplateResult {
  return field(c, 'email', {
    label: 'email',
    type: 'email',
    inputmode: 'email',
    // Password managers look for the user name in the same form as the password.
    autocomplete: c.flow.step === 'address' && c.flow.method !== 'password' ? 'email' : 'username',
  });
}

export function phoneFields(c: ViewContext): TemplateResult {
  return html`
    ${field(c, 'phone', {
      label: 'phone',
      type: 'tel',
      inputmode: 'tel',
      autocomplete: 'tel',
      hint: 'phoneHint',
    })}
    ${
      c.channels.length > 1
        ? choice(c.t('channels'), 'channel', c.channels, c.flow.channel, {
            text: (channel) => c.t(CHANNEL_TEXTS[channel]),
            choose: (channel) => c.flow.chooseChannel(channel),
          })
        : nothing
    }
  `;
}

interface FieldOptions {
  label: TextKey;
  type?: string;
  inputmode?: string;
  autocomplete: string;
  hint?: TextKey;
  after?: TemplateResult;
}

export function field(c: ViewContext, name: Field, options: FieldOptions): TemplateResult {
  const { label, type = 'text', inputmode, autocomplete, hint, after } = options;
  const error = c.flow.refusal.fields[name];
  // Passwords too: in a text from right to left, their signs would move.
  const isLeftToRight = name !== 'firstName';
  return html`<div class="field" part="field">
    <label part="label" for=${name}>${c.t(label)}</label>
    <div class=${after ? 'control with-toggle' : 'control'}>
      <input
        part="input"
        id=${name}
        name=${name}
        type=${type}
        inputmode=${inputmode ?? nothing}
        autocomplete=${autocomplete}
        autocapitalize=${name === 'firstName' ? 'words' : 'off'}
        spellcheck="false"
        dir=${isLeftToRight ? 'ltr' : 'auto'}
        aria-invalid=${error ? 'true' : 'false'}
        aria-describedby="${name}-below"
        .value=${live(c.flow.values[name])}
        @input=${(event: Event) => c.flow.edit(name, (event.target as HTMLInputElement).value)}
      />
      ${after ?? nothing}
    </div>
    <p id="${name}-below" class="below ${error ? 'error' : 'quiet'}" part=${error ? 'error' : 'hint'}>
      ${error ? translateText(c, error) : hint ? c.t(hint) : nothing}
    </p>
  </div>`;
}

export function passwordField(c: ViewContext, { isNew }: { isNew: boolean }): TemplateResult {
  const toggle = html`<button
    type="button"
    class="toggle"
    part="toggle"
    aria-pressed=${c.isPasswordVisible ? 'true' : 'false'}
    aria-label=${c.t('showPassword')}
    @click=${() => c.togglePassword()}
  >
    <svg viewBox="0 0 24 24" aria-hidden="true">
      <path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12Z" />
      <circle cx="12" cy="12" r="3" />
      <path class="slash" d="M4 4l16 16" />
    </svg>
  </button>`;
  return field(c, 'password', {
    label: isNew ? 'newPassword' : 'password',
    type: c.isPasswordVisible ? 'text' : 'password',
    autocomplete: isNew ? 'new-password' : 'current-password',
    hint: isNew ? 'newPasswordHint' : undefined,
    after: toggle,
  });
}

export function codeField(c: ViewContext): TemplateResult {
  const { flow } = c;
  const error = flow.refusal.fields.code;
  const isSms = flow.isByPhone && flow.channel === 'sms';
  return html`<otp-code-input
    id="code"
    name="code"
    exportparts="label, input: code-input, box, next-box, error"
    .length=${flow.challenge?.codeLength ?? c.codeLength}
    .label=${c.t('code')}
    .value=${live(flow.values.code)}
    .error=${error ? translateText(c, error) : ''}
    ?web-otp=${isSms}
    @input=${(event: Event) => flow.edit('code', (event.target as HTMLInputElement).value)}
    @complete=${() => flow.step === 'code' && void flow.submit(c.codeLength)}
  ></otp-code-input>`;
}
