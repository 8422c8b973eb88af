import { html, nothing, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import type { Channel, Method, SignInFlow } from './flow.js';
import type { Field, Way } from './refusals.js';
import type { Text, TextKey, Values } from './texts.js';
import { clockTime, countdown, isCountedDown } from './time.js';

/** What a view needs to know beside the state of the flow. */
export interface ViewContext {
  flow: SignInFlow;
  locale: string;
  direction: 'ltr' | 'rtl';
  methods: Method[];
  channels: Channel[];
  codeLength: number;
  isPasswordVisible: boolean;
  /** From 0 to 1, while a proof of work is solved. */
  progress?: number;
  /** For screen readers. */
  announcement: string;
  togglePassword(): void;
  signOut(): void;
  t(key: TextKey, values?: Values): string;
}

const METHOD_TEXTS = { email: 'methodEmail', phone: 'methodPhone', password: 'methodPassword' } as const;
const USE_TEXTS = { email: 'useEmail', phone: 'usePhone', password: 'usePassword' } as const;
const CHANNEL_TEXTS = { sms: 'channelSms', whatsapp: 'channelWhatsapp', voice: 'channelVoice' } as const;
const SEND_BY_TEXTS = { sms: 'sendBySms', whatsapp: 'sendByWhatsapp', voice: 'sendByVoice' } as const;
const DELIVERY_TEXTS = {
  queued: 'deliveryQueued',
  sent: 'deliverySent',
  delivered: 'deliveryDelivered',
  failed: 'deliveryFailed',
} as const;

export function view(c: ViewContext): TemplateResult {
  return html`
    <div class="card" part="card" lang=${c.locale} dir=${c.direction}>
      <h2 part="title" id="title" tabindex="-1">${c.t(TITLES[c.flow.step])}</h2>
      <form novalidate aria-labelledby="title" @submit=${onSubmit(c)}>
        ${steps[c.flow.step](c)} ${notice(c)} ${foot(c)}
      </form>
      <p class="hidden" role="status">${c.announcement}</p>
    </div>
  `;
}

const TITLES = {
  address: 'signIn',
  register: 'registerTitle',
  forgot: 'forgotTitle',
  code: 'codeTitle',
  reset: 'resetTitle',
  'no-account': 'noAccountTitle',
  'new-password': 'newPasswordTitle',
  done: 'doneTitle',
} as const satisfies Record<string, TextKey>;

const steps: Record<SignInFlow['step'], (c: ViewContext) => TemplateResult> = {
  address: (c) => html`
    ${c.methods.length > 1 ? methodChoice(c) : nothing}
    ${c.flow.method === 'phone' ? phoneFields(c) : emailField(c)}
    ${c.flow.method === 'password'
      ? html`${passwordField(c, { isNew: false })} ${mainButton(c, 'signIn')}`
      : mainButton(c, 'sendCode')}
  `,
  register: (c) => html`
    ${emailField(c)} ${passwordField(c, { isNew: true })}
    ${field(c, 'firstName', { label: 'firstName', autocomplete: 'given-name' })} ${mainButton(c, 'register')}
  `,
  forgot: (c) => html`
    <p class="lead below">${c.t('forgotText')}</p>
    ${emailField(c)} ${mainButton(c, 'sendCode')}
  `,
  code: (c) => html`
    <p class="lead">
      ${c.t(c.flow.challenge ? 'codeSentTo' : 'codeFor', { address: c.flow.addressText })}
    </p>
    ${delivery(c)} ${codeField(c)} ${mainButton(c, 'continue')} ${codeHint(c)}
  `,
  reset: (c) => html`
    <p class="lead below">${c.t('codeIfAccount', { address: c.flow.addressText })}</p>
    ${codeField(c)} ${passwordField(c, { isNew: true })} ${mainButton(c, 'savePassword')}
  `,
  'no-account': (c) => html`
    <p class="lead below">${c.t('noAccountText', { address: c.flow.addressText })}</p>
    ${c.flow.undoToken
      ? html`<p class="below">${c.t('undoText')}</p>
          ${button(c.t('undo'), 'primary', () => void c.flow.undo())}`
      : 'email' in c.flow.address
        ? button(c.t('createAccount'), 'primary', () => c.flow.go('register', { method: 'email' }))
        : button(c.t('changeAddress'), 'primary', () => c.flow.go('address'))}
  `,
  'new-password': (c) => html`
    <p class="lead below">${c.t('newPasswordText')}</p>
    ${passwordField(c, { isNew: true })} ${mainButton(c, 'savePassword')}
  `,
  done: (c) => html`
    <p class="lead below">
      ${c.t('doneText', { address: c.flow.user?.email ?? c.flow.user?.phone ?? c.flow.addressText })}
    </p>
    <div>${button(c.t('signOut'), 'way', () => c.signOut())}</div>
  `,
};

function onSubmit({ flow }: ViewContext) {
  return (event: Event) => {
    event.preventDefault();
    void flow.submit();
  };
}

function methodChoice(c: ViewContext): TemplateResult {
  return choice(c.t('methods'), 'method', c.methods, c.flow.method, {
    text: (method) => c.t(METHOD_TEXTS[method]),
    choose: (method) => c.flow.go('address', { method }),
    isLegendHidden: true,
  });
}

function choice<Name extends string>(
  legend: string,
  name: string,
  options: Name[],
  chosen: Name,
  { text, choose, isLegendHidden = false }: {
    text: (option: Name) => string;
    choose: (option: Name) => void;
    isLegendHidden?: boolean;
  },
): TemplateResult {
  return html`<fieldset part="choice">
    <legend class=${isLegendHidden ? 'hidden' : ''}>${legend}</legend>
    <div class="segments" part="segments">
      ${options.map(
        (option) =>
          html`<label part="segment">
            <input
              type="radio"
              name=${name}
              value=${option}
              .checked=${live(option === chosen)}
              @change=${() => choose(option)}
            />${text(option)}
          </label>`,
      )}
    </div>
  </fieldset>`;
}

function emailField(c: ViewContext): TemplateResult {
  return field(c, 'email', {
    label: 'email',
    type: 'email',
    inputmode: 'email',
    // Password managers look for the user name in the same form as the password.
    autocomplete: c.flow.step === 'address' && c.flow.method !== 'password' ? 'email' : 'username',
  });
}

function phoneFields(c: ViewContext): TemplateResult {
  return html`
    ${field(c, 'phone', {
      label: 'phone',
      type: 'tel',
      inputmode: 'tel',
      autocomplete: 'tel',
      hint: 'phoneHint',
    })}
    ${c.channels.length > 1
      ? choice(c.t('channels'), 'channel', c.channels, c.flow.channel, {
          text: (channel) => c.t(CHANNEL_TEXTS[channel]),
          choose: (channel) => c.flow.chooseChannel(channel),
        })
      : nothing}
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

function field(c: ViewContext, name: Field, options: FieldOptions): TemplateResult {
  const { label, type = 'text', inputmode, autocomplete, hint, after } = options;
  const error = c.flow.refusal.fields[name];
  const isCodeLike = type === 'email' || type === 'tel';
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
        dir=${isCodeLike ? 'ltr' : 'auto'}
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

function passwordField(c: ViewContext, { isNew }: { isNew: boolean }): TemplateResult {
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

function codeField(c: ViewContext): TemplateResult {
  const { flow } = c;
  const error = flow.refusal.fields.code;
  const isSms = flow.kind === 'sign-in' && flow.method === 'phone' && flow.channel === 'sms';
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
    @complete=${() => flow.step === 'code' && void flow.submit()}
  ></otp-code-input>`;
}

function delivery({ flow, t }: ViewContext): TemplateResult {
  const { delivery } = flow;
  return delivery
    ? html`<p class="delivery small quiet ${delivery}" part="delivery">${t(DELIVERY_TEXTS[delivery])}</p>`
    : html`<p class="below"></p>`;
}

function codeHint({ flow, t }: ViewContext): TemplateResult {
  const isMail = 'email' in flow.address;
  const hint = flow.kind === 'registration' ? 'registerHint' : 'orLink';
  return html`<p class="below quiet">${isMail ? t(hint) : nothing}</p>`;
}

function mainButton(c: ViewContext, key: TextKey): TemplateResult {
  const { isBusy, secondsUntilRetry: wait } = c.flow;
  const isWaiting = wait > 0;
  const busyText = c.progress === undefined ? c.t('busy') : c.t('checking');
  const label = isBusy ? busyText : c.t(key);
  // The button keeps its place and the focus while it cannot be used.
  return html`<button
      class="primary"
      part="button"
      type="submit"
      aria-disabled=${isBusy || isWaiting ? 'true' : 'false'}
    >
      ${label}${isWaiting && isCountedDown(wait) ? html` <span aria-hidden="true">${countdown(wait)}</span>` : nothing}
    </button>
    ${c.progress === undefined
      ? nothing
      : html`<progress part="progress" aria-label=${c.t('checking')} .value=${c.progress}></progress>`}`;
}

function button(label: string, kind: 'primary' | 'way' | 'link', act: () => void): TemplateResult {
  const part = { primary: 'button', way: 'secondary-button', link: 'link' }[kind];
  return html`<button type="button" class=${kind} part=${part} @click=${act}>${label}</button>`;
}

/** What went wrong, or what went well, and the ways forward. The region is always there, to be announced. */
function notice(c: ViewContext): TemplateResult {
  const { refusal, news } = c.flow;
  const text = refusal.notice ?? news;
  const ways = refusal.ways.flatMap((way) => waysForward[way](c));
  const hasText = text !== undefined || ways.length > 0;
  return html`<div
    class="notice ${hasText ? 'has-text' : ''} ${news && !refusal.notice ? 'good' : ''}"
    part="notice"
    role="alert"
  >
    ${hasText
      ? html`<div class="box">
          ${text ? html`<p>${translateText(c, text)} ${whenToRetry(c)}</p>` : nothing}
          ${ways.length > 0 ? html`<div class="ways">${ways}</div>` : nothing}
        </div>`
      : nothing}
  </div>`;
}

/** The time of day. Short waits are counted down in the button, which is not announced every second. */
function whenToRetry({ flow, t, locale }: ViewContext): string {
  const wait = flow.secondsUntilRetry;
  return wait > 0 && !isCountedDown(wait) ? t('tryAt', { time: clockTime(locale, wait) }) : '';
}

const waysForward: Record<Way, (c: ViewContext) => TemplateResult | TemplateResult[]> = {
  resend: (c) => resendButton(c, 'way'),
  'other-channels': ({ flow, channels, t }) =>
    channels
      .filter((channel) => channel !== flow.channel)
      .map((channel) => button(t(SEND_BY_TEXTS[channel]), 'way', () => void flow.sendCode(channel))),
  'have-code': ({ flow, t }) =>
    flow.step === 'code' || flow.step === 'reset' ? [] : button(t('haveCode'), 'way', () => flow.haveCode()),
  'other-methods': ({ flow, methods, t }) =>
    methods
      .filter((method) => method !== flow.method)
      .map((method) => button(t(USE_TEXTS[method]), 'way', () => flow.go('address', { method }))),
  'change-address': ({ flow, t }) => button(t('changeAddress'), 'way', () => flow.go('address')),
  'email-code': ({ flow, methods, t }) =>
    methods.includes('email')
      ? button(t('useEmail'), 'way', () => flow.go('address', { method: 'email' }))
      : [],
  forgot: ({ flow, t }) => button(t('forgotPassword'), 'way', () => flow.go('forgot')),
  register: ({ flow, t }) => button(t('createAccount'), 'way', () => flow.go('register')),
  undo: ({ flow, t }) => button(t('undo'), 'way', () => void flow.undo()),
};

function resendButton({ flow, t }: ViewContext, kind: 'way' | 'link'): TemplateResult {
  const wait = flow.secondsUntilResend;
  return html`<button
    type="button"
    class=${kind}
    part=${kind === 'link' ? 'link' : 'secondary-button'}
    aria-disabled=${wait > 0 || flow.isBusy ? 'true' : 'false'}
    @click=${() => wait === 0 && void flow.sendCode()}
  >
    ${wait > 0 ? t('resendIn', { time: countdown(wait) }) : t('resend')}
  </button>`;
}

/** The ways onward that every step has. */
function foot(c: ViewContext): TemplateResult {
  const { flow, t } = c;
  const back = (step: 'address' | 'register' | 'forgot') =>
    button(t('back'), 'link', () => flow.go(step));
  const links: Record<SignInFlow['step'], TemplateResult | typeof nothing> = {
    address: html`
      ${flow.method === 'password' ? button(t('forgotPassword'), 'link', () => flow.go('forgot')) : nothing}
      ${button(t('createAccount'), 'link', () => flow.go('register'))}
    `,
    register: button(t('haveAccount'), 'link', () => flow.go('address')),
    forgot: back('address'),
    code: html`
      ${button(t('changeAddress'), 'link', () =>
        flow.go(flow.kind === 'registration' ? 'register' : 'address'),
      )}
      ${flow.delivery === 'failed' ? otherWays(c) : nothing} ${resendButton(c, 'link')}
    `,
    reset: html`${back('forgot')} ${resendButton(c, 'link')}`,
    'no-account': back('address'),
    'new-password': nothing,
    done: nothing,
  };
  return html`<div class="foot" part="foot">${links[flow.step]}</div>`;
}

function otherWays(c: ViewContext): (TemplateResult | TemplateResult[])[] {
  const isPhone = c.flow.kind === 'sign-in' && c.flow.method === 'phone';
  return [isPhone ? waysForward['other-channels'](c) : [], waysForward['other-methods'](c)];
}

function translateText({ t }: ViewContext, { key, values }: Text): string {
  return t(key, values);
}
