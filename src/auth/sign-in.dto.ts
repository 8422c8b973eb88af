import { IsIn, IsString, MaxLength } from 'class-validator';
import { ProofOfWorkField } from '../budgets/proof-of-work-field.js';
import { CHANNELS } from '../common/delivery.js';
import { Absent, CheckedAs, EmailField, PhoneOrEmailField } from '../http/fields.js';
import { WholeNumber } from '../http/formats.js';
import { IfGiven } from '../http/if-given.js';
import { IsLocaleTag } from '../http/is-locale-tag.js';
import { Challenge } from '../otp/otp.dto.js';
import { IsOtp } from '../otp/is-otp.js';
import type { Channel } from '../notifier/notifier.js';
import { Profile } from '../users/users.dto.js';

export class SignInAddress {
  /**
   * Phone number with its country code, or a national number if `PHONE_DEFAULT_COUNTRY` is set.
   * Send either this or `email`.
   * @example "+12025550143"
   */
  @IfGiven()
  @PhoneOrEmailField()
  phone?: string;

  /**
   * A plain e-mail address. Send either this or `phone`.
   * @example "grace@example.com"
   */
  @IfGiven()
  @EmailField()
  email?: string;

  @ProofOfWorkField()
  proofOfWork?: string;
}

export class SendSignInCode extends SignInAddress {
  /**
   * How to send the message: `email` to an e-mail address, `sms` to a phone number, or `whatsapp`
   * or `voice` (a call) if `OTP_CHANNELS` has them. Default: the first offered channel that reaches
   * the address, usually `sms` or `email`.
   * @example "sms"
   */
  @IfGiven()
  @CheckedAs('channel')
  @IsIn(CHANNELS, { message: 'channel must be sms, email, whatsapp or voice.' })
  channel?: Channel;

  /**
   * The language of the message (BCP 47). Default: the first supported one in `Accept-Language`,
   * else the language of the phone number's country, else `DEFAULT_LOCALE`.
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
  @IsOtp('login')
  otp!: string;
}

export class SignInLink {
  /**
   * The part of the mailed link after `#token=`.
   * @example "xk7mDq1LyJc0m1tYb2Zs…"
   */
  @MaxLength(1024, { message: 'token is too long.' })
  @IsString({ message: 'token must be a string.' })
  token!: string;
}

export class SignInCodeSent {
  /**
   * The result, for display.
   * @example "OTP sent successfully."
   */
  message!: string;

  /**
   * The sign-in is waiting for the code.
   * @example "pending"
   */
  VerificationStatus!: 'pending';

  /** The code that was sent. */
  challenge!: Challenge;
}

export class LogIn {
  /**
   * The e-mail address of the account.
   * @example "grace@example.com"
   */
  @EmailField()
  email!: string;

  /**
   * The password of the account.
   * @example "correct horse battery staple"
   */
  @MaxLength(1024, { message: 'password is too long.' })
  @IsString({ message: 'password must be a string.' })
  password!: string;

  @ProofOfWorkField()
  proofOfWork?: string;
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
   * A JWT (ES256, `typ: at+jwt`) for `Authorization: Bearer`. Backends verify it with the keys from
   * `/.well-known/jwks.json`. Claims: `sub` (the user), `sid` (the session), `roles`, `amr` (the
   * sign-in method, RFC 8176), `jti`, `iss`, `aud`, `iat`, `exp`.
   * @example "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIwMTk3ZjNiMiJ9.c2ln"
   */
  accessToken!: string;

  /**
   * Lifetime of the access token in seconds.
   * @example 900
   */
  @WholeNumber(1)
  expiresIn!: number;

  /**
   * For `/auth/refresh`. It works once, and that reply has the next one.
   * @example "AZ_zsnpVfMOh8EwqPZvgAdqv0LQ3…"
   */
  refreshToken!: string;

  /** The user who signed in. */
  user!: Profile;
}

export class SignedIn extends Tokens {
  /**
   * Identifies this device at later sign-ins, and each sign-in replaces it: send the newest one as
   * the header `X-Device-Token`. A recognised device has its own limits, so strangers who use up the
   * limits of an address do not lock out its owner. Keep the token after sign-out. Absent for
   * clients that keep cookies, such as pages of the same site, which get it as a cookie.
   * @example "AZ_zsnpVfMOh8EwqPZvgAZ9Lw3Bk…"
   */
  deviceToken?: string;
}

/** A code or a link was right and opened an account. */
export class SignInApproved extends SignedIn {
  /**
   * The code or the link was right.
   * @example "approved"
   */
  VerificationStatus!: 'approved';

  /**
   * Only from `/auth/verify`: the account was opened without a password, because its registration
   * was contested. Ask the user for a new password and send it to `PATCH /auth/reset`.
   * @example true
   */
  passwordRequired?: boolean;
}

/** For somebody who proved an address that an account had until recently and can get back. */
export interface UndoOffer {
  undoToken: string;
}

/** A code or a link was right, but no account has verified the address. The reply has no tokens. */
export class AddressApproved implements Partial<UndoOffer> {
  /**
   * The code or the link was right.
   * @example "approved"
   */
  VerificationStatus!: 'approved';

  /**
   * An account had this address until less than 72 hours ago. To give the address back to that
   * account, send this token to `/users/contact/undo`, then sign in again.
   * @example "AZ_zsnpVfMOh8EwqPZvgAZ9Lw3Bk…"
   */
  undoToken?: string;

  @Absent()
  accessToken?: never;

  @Absent()
  user?: never;
}

export class Message {
  /**
   * The result, for display.
   * @example "Signed out."
   */
  message!: string;
}
