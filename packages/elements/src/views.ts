import { html, nothing, type TemplateResult } from 'lit';
import { button, mainButton } from './buttons.js';
import { codeField, emailField, field, methodChoice, passwordField, phoneFields } from './fields.js';
import type { Step } from './state.js';
import type { TextKey } from './texts.js';
import type { ViewContext } from './view-context.js';
import { foot, notice, otherWays } from './ways.js';

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
} as const satisfies Record<Step, TextKey>;

const steps: Record<Step, (c: ViewContext) => TemplateResult> = {
  address: (c) => html`
    ${c.methods.length > 1 ? methodChoice(c) : nothing}
    ${c.flow.method === 'phone' ? phoneFields(c) : emailField(c)}
    ${
      c.flow.method === 'password'
        ? html`${passwordField(c, { isNew: false })} ${mainButton(c, 'signIn')}`
        : mainButton(c, 'sendCode')
    }
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
    <p class="lead">${c.t(c.flow.challenge ? 'codeSentTo' : 'codeFor', { address: c.flow.addressText })}</p>
    ${delivery(c)} ${codeField(c)} ${mainButton(c, 'continue')} ${codeHint(c)} ${otherWays(c)}
  `,
  reset: (c) => html`
    <p class="lead below">${c.t('codeIfAccount', { address: c.flow.addressText })}</p>
    ${codeField(c)} ${passwordField(c, { isNew: true })} ${mainButton(c, 'savePassword')}
  `,
  'no-account': (c) => html`
    <p class="lead below">${c.t('noAccountText', { address: c.flow.addressText })}</p>
    ${
      c.flow.undoToken
        ? html`<p class="below">${c.t('undoText')}</p>
            ${button(c.t('undo'), 'primary', () => void c.flow.undo())}`
        : !c.flow.isByPhone
          ? button(c.t('createAccount'), 'primary', () => c.flow.go('register', { method: 'email' }))
          : button(c.t('changeAddress'), 'primary', () => c.flow.go('address'))
    }
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

function onSubmit({ flow, codeLength }: ViewContext) {
  return (event: Event) => {
    event.preventDefault();
    void flow.submit(codeLength);
  };
}

function delivery({ flow, t }: ViewContext): TemplateResult {
  const { delivery } = flow;
  return delivery
    ? html`<p class="delivery small quiet ${delivery}" part="delivery">${t(DELIVERY_TEXTS[delivery])}</p>`
    : html`<p class="below"></p>`;
}

function codeHint({ flow, t }: ViewContext): TemplateResult {
  const hint = flow.kind === 'registration' ? 'registerHint' : 'orLink';
  return html`<p class="below quiet">${flow.isByPhone ? nothing : t(hint)}</p>`;
}
