import { IsIn, IsOptional, IsString, IsUUID, Matches } from 'class-validator';

const STATUSES = [
  ...['accepted', 'scheduled', 'queued', 'sending', 'sent', 'receiving', 'received', 'partially_delivered'],
  ...['delivered', 'read', 'undelivered', 'failed', 'canceled'],
];
const SID = /^(SM|MM)[0-9a-f]{32}$/;

export class TwilioReceiptQuery {
  /** Our id of the message, as it was given to Twilio. */
  @IsUUID()
  message!: string;
}

/**
 * A status callback. Twilio's signature runs names and values together, so that fields can be cut anew under the same
 * signature: only names and values that are known are taken.
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

  /** Why it failed. */
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

  /** The carrier's time of delivery. */
  @IsOptional()
  @IsString()
  RawDlrDoneDate?: string;

  /** Of WhatsApp. */
  @IsOptional()
  @IsString()
  ChannelToAddress?: string;

  /** Of WhatsApp. */
  @IsOptional()
  @IsString()
  ChannelPrefix?: string;

  /** Of WhatsApp. */
  @IsOptional()
  @IsString()
  ChannelInstallSid?: string;

  /** Of WhatsApp. */
  @IsOptional()
  @IsString()
  ChannelStatusMessage?: string;

  /** Of WhatsApp. */
  @IsOptional()
  @IsString()
  EventType?: string;

  /** Of WhatsApp. */
  @IsOptional()
  @IsString()
  StructuredMessage?: string;
}
