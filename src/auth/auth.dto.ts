import { IsIn, IsString, Matches, MaxLength } from 'class-validator';
import { IfGiven } from '../common/if-given.js';
import { Challenge } from '../otp/otp.dto.js';
import type { Channel } from '../notifier/notifier.js';

export class SignInAddress {
  /**
   * Phone number with its country code, or a national one where `PHONE_DEFAULT_COUNTRY` is set. Give this or `email`.
   * @example "+14155550123"
   */
  @IfGiven()
  @MaxLength(64, { message: 'phone is too long.' })
  @IsString({ message: 'phone must be a string.' })
  phone?: string;

  /**
   * One plain e-mail address. Give this or `phone`.
   * @example "ada@example.com"
   */
  @IfGiven()
  @MaxLength(254, { message: 'email is too long.' })
  @IsString({ message: 'email must be a string.' })
  email?: string;
}

export class SendSignInCode extends SignInAddress {
  /**
   * How to reach the address; by default `sms` for a phone number and `email` for an e-mail address.
   * @example "sms"
   */
  @IfGiven()
  @IsIn(['sms', 'email'], { message: 'channel must be sms or email.' })
  channel?: Channel;
}

export class VerifySignInCode extends SignInAddress {
  /**
   * The code from the message.
   * @example "123456"
   */
  @Matches(/^[0-9]{4,10}$/, { message: 'otp must be a string of 4 to 10 digits.' })
  otp!: string;
}

export class SignInCodeSent {
  /**
   * What happened, for people.
   * @example "OTP sent successfully."
   */
  message!: string;

  /**
   * The sign-in waits for the code.
   * @example "pending"
   */
  VerificationStatus!: 'pending';

  /** The code that was sent. */
  challenge!: Challenge;
}

export class SignInCodeApproved {
  /**
   * The code was right.
   * @example "approved"
   */
  VerificationStatus!: 'approved';
}
