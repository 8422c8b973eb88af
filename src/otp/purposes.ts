import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { OtpError } from './otp.errors.js';

/** The rules for the codes of one purpose. */
export interface Policy {
  purpose: string;
  codeLength: number;
  ttlSeconds: number;
  /** A further message repeats the live code while it has more than this left before it expires. */
  repeatSeconds: number;
  /** Cooldown between two messages. */
  resendSeconds: number;
  /** Guesses at one code. */
  maxAttempts: number;
  /** Wrong guesses per day for one recipient and purpose, over all codes, without a proof of work. */
  guessesPerDay: number;
  /** Whether a request may or must say what the code approves. */
  context: 'none' | 'optional' | 'required';
}

/** For test identities. Their codes still expire and work only once. */
export function withoutLimits(policy: Policy): Policy {
  return { ...policy, resendSeconds: 0, guessesPerDay: NO_LIMIT };
}

/** Fits into PostgreSQL's `integer`, also with a few guesses more. */
const NO_LIMIT = 2 ** 30;

interface BuiltInPurpose {
  policy: Partial<Policy>;
  /** Used by this server only: clients cannot request these codes at `/otp`. */
  internal?: boolean;
  /** A code is never repeated: each request replaces the one before. */
  neverRepeats?: boolean;
}

/** A password reset takes longer than a sign-in. */
const RESET_SECONDS = 15 * 60;

const PURPOSES: Record<string, BuiltInPurpose> = {
  verification: { policy: {} },
  transaction: { policy: { context: 'required' } },
  login: { policy: { context: 'none' }, internal: true },
  email_verification: { policy: { context: 'none' }, internal: true },
  contact_change: { policy: { context: 'none' }, internal: true },
  password_reset: {
    policy: { context: 'none', ttlSeconds: RESET_SECONDS },
    internal: true,
    neverRepeats: true,
  },
};

/** Ignores inherited properties: `constructor` is a possible name of a purpose. */
function builtInPurpose(purpose: string): BuiltInPurpose | undefined {
  return Object.hasOwn(PURPOSES, purpose) ? PURPOSES[purpose] : undefined;
}

/** The built-in purposes, and custom ones that `OTP_PURPOSES` allows. */
@Injectable()
export class Purposes {
  constructor(private readonly config: Config) {}

  /** For a purpose that this server chose or has already checked. */
  policyOf(purpose: string): Policy {
    const builtIn = builtInPurpose(purpose);
    const policy = {
      context: 'optional' as const,
      purpose,
      codeLength: this.config.OTP_LENGTH,
      ttlSeconds: this.config.OTP_TTL_SECONDS,
      resendSeconds: this.config.OTP_RESEND_SECONDS,
      maxAttempts: this.config.OTP_MAX_ATTEMPTS,
      guessesPerDay: 20,
      ...builtIn?.policy,
      ...this.config.OTP_POLICIES.get(purpose),
    };
    return { ...policy, repeatSeconds: builtIn?.neverRepeats ? policy.ttlSeconds : policy.ttlSeconds / 2 };
  }

  /** For a purpose that a client sent. Throws `otp_purpose_refused` if it is internal or unknown. */
  policyForRequest(purpose: string): Policy {
    const builtIn = builtInPurpose(purpose);
    const allowed = builtIn ? !builtIn.internal : this.config.allowsCustomPurpose(purpose);
    if (!allowed) throw OtpError.purposeRefused(purpose);
    return this.policyOf(purpose);
  }
}
