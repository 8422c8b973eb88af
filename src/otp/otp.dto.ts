import { IsIn, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { CHANNELS } from '../common/delivery.js';
import { IfGiven } from '../http/if-given.js';
import { IsLocaleTag } from '../http/is-locale-tag.js';
import type { Channel } from '../notifier/notifier.js';
import { IsContext } from './is-context.js';
import { IsOtp } from './is-otp.js';

export class OtpAddress {
  /**
   * Phone number with its country code, or a national one where `PHONE_DEFAULT_COUNTRY` is set. Give this or `email`.
   * @example "+14155550123"
   */
  @IfGiven()
  @MaxLength(64, { message: 'phone_number is too long.' })
  @IsString({ message: 'phone_number must be a string.' })
  phone_number?: string;

  /**
   * One plain e-mail address. Give this or `phone_number`.
   * @example "ada@example.com"
   */
  @IfGiven()
  @MaxLength(254, { message: 'email is too long.' })
  @IsString({ message: 'email must be a string.' })
  email?: string;

  /**
   * What the code is for: `verification`, `transaction` (needs `context`) or a purpose of your own.
   * @example "verification"
   */
  @IfGiven()
  @Matches(/^[a-z][a-z0-9_]{0,31}$/, {
    message: 'purpose must be up to 32 lower-case letters, digits and _.',
  })
  purpose?: string;

  /**
   * What the code approves: up to six short strings that the message shows and the proof covers. The order of
   * names does not matter; any changed value fails.
   * @example { "amount": "39.99 EUR", "payee": "Acme" }
   */
  @IfGiven()
  @IsContext()
  context?: Record<string, string>;
}

export class SendOtp extends OtpAddress {
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

export class VerifyOtp extends OtpAddress {
  /**
   * The code from the message.
   * @example "123456"
   */
  @IsOtp()
  otp!: string;
}

/** A code that was sent, as a client needs it to draw the next step. */
export class Challenge {
  /**
   * Public handle; not a secret.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001"
   */
  id!: string;

  /**
   * How the message went.
   * @example "sms"
   */
  channel!: Channel;

  /**
   * The address, for the person to recognise.
   * @example "+14•••••••23"
   */
  maskedTo!: string;

  /**
   * Digits to ask for.
   * @example 6
   */
  codeLength!: number;

  /**
   * When the code stops working.
   * @example "2026-11-21T10:05:00.000Z"
   */
  expiresAt!: Date;

  /**
   * From when on another message can be asked for.
   * @example "2026-11-21T10:01:00.000Z"
   */
  resendAt!: Date;

  /**
   * Guesses left for this code.
   * @example 3
   */
  attemptsLeft!: number;
}

/** Why a message did not arrive. */
export class DeliveryReason {
  /**
   * For programs.
   * @example "unreachable"
   */
  code!: string;

  /**
   * For the person who is waiting.
   * @example "The number cannot receive SMS."
   */
  text!: string;
}

export class ChallengeStatus extends Challenge {
  /**
   * What became of the code.
   * @example "pending"
   */
  status!: 'pending' | 'approved' | 'expired' | 'exhausted';

  /**
   * How far its newest message has come; `delivered` is said where the provider reports it.
   * @example "sent"
   */
  delivery!: 'queued' | 'sent' | 'delivered' | 'failed';

  /** Why it failed, where that is known. */
  @IsOptional()
  deliveryReason?: DeliveryReason;
}

export class OtpSent {
  /**
   * What happened, for people.
   * @example "OTP generated and sent."
   */
  detail!: string;

  /** The code that was sent. */
  challenge!: Challenge;

  /**
   * The code itself, in demonstration mode only (`OTP_EXPOSE_CODE`, refused in production).
   * @example "123456"
   */
  @IsOptional()
  otp?: string;
}

export class OtpVerified {
  /**
   * What happened, for people.
   * @example "OTP verified successfully."
   */
  detail!: string;

  /**
   * A JWT (ES256, `typ: otp-proof+jwt`, 5 minutes) that any backend checks with `/.well-known/jwks.json`. Claims: `sub`
   * (`phone:+14155550123`), `purpose`, `context_sha256`, `jti` (the challenge), `iss`, `aud`, `iat`, `exp`.
   * @example "eyJhbGciOiJFUzI1NiIsInR5cCI6Im90cC1wcm9vZitqd3QiLCJraWQiOiIuLi4ifQ.eyJzdWIiOiJwaG9uZTorMTQxNTU1NTAxMjMifQ.c2ln"
   */
  proof!: string;
}
