export interface Mail {
  /** Our id of the message, for the vendor's records. */
  messageId: string;
  to: string;
  subject: string;
  text: string;
  html: string;
}

/** Sends one mail. */
export abstract class Mailer {
  /** Names the provider in the message's record. */
  abstract readonly provider: string;

  /** Resolves to the vendor's id of the message; throws a `DeliveryError`. */
  abstract send(mail: Mail): Promise<string>;
}
