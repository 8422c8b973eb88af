import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { OtpError } from './otp.errors.js';

/** What a code is for decides how it is made and what may be spent on it. */
export interface Policy {
  purpose: string;
  codeLength: number;
  ttlSeconds: number;
  /** While more than this is left of a live code's life, another message repeats it. */
  repeatSeconds: number;
  /** Wait between two messages. */
  resendSeconds: number;
  /** Guesses at one code. */
  maxAttempts: number;
  /** Messages to one recipient in a day, over all purposes. */
  sendsPerDay: number;
  /** Wrong guesses for one recipient and purpose in a day, over all codes. */
  guessesPerDay: number;
  /** Whether a code approves something that its message shows. */
  context: 'none' | 'optional' | 'required';
}

/** For the codes of test identities, which are no secret: they expire and work once, as all do. */
export function withoutLimits(policy: Policy): Policy {
  return { ...policy, resendSeconds: 0, sendsPerDay: NO_LIMIT, guessesPerDay: NO_LIMIT };
}

/** The largest that PostgreSQL's integer holds. */
const NO_LIMIT = 2 ** 31 - 1;

interface Rules {
  policy: Partial<Policy>;
  /** Only for this server's own flows. */
  internal?: boolean;
}

/** A reset takes longer than a sign-in, and every request for one ends the one before. */
const RESET_SECONDS = 15 * 60;

const PURPOSES: Record<string, Rules> = {
  verification: { policy: {} },
  transaction: { policy: { context: 'required' } },
  login: { policy: { context: 'none' }, internal: true },
  email_verification: { policy: { context: 'none' }, internal: true },
  contact_change: { policy: { context: 'none' }, internal: true },
  password_reset: {
    policy: { context: 'none', ttlSeconds: RESET_SECONDS, repeatSeconds: RESET_SECONDS },
    internal: true,
  },
};

/** The purposes this server knows, and those that `OTP_PURPOSES` adds. */
@Injectable()
export class Purposes {
  constructor(private readonly config: Config) {}

  /** The policy of a purpose of our own. */
  policyOf(purpose: string): Policy {
    const rules = PURPOSES[purpose]?.policy;
    return {
      context: 'optional',
      purpose,
      codeLength: this.config.OTP_LENGTH,
      ttlSeconds: this.config.OTP_TTL_SECONDS,
      repeatSeconds: this.config.OTP_TTL_SECONDS / 2,
      resendSeconds: this.config.OTP_RESEND_SECONDS,
      maxAttempts: this.config.OTP_MAX_ATTEMPTS,
      sendsPerDay: 10,
      guessesPerDay: 20,
      ...rules,
    };
  }

  /** The policy of a purpose that a client named. Throws for internal and unknown ones. */
  policyForRequest(purpose: string): Policy {
    const known = Object.hasOwn(PURPOSES, purpose) ? PURPOSES[purpose] : undefined;
    if (known?.internal || (!known && !this.isCallersOwn(purpose))) throw OtpError.purposeRefused(purpose);
    return this.policyOf(purpose);
  }

  /**
   * Each purpose has its own guesses a day, so production knows them by name; development takes any.
   */
  private isCallersOwn(purpose: string): boolean {
    const own = this.config.OTP_PURPOSES ?? (this.config.production ? [] : ['*']);
    return own.includes('*') || own.includes(purpose);
  }
}
