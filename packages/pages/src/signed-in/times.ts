import { html, type TemplateResult } from 'lit';
import { locale } from '../shared/texts.js';

/** A date and time in the person's language and time zone. */
export function timeText(at: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at));
}

export function time(at: string): TemplateResult {
  return html`<time datetime=${at}>${timeText(at)}</time>`;
}
