import { IsIn, IsIP, IsOptional, Matches } from 'class-validator';
import { ProofOfWorkField } from '../budgets/proof-of-work-field.js';
import { CHANNELS } from '../common/delivery.js';
import { CheckedAs, EmailField, PhoneOrEmailField } from '../http/fields.js';
import { Format, WholeNumber } from '../http/formats.js';
import { IfGiven } from '../http/if-given.js';
import { IsLocaleTag } from '../http/is-locale-tag.js';
import type { Channel } from '../notifier/notifier.js';
import { IsContext } from './is-context.js';
import { IsMetadata } from './is-metadata.js';
import { IsOtp } from './is-otp.js';

export class OtpAddress {
  /**
   * Phone number with country code. National numbers are accepted if `PHONE_DEFAULT_COUNTRY` is
   * set. Give this or `email`.
   * @example "+12025550143"
   */
  @IfGiven()
  @PhoneOrEmailField()
  phone_number?: string;

  /**
   * E-mail address without a display name. Give this or `phone_number`.
   * @example "grace@example.com"
   */
  @IfGiven()
  @EmailField()
  email?: string;

  /**
   * What the code is for: `verification`, `transaction` (requires `context`) or a custom purpose
   * that `OTP_PURPOSES` allows.
   * @example "verification"
   */
  @IfGiven()
  @CheckedAs('purpose')
  @Matches(/^[a-z][a-z0-9_]{0,31}$/, {
    message: 'purpose must be up to 32 lower-case letters, digits and _.',
  })
  purpose?: string;

  /**
   * What the code approves: up to six short strings. The message shows them and the proof covers
   * them. Verify with the same names and values; their order does not matter. For server applications,
   * and for everybody in development.
   * @example { "amount": "39.99 EUR", "payee": "Acme" }
   */
  @IfGiven()
  @IsContext()
  context?: Record<string, string>;

  /**
   * IP address of the end user, for the limits that count addresses. For server applications only.
   * @example "203.0.113.7"
   */
  @IfGiven()
  @IsIP(undefined, { message: 'clientIp must be an IP address.' })
  clientIp?: string;

  @ProofOfWorkField()
  proofOfWork?: string;
}

export class SendOtp extends OtpAddress {
  /**
   * How to send the code: `email` for an e-mail address; `sms`, `whatsapp` or `voice` (a call) for
   * a mobile phone; `voice` for a fixed line, as far as `OTP_CHANNELS` offers them. Default: the
   * first channel in `OTP_CHANNELS` that reaches the address and can show the `context`.
   * @example "sms"
   */
  @IfGiven()
  @CheckedAs('channel')
  @IsIn(CHANNELS, { message: 'channel must be sms, email, whatsapp or voice.' })
  channel?: Channel;

  /**
   * Language of the message (BCP 47). Default: the first supported language in `Accept-Language`,
   * else the language of the phone number's country, else `DEFAULT_LOCALE`.
   * @example "en"
   */
  @IsLocaleTag()
  locale?: string;

  /**
   * Your own data about this code: strings, up to 1 kB as JSON. It is in the timeline and in the proof.
   * For server applications only.
   * @example { "order": "4711" }
   */
  @IfGiven()
  @IsMetadata()
  metadata?: Record<string, string>;
}

export class VerifyOtp extends OtpAddress {
  /**
   * The code from the message.
   * @example "123456"
   */
  @IsOtp()
  otp!: string;
}

/** A code that was sent. */
export class Challenge {
  /**
   * Id of the challenge. It is not secret.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001"
   */
  @Format('uuid')
  id!: string;

  /**
   * Channel of the message.
   * @example "sms"
   */
  channel!: Channel;

  /**
   * The masked address, so that the person recognises it.
   * @example "+12•••••••43"
   */
  maskedTo!: string;

  /**
   * Number of digits in the code.
   * @example 6
   */
  @WholeNumber(4)
  codeLength!: number;

  /**
   * When the code expires.
   * @example "2026-11-21T10:05:00.000Z"
   */
  expiresAt!: Date;

  /**
   * When another message can be requested.
   * @example "2026-11-21T10:01:00.000Z"
   */
  resendAt!: Date;

  /**
   * Attempts left for this code.
   * @example 3
   */
  @WholeNumber()
  attemptsLeft!: number;
}

/** Why a message did not arrive. */
export class DeliveryReason {
  /**
   * Reason code, for programs.
   * @example "number_not_mobile"
   */
  code!: string;

  /**
   * Reason in plain words, for the person who waits for the code.
   * @example "The number cannot receive SMS."
   */
  text!: string;
}

export class ChallengeStatus extends Challenge {
  /**
   * Status of the code.
   * @example "pending"
   */
  status!: 'pending' | 'approved' | 'expired' | 'exhausted';

  /**
   * Status of the newest message. `delivered` requires a provider that reports delivery.
   * @example "sent"
   */
  delivery!: 'queued' | 'sent' | 'delivered' | 'failed';

  /**
   * Why delivery failed, if known. Only for administrators, and for recognised devices of the
   * account that owns the address.
   */
  @IsOptional()
  deliveryReason?: DeliveryReason;
}

export class OtpSent {
  /**
   * What happened, in plain words.
   * @example "OTP generated and sent."
   */
  detail!: string;

  /** The challenge that was issued or repeated. */
  challenge!: Challenge;

  /**
   * The code, in demonstration mode only. (`OTP_EXPOSE_CODE` is refused in production.)
   * @example "123456"
   */
  @IsOptional()
  otp?: string;
}

export class OtpVerified {
  /**
   * What happened, in plain words.
   * @example "OTP verified successfully."
   */
  detail!: string;

  /**
   * A JWT (ES256, `typ: otp-proof+jwt`) that is valid for 5 minutes. Any backend can verify it with
   * the keys at `/.well-known/jwks.json`. Claims: `sub` (such as `phone:+12025550143`), `purpose`,
   * `context_sha256`, `metadata`, `jti` (the challenge id), `iss`, `aud` (the audience of the application
   * that sent the code, else of this server), `iat`, `exp`.
   * @example "eyJhbGciOiJFUzI1NiIsInR5cCI6Im90cC1wcm9vZitqd3QiLCJraWQiOiIuLi4ifQ.eyJzdWIiOiJwaG9uZTorMTIwMjU1NTAxNDMifQ.c2ln"
   */
  proof!: string;
}
