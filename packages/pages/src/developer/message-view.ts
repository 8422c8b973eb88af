import type { components } from '@otp-auth/client';
import { html, type TemplateResult } from 'lit';
import { server } from '../shared/server.js';
import { locale } from '../shared/texts.js';
import type { Texts } from './developer-page.js';
import { mailFrame, withLinks } from './message-parts.js';
import './inbox.css';

export type Message = components['schemas']['InboxEntry'];

/** A mail as a mail program shows it, or its plain text. */
export function mailView(
  { to, subject, text, html: mail, at }: Message,
  texts: Texts,
  { isPlain, choose }: { isPlain: boolean; choose: (isPlain: boolean) => void },
): TemplateResult {
  return html`
    <article class="mail">
      <h2 dir="auto">${subject}</h2>
      <dl>
        <dt>${texts.from}</dt>
        <dd><bdi>${server.mailFrom ?? server.brandName ?? 'OTP Auth Server'}</bdi></dd>
        <dt>${texts.to}</dt>
        <dd><bdi dir="ltr">${to}</bdi></dd>
        <dt>${texts.time}</dt>
        <dd><time datetime=${at}>${timeOf(at)}</time></dd>
      </dl>
      <div class="tabs">
        <button class="small" aria-pressed=${!isPlain} @click=${() => choose(false)}>
          ${texts.htmlText}
        </button>
        <button class="small" aria-pressed=${isPlain} @click=${() => choose(true)}>${texts.plainText}</button>
      </div>
      ${
        isPlain || !mail
          ? html`<pre dir="auto">${withLinks(text)}</pre>`
          : mailFrame(mail, subject ?? texts.message)
      }
    </article>
  `;
}

/** A message as a phone shows it. */
export function phoneView({ channel, to, text, at }: Message, texts: Texts): TemplateResult {
  return html`
    <article class="phone ${channel}">
      <header>
        <strong>${server.brandName ?? 'OTP Auth Server'}</strong>
        <span>${texts[channel]} · <bdi dir="ltr">${to}</bdi></span>
      </header>
      <p class="bubble" dir="auto">${withLinks(text)}</p>
      <time class="quiet" datetime=${at}>${timeOf(at)}</time>
    </article>
  `;
}

export function timeOf(at: string): string {
  return new Intl.DateTimeFormat(locale, { timeStyle: 'medium' }).format(new Date(at));
}
