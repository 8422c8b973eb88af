import type { PhoneChannel } from '../common/delivery.js';
import type { Locale } from '../common/locale.js';

export interface PhoneMessage {
  /** Our id of the message, for the vendor's records. */
  messageId: string;
  channel: PhoneChannel;
  /** E.164. */
  to: string;
  text: string;
  /** The code in the text, for a provider with its own text. */
  code?: string;
  /** What the code approves. The recipient must see it. */
  context?: Record<string, string>;
  /** The language of the text. */
  locale: Locale;
  /** After this time, the vendor must discard the message. */
  validSeconds: number;
  /** The sender, if the country has its own. */
  sender?: string;
}

/** Sends one message to a phone number. */
export abstract class PhoneSender {
  /** The name of the provider in the record of the message. */
  abstract readonly provider: string;

  /** Whether the provider sends receipts. */
  abstract readonly reportsDelivery: boolean;

  /** Whether the provider can show the content of the message. */
  canSend(_message: Pick<PhoneMessage, 'code' | 'context'>): boolean {
    return true;
  }

  /** Resolves to the vendor's id of the message; throws a `DeliveryError`. */
  abstract send(message: PhoneMessage): Promise<string>;
}
