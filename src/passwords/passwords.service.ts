import { Injectable } from '@nestjs/common';
import { Budgets, type PasswordAttempt } from '../budgets/budgets.service.js';
import { Config } from '../config/config.js';
import type { Client } from '../http/client.js';
import { RequestLimits } from '../http/request-limits.js';
import { HashSlots, type RunInSlot } from './hash-slots.js';
import { PasswordHasher } from './password-hasher.js';
import { refusalReason, type PasswordOwner } from './password-rules.js';
import { PasswordError } from './passwords.errors.js';

export type { PasswordAttempt, PasswordOwner };

export interface PasswordVerdict {
  right: boolean;
  /**
   * A new hash to store. Only for a right password whose stored hash costs less than `BCRYPT_COST`.
   */
  rehashed?: string;
}

/** Who asks for a hash. Requests from recognised devices and sessions come first. */
export interface HashRequest {
  client: Pick<Client, 'ip'>;
  isRecognised: boolean;
}

/**
 * A guess and the account's password hash. The hash is null if there is no account or no password.
 */
export interface Guess {
  subject: string;
  hash: string | null;
}

/**
 * The rules for passwords, their hashes, and the budget for hashes. Everything
 * that hashes throws `rate_limited` when the network has used up its hashes, and `passwords_busy`
 * when too many passwords are being hashed.
 */
@Injectable()
export class Passwords {
  constructor(
    private readonly hasher: PasswordHasher,
    private readonly slots: HashSlots,
    private readonly limits: RequestLimits,
    private readonly budgets: Budgets,
    private readonly config: Config,
  ) {}

  /** Throws `password_refused` if the password is too short, too long or too easy to guess. */
  assertAcceptable(password: string, owner: PasswordOwner, field = 'password'): void {
    const reason = refusalReason(password, owner, this.config.PASSWORD_MIN_LENGTH);
    if (reason) throw PasswordError.refused(reason, field);
  }

  async hash(password: string, { client, isRecognised }: HashRequest): Promise<string> {
    await this.spendHash(client);
    return this.slots.run(() => this.hasher.hash(password), isRecognised);
  }

  /**
   * Like `hash`, but equal for equal addresses and passwords, so that SQL can compare two
   * registrations.
   */
  async deterministicHash(address: string, password: string, client: HashRequest['client']): Promise<string> {
    await this.spendHash(client);
    return this.slots.run(() => this.hasher.deterministicHash(address, password));
  }

  /**
   * Counts the guess, compares the password, and resets the count if it is right. A null hash takes
   * equally long and is never right. Throws `password_guess_limit` and `proof_of_work_required`, and
   * `passwords_busy` before anything is counted.
   */
  async check(attempt: PasswordAttempt, password: string, hash: string | null): Promise<PasswordVerdict> {
    await this.spendHash(attempt.client);
    const compare = (runInSlot: RunInSlot) => this.spendAndCompare(attempt, password, hash, runInSlot);
    return this.slots.admit(compare, attempt.isRecognised);
  }

  /**
   * Like `check`, but looks the account up only after admission: a refused guess costs no query.
   */
  async findAndCheck<Found extends Guess>(
    find: () => Promise<Found>,
    password: string,
    { client, isRecognised }: Omit<PasswordAttempt, 'subject'>,
  ): Promise<Found & PasswordVerdict> {
    await this.spendHash(client);
    return this.slots.admit(async (runInSlot) => {
      const found = await find();
      const attempt = { subject: found.subject, client, isRecognised };
      return { ...found, ...(await this.spendAndCompare(attempt, password, found.hash, runInSlot)) };
    }, isRecognised);
  }

  /** A hash costs more than anything else that a request can cause. */
  private spendHash({ ip }: HashRequest['client']): Promise<void> {
    return this.limits.countHash(ip);
  }

  private async spendAndCompare(
    attempt: PasswordAttempt,
    password: string,
    hash: string | null,
    runInSlot: RunInSlot,
  ): Promise<PasswordVerdict> {
    await this.budgets.chargePassword(attempt);
    const right = await runInSlot(() => this.hasher.matches(password, hash));
    if (!right || hash === null) return { right: false };
    await this.budgets.creditPassword(attempt);
    if (!this.hasher.isOutdated(hash)) return { right };
    return { right, rehashed: await runInSlot(() => this.hasher.hash(password)) };
  }
}
