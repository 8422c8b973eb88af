import type { Locale } from '../common/locale.js';

export interface Mail {
  /** Our id of the message, for the vendor's records. */
  messageId: string;
  to: string;
  subject: string;
  text: string;
  html: string;
  /** The code in the text, for a provider with its own text. */
  code?: string;
  /** The language of the text. */
  locale: Locale;
  /** After this time, the mail is useless. */
  validSeconds: number;
}

/** Sends one mail. */
export abstract class Mailer {
  /** The name of the provider in the record of the message. */
  abstract readonly provider: string;

  /** Whether the provider sends receipts. */
  abstract readonly reportsDelivery: boolean;

  /** Resolves to the vendor's id of the message; throws a `DeliveryError`. */
  abstract send(mail: Mail): Promise<string>;

  /** Closes open connections. */
  close(): void {}
}
