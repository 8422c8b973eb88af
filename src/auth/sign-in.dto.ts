import { IsIn, IsString, MaxLength } from 'class-validator';
import { CHANNELS } from '../common/delivery.js';
import { IfGiven } from '../http/if-given.js';
import { IsLocaleTag } from '../http/is-locale-tag.js';
import { Challenge } from '../otp/otp.dto.js';
import { IsOtp } from '../otp/is-otp.js';
import type { Channel } from '../notifier/notifier.js';
import { Profile } from '../users/users.dto.js';

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
   * How to reach the address: `sms` or `email`, or `whatsapp` or `voice` (a call) for a phone number where `OTP_CHANNELS`
   * offers them. By default the first of those that reach it, usually `sms` or `email`.
   * @example "sms"
   */
  @IfGiven()
  @IsIn(CHANNELS, { message: 'channel must be sms, email, whatsapp or voice.' })
  channel?: Channel;

  /**
   * The language of the message (BCP 47). Default: the first of `Accept-Language` that we have, else that of the phone
   * number's country, else `DEFAULT_LOCALE`.
   * @example "en"
   */
  @IsLocaleTag()
  locale?: string;
}

export class VerifySignInCode extends SignInAddress {
  /**
   * The code from the message.
   * @example "123456"
   */
  @IsOtp()
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

export class LogIn {
  /**
   * The e-mail address of the account.
   * @example "ada@example.com"
   */
  @MaxLength(254, { message: 'email is too long.' })
  @IsString({ message: 'email must be a string.' })
  email!: string;

  /**
   * Its password.
   * @example "correct horse battery staple"
   */
  @MaxLength(1024, { message: 'password is too long.' })
  @IsString({ message: 'password must be a string.' })
  password!: string;
}

export class Refresh {
  /**
   * The newest refresh token of the session.
   * @example "AZ_zsnpVfMOh8EwqPZvgAdqv0LQ3…"
   */
  @MaxLength(256, { message: 'refreshToken is too long.' })
  @IsString({ message: 'refreshToken must be a string.' })
  refreshToken!: string;
}

export class Tokens {
  /** @example "Bearer" */
  tokenType!: 'Bearer';

  /**
   * A JWT (ES256, `typ: at+jwt`) for `Authorization: Bearer`. Backends check it with `/.well-known/jwks.json`. Claims: `sub` (the
   * user), `sid` (the session), `roles`, `amr` (how it was signed in: RFC 8176), `jti`, `iss`, `aud`, `iat`, `exp`.
   * @example "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIwMTk3ZjNiMiJ9.c2ln"
   */
  accessToken!: string;

  /**
   * Seconds that the access token lives.
   * @example 900
   */
  expiresIn!: number;

  /**
   * For `/auth/refresh`, once; the reply holds the next one.
   * @example "AZ_zsnpVfMOh8EwqPZvgAdqv0LQ3…"
   */
  refreshToken!: string;

  /** Whose tokens these are. */
  user!: Profile;
}

export class SignedIn extends Tokens {
  /**
   * Recognises this device at later sign-ins (header `X-Device-Token`; browsers have it as a cookie), so that strangers who use
   * up the limits of its owner's address do not lock it out. Keep it after sign-out too.
   * @example "AZ_zsnpVfMOh8EwqPZvgAZ9Lw3Bk…"
   */
  deviceToken!: string;

  /**
   * The account was opened without a password, because its registration was contested: ask for one now and send it to
   * `PATCH /auth/reset`.
   * @example true
   */
  passwordRequired?: boolean;
}

export class LegacySignedIn extends SignedIn {
  /**
   * The access token again.
   * @example "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIwMTk3ZjNiMiJ9.c2ln"
   */
  token!: string;
}

/** Approved, with tokens where an account owns the address. */
export class SignInCodeApproved implements Partial<SignedIn> {
  /**
   * The code was right.
   * @example "approved"
   */
  VerificationStatus!: 'approved';

  /** @example "Bearer" */
  tokenType?: 'Bearer';

  /**
   * As `/auth/login` gives it.
   * @example "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIwMTk3ZjNiMiJ9.c2ln"
   */
  accessToken?: string;

  /**
   * Seconds that the access token lives.
   * @example 900
   */
  expiresIn?: number;

  /**
   * For `/auth/refresh`, once.
   * @example "AZ_zsnpVfMOh8EwqPZvgAdqv0LQ3…"
   */
  refreshToken?: string;

  /**
   * Recognises this device at later sign-ins.
   * @example "AZ_zsnpVfMOh8EwqPZvgAZ9Lw3Bk…"
   */
  deviceToken?: string;

  /** Who signed in. */
  user?: Profile;

  /**
   * The account was opened without a password: ask for one now and send it to `PATCH /auth/reset`.
   * @example true
   */
  passwordRequired?: boolean;
}

export class Message {
  /**
   * What happened, for people.
   * @example "Signed out."
   */
  message!: string;
}
