import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { OtpError } from './otp.errors.js';

/** What a code is for decides how it is made and what may be spent on it. */
export interface Policy {
  purpose: string;
  codeLength: number;
  ttlSeconds: number;
  /** Wait between two messages. */
  resendSeconds: number;
  /** Guesses at one code. */
  maxAttempts: number;
  /** Messages to one recipient in a day, over all purposes. */
  sendsPerDay: number;
  /** Wrong guesses for one recipient and purpose in a day, over all codes. */
  failuresPerDay: number;
  /** Whether a code approves something that its message shows. */
  context: 'none' | 'optional' | 'required';
}

type Rules = Pick<Policy, 'context'> & { internal?: boolean };

const PURPOSES: Record<string, Rules> = {
  verification: { context: 'optional' },
  transaction: { context: 'required' },
  login: { context: 'none', internal: true },
  email_verification: { context: 'none', internal: true },
  contact_change: { context: 'none', internal: true },
  password_reset: { context: 'none', internal: true },
};

/** The purposes this server knows, and those that `OTP_PURPOSES` adds. */
@Injectable()
export class Purposes {
  constructor(private readonly config: Config) {}

  /** The policy of a purpose of our own. */
  policy(purpose: string): Policy {
    const { context } = PURPOSES[purpose] ?? { context: 'optional' as const };
    return {
      purpose,
      context,
      codeLength: this.config.OTP_LENGTH,
      ttlSeconds: this.config.OTP_TTL_SECONDS,
      resendSeconds: this.config.OTP_RESEND_SECONDS,
      maxAttempts: this.config.OTP_MAX_ATTEMPTS,
      sendsPerDay: 10,
      failuresPerDay: 20,
    };
  }

  /** The policy of a purpose that a client named. Throws for internal and unknown ones. */
  requested(purpose: string): Policy {
    const known = Object.hasOwn(PURPOSES, purpose) ? PURPOSES[purpose] : undefined;
    if (known?.internal || (!known && !this.isCallersOwn(purpose))) throw OtpError.purposeRefused(purpose);
    return this.policy(purpose);
  }

  /**
   * Each purpose has its own guesses a day, so production knows them by name; development takes any.
   */
  private isCallersOwn(purpose: string): boolean {
    const own = this.config.OTP_PURPOSES ?? (this.config.production ? [] : ['*']);
    return own.includes('*') || own.includes(purpose);
  }
}
