import { IsString, MaxLength } from 'class-validator';
import { Format } from '../http/formats.js';
import { IfGiven } from '../http/if-given.js';

export class InboxQuery {
  /** Only messages to this address: E.164 or a lower-case e-mail address. */
  @IfGiven()
  @MaxLength(254, { message: 'to is too long.' })
  @IsString({ message: 'to must be given only once.' })
  to?: string;
}

export class InboxEntry {
  @Format('uuid')
  id!: string;
  /** @example "sms" */
  channel!: 'email' | 'sms' | 'whatsapp' | 'voice';
  /** @example "+12025550143" */
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
