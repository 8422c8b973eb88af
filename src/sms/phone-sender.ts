import type { PhoneChannel } from '../common/delivery.js';
import type { Locale } from '../common/locale.js';

export interface PhoneMessage {
  /** Our id of the message, for the record. */
  messageId: string;
  channel: PhoneChannel;
  /** E.164. */
  to: string;
  text: string;
  /** The code in the text, for a provider that writes its own text. */
  code?: string;
  /** What the code approves; whoever gets it must be shown this. */
  context?: Record<string, string>;
  /** The language of the text. */
  locale: Locale;
  /** After this the vendor must drop the message rather than deliver it. */
  validSeconds: number;
  /** Who it is from, where the country has a sender of its own. */
  sender?: string;
}

/** Sends one message to a phone number. */
export abstract class PhoneSender {
  /** Names the provider in the message's record. */
  abstract readonly provider: string;

  /** Whether it reports later what became of a message. */
  abstract readonly reportsDelivery: boolean;

  /** Whether it can say what the message says; by default anything. */
  canSend(_message: Pick<PhoneMessage, 'code' | 'context'>): boolean {
    return true;
  }

  /** Resolves to the vendor's id of the message; throws a `DeliveryError`. */
  abstract send(message: PhoneMessage): Promise<string>;
}
