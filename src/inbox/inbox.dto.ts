import { IsString, MaxLength } from 'class-validator';
import { IfGiven } from '../http/if-given.js';

export class InboxQuery {
  /** Only messages to this address: E.164 or a lower-case e-mail address. */
  @IfGiven()
  @MaxLength(254, { message: 'to is too long.' })
  @IsString({ message: 'to must be given only once.' })
  to?: string;
}

export class InboxEntry {
  id!: string;
  /** @example "sms" */
  channel!: 'email' | 'sms' | 'whatsapp' | 'voice';
  /** @example "+14155550123" */
  to!: string;
  /** @example "123456 is your code to sign in" */
  subject?: string;
  /**
   * @example "123456 is your code to sign in.\nValid for 5 minutes. Do not share it.\n\n@localhost #123456"
   */
  text!: string;
  html?: string;
  at!: Date;
}
