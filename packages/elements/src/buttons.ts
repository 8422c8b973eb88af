import { html, nothing, type TemplateResult } from 'lit';
import type { TextKey } from './texts.js';
import { countdown, isCountedDown } from './time.js';
import type { ViewContext } from './view-context.js';

export function mainButton(c: ViewContext, key: TextKey): TemplateResult {
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
    ${
      c.progress === undefined
        ? nothing
        : html`<progress part="progress" aria-label=${c.t('checking')} .value=${c.progress}></progress>`
    }`;
}

export function button(label: string, kind: 'primary' | 'way' | 'link', act: () => void): TemplateResult {
  const part = { primary: 'button', way: 'secondary-button', link: 'link' }[kind];
  return html`<button type="button" class=${kind} part=${part} @click=${act}>${label}</button>`;
}

export function resendButton({ flow, t }: ViewContext, kind: 'way' | 'link'): TemplateResult {
  const wait = flow.secondsUntilResend;
  return html`<button
    type="button"
    class=${kind}
    part=${kind === 'link' ? 'link' : 'secondary-button'}
    aria-disabled=${wait > 0 || flow.isBusy ? 'true' : 'false'}
    @click=${() => wait === 0 && void flow.resend()}
  >
    ${wait > 0 ? t('resendIn', { time: countdown(wait) }) : t('resend')}
  </button>`;
}
