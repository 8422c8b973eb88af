import type { Locale } from '../../common/locale.js';

/** What a template shows; each template needs some of it. */
export interface MessageContent {
  /** The language to say it in (BCP 47). Default: `DEFAULT_LOCALE`. */
  locale?: Locale;
  code?: string;
  /** What the code approves, in the order to show it. */
  context?: Record<string, string>;
  /** A page of ours. Nothing else becomes a link. */
  link?: string;
  /** The phone number that was linked. */
  phone?: string;
  /** What was changed. */
  field?: 'email' | 'phone';
  /** What it was changed to. */
  to?: string;
  /** How long the change can be undone. */
  undoHours?: number;
  /** When it happened, in ISO 8601. */
  at?: string;
  /** What it happened on, in words of ours; absent when we cannot tell. */
  device?: string;
  /** Where it came from. */
  ip?: string;
}
