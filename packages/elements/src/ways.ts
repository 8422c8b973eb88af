import { html, nothing, type TemplateResult } from 'lit';
import { button, resendButton } from './buttons.js';
import type { Way } from './refusals.js';
import type { Step } from './state.js';
import { clockTime, isCountedDown } from './time.js';
import { translateText, type ViewContext } from './view-context.js';

const USE_TEXTS = { email: 'useEmail', phone: 'usePhone', password: 'usePassword' } as const;
const SEND_BY_TEXTS = { sms: 'sendBySms', whatsapp: 'sendByWhatsapp', voice: 'sendByVoice' } as const;

/** What went wrong, or what went well, and the ways forward. The region is always there, to be announced. */
export function notice(c: ViewContext): TemplateResult {
  const { refusal, news } = c.flow;
  const text = refusal.notice ?? news;
  const ways = refusal.ways.flatMap((way) => waysForward[way](c));
  const hasText = text !== undefined || ways.length > 0;
  return html`<div
    class="notice ${hasText ? 'has-text' : ''} ${news && !refusal.notice ? 'good' : ''}"
    part="notice"
    role="alert"
  >
    ${
      hasText
        ? html`<div class="box">
            ${text ? html`<p>${translateText(c, text)} ${whenToRetry(c)}</p>` : nothing}
            ${ways.length > 0 ? html`<div class="ways">${ways}</div>` : nothing}
          </div>`
        : nothing
    }
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
      .map((channel) => button(t(SEND_BY_TEXTS[channel]), 'way', () => void flow.resend(channel))),
  'have-code': ({ flow, t }) => (flow.isCodeStep ? [] : button(t('haveCode'), 'way', () => flow.haveCode())),
  'other-methods': ({ flow, methods, t }) =>
    methods
      .filter((method) => method !== flow.method)
      .map((method) => button(t(USE_TEXTS[method]), 'way', () => flow.go('address', { method }))),
  'change-address': ({ flow, t }) => button(t('changeAddress'), 'way', () => flow.go('address')),
  'email-code': ({ flow, methods, t }) =>
    methods.includes('email')
      ? button(t('useEmail'), 'way', () => flow.go('address', { method: 'email' }))
      : [],
  undo: ({ flow, t }) => button(t('undo'), 'way', () => void flow.undo()),
};

/** The ways onward that every step has. */
export function foot(c: ViewContext): TemplateResult {
  const { flow, t } = c;
  const back = (step: 'address' | 'register' | 'forgot') => button(t('back'), 'link', () => flow.go(step));
  const links: Record<Step, TemplateResult | typeof nothing> = {
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
      ${resendButton(c, 'link')}
    `,
    reset: html`${back('forgot')} ${resendButton(c, 'link')}`,
    'no-account': back('address'),
    'new-password': nothing,
    done: nothing,
  };
  return html`<div class="foot" part="foot">${links[flow.step]}</div>`;
}

/** For a message that was not delivered. */
export function otherWays(c: ViewContext): TemplateResult | typeof nothing {
  const channels = c.flow.isByPhone ? waysForward['other-channels'](c) : [];
  return c.flow.delivery === 'failed'
    ? html`<div class="ways">${channels} ${waysForward['other-methods'](c)}</div>`
    : nothing;
}
