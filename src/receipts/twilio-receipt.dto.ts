import { IsOptional, IsUUID, Matches } from 'class-validator';

export class TwilioReceiptQuery {
  /** Our id of the message, from the `StatusCallback` URL. */
  @IsUUID()
  message!: string;
}

/** The fields that we read from a status callback. All other fields are ignored. */
export class TwilioReceipt {
  /** @example "SM00000000000000000000000000000000" */
  @Matches(/^(SM|MM)[0-9a-f]{32}$/)
  MessageSid!: string;

  /**
   * An unknown status is ignored.
   * @example "delivered"
   */
  @Matches(/^[a-z][a-z0-9_-]{0,63}$/)
  MessageStatus!: string;

  /** @example "AC00000000000000000000000000000000" */
  @Matches(/^AC[0-9a-f]{32}$/)
  AccountSid!: string;

  /** Twilio's number for the failure. */
  @IsOptional()
  @Matches(/^\d{0,9}$/)
  ErrorCode?: string;
}
