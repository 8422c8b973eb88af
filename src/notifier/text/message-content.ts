import type { Locale } from '../../common/locale.js';

/** Fields for a template. Each template uses some of them. */
export interface MessageContent {
  /** The language of the text (BCP 47). Default: `DEFAULT_LOCALE`. */
  locale?: Locale;
  code?: string;
  /** The sender's name. Default: `BRAND_NAME`. */
  brand?: string;
  /** The host of the page that may read the code from an SMS. Default: that of `PUBLIC_URL`. */
  host?: string;
  /** The purpose of the code. It selects the sentences that say what the code is for. */
  purpose?: string;
  /** What the code approves, in the order to show it. */
  context?: Record<string, string>;
  /** A page for the token in its fragment. The only link in a message. */
  link?: string;
  /** The phone number that was linked. */
  phone?: string;
  /** The field that was changed. */
  field?: 'email' | 'phone';
  /** The new value of the field, or the address of the other user, masked. */
  to?: string;
  /** Whose roles were changed: the reader's or another user's, who may be deleted. */
  whose?: 'own' | 'other' | 'deleted';
  /** The roles after the change. */
  roles?: string;
  /** How long the change can be undone. */
  undoHours?: number;
  /** The time of the event, in ISO 8601. */
  at?: string;
  /** The device of the event, in our own words. Absent if it is unknown. */
  device?: string;
  /** The IP address of the event. */
  ip?: string;
}
