import { IsIn, IsOptional, IsString, IsUUID, Matches } from 'class-validator';

const STATUSES = [
  ...['accepted', 'scheduled', 'queued', 'sending', 'sent', 'receiving', 'received', 'partially_delivered'],
  ...['delivered', 'read', 'undelivered', 'failed', 'canceled'],
];
const SID = /^(SM|MM)[0-9a-f]{32}$/;

export class TwilioReceiptQuery {
  /** Our id of the message, from the `StatusCallback` URL. */
  @IsUUID()
  message!: string;
}

/**
 * A status callback. Twilio signs names and values without separators, so an attacker could split
 * them differently under the same signature. Therefore only known names and values are accepted.
 */
export class TwilioReceipt {
  /** @example "SM00000000000000000000000000000000" */
  @Matches(SID)
  MessageSid!: string;

  /** @example "delivered" */
  @IsIn(STATUSES)
  MessageStatus!: string;

  /** @example "AC00000000000000000000000000000000" */
  @Matches(/^AC[0-9a-f]{32}$/)
  AccountSid!: string;

  /** Twilio's number for the failure. */
  @IsOptional()
  @Matches(/^\d{0,6}$/)
  ErrorCode?: string;

  /** The same as `MessageSid`. */
  @IsOptional()
  @Matches(SID)
  SmsSid?: string;

  /** The same as `MessageStatus`. */
  @IsOptional()
  @IsIn(STATUSES)
  SmsStatus?: string;

  /** The sender. */
  @IsOptional()
  @IsString()
  From?: string;

  /** The recipient. */
  @IsOptional()
  @IsString()
  To?: string;

  /** @example "2010-04-01" */
  @IsOptional()
  @IsString()
  ApiVersion?: string;

  /** The messaging service that sent it. */
  @IsOptional()
  @IsString()
  MessagingServiceSid?: string;

  /** When the phone network reported the delivery. */
  @IsOptional()
  @IsString()
  RawDlrDoneDate?: string;

  /** Only for WhatsApp. */
  @IsOptional()
  @IsString()
  ChannelToAddress?: string;

  /** Only for WhatsApp. */
  @IsOptional()
  @IsString()
  ChannelPrefix?: string;

  /** Only for WhatsApp. */
  @IsOptional()
  @IsString()
  ChannelInstallSid?: string;

  /** Only for WhatsApp. */
  @IsOptional()
  @IsString()
  ChannelStatusMessage?: string;

  /** Only for WhatsApp. */
  @IsOptional()
  @IsString()
  EventType?: string;

  /** Only for WhatsApp. */
  @IsOptional()
  @IsString()
  StructuredMessage?: string;
}
