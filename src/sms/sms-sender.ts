export interface Sms {
  /** Our id of the message, for the record. */
  messageId: string;
  /** E.164. */
  to: string;
  text: string;
  /** After this the vendor must drop the message rather than deliver it. */
  validSeconds: number;
}

/** Sends one text message. */
export abstract class SmsSender {
  /** Names the provider in the message's record. */
  abstract readonly provider: string;

  /** Resolves to the vendor's id of the message; throws a `DeliveryError`. */
  abstract send(sms: Sms): Promise<string>;
}
