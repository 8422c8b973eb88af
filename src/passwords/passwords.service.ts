import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { GuessBudgets, type PasswordAttempt } from './guess-budgets.js';
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

/**
 * A guess and the account's password hash. The hash is null if there is no account or no password.
 */
export interface Guess {
  attempt: PasswordAttempt;
  hash: string | null;
}

/** The rules for passwords, their hashes, and the budgets for wrong guesses. */
@Injectable()
export class Passwords {
  constructor(
    private readonly hasher: PasswordHasher,
    private readonly slots: HashSlots,
    private readonly budgets: GuessBudgets,
    private readonly config: Config,
  ) {}

  /** Throws `password_refused` if the password is too short, too long or too easy to guess. */
  assertAcceptable(password: string, owner: PasswordOwner, field = 'password'): void {
    const reason = refusalReason(password, owner, this.config.PASSWORD_MIN_LENGTH);
    if (reason) throw PasswordError.refused(reason, field);
  }

  /** Throws `passwords_busy` when too many passwords are being hashed. */
  hash(password: string): Promise<string> {
    return this.slots.run(() => this.hasher.hash(password));
  }

  /**
   * Like `hash`, but equal for equal addresses and passwords, so that SQL can compare two
   * registrations.
   */
  deterministicHash(address: string, password: string): Promise<string> {
    return this.slots.run(() => this.hasher.deterministicHash(address, password));
  }

  /**
   * Counts the guess, compares the password, and resets the count if it is right. A null hash takes
   * equally long and is never right. Throws `password_guess_limit`, and `passwords_busy` before
   * anything is counted.
   */
  check(attempt: PasswordAttempt, password: string, hash: string | null): Promise<PasswordVerdict> {
    return this.slots.admit((runInSlot) => this.spendAndCompare({ attempt, hash }, password, runInSlot));
  }

  /**
   * Like `check`, but looks the account up only after admission: a refused guess costs no query.
   */
  findAndCheck<Found extends Guess>(
    find: () => Promise<Found>,
    password: string,
  ): Promise<Found & PasswordVerdict> {
    return this.slots.admit(async (runInSlot) => {
      const found = await find();
      return { ...found, ...(await this.spendAndCompare(found, password, runInSlot)) };
    });
  }

  private async spendAndCompare(
    { attempt, hash }: Guess,
    password: string,
    runInSlot: RunInSlot,
  ): Promise<PasswordVerdict> {
    await this.budgets.spend(attempt);
    const right = await runInSlot(() => this.hasher.matches(password, hash));
    if (!right || hash === null) return { right: false };
    await this.budgets.reset(attempt);
    if (!this.hasher.isOutdated(hash)) return { right };
    return { right, rehashed: await runInSlot(() => this.hasher.hash(password)) };
  }
}
