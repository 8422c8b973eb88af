import type { Locale } from '../common/locale.js';

export interface Mail {
  /** Our id of the message, for the vendor's records. */
  messageId: string;
  to: string;
  subject: string;
  text: string;
  html: string;
  /** What it carries, for a provider that writes its own text. */
  code?: string;
  /** The language of the text. */
  locale: Locale;
  /** After this nobody needs it. */
  validSeconds: number;
}

/** Sends one mail. */
export abstract class Mailer {
  /** Names the provider in the message's record. */
  abstract readonly provider: string;

  /** Whether it reports later what became of a mail. */
  abstract readonly reportsDelivery: boolean;

  /** Resolves to the vendor's id of the message; throws a `DeliveryError`. */
  abstract send(mail: Mail): Promise<string>;
}
