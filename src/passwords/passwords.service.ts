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
  /** A new hash to be stored: the right password's old one costs less than `BCRYPT_COST`. */
  rehashed?: string;
}

/** A guess, and the hash of what would be right: null where there is none. */
export interface Guess {
  attempt: PasswordAttempt;
  hash: string | null;
}

/** What is accepted as a password, how it is kept, and how often it may be guessed at. */
@Injectable()
export class Passwords {
  constructor(
    private readonly hasher: PasswordHasher,
    private readonly slots: HashSlots,
    private readonly budgets: GuessBudgets,
    private readonly config: Config,
  ) {}

  /** Throws `password_refused` for what is too short, too long or too easy to guess. */
  assertAcceptable(password: string, owner: PasswordOwner, field = 'password'): void {
    const reason = refusalReason(password, owner, this.config.PASSWORD_MIN_LENGTH);
    if (reason) throw PasswordError.refused(reason, field);
  }

  /** Throws `passwords_busy` when too many hash at once. */
  hash(password: string): Promise<string> {
    return this.slots.run(() => this.hasher.hash(password));
  }

  /** As `hash`, but the same for the same address and password, so that a statement can compare two registrations. */
  deterministicHash(address: string, password: string): Promise<string> {
    return this.slots.run(() => this.hasher.deterministicHash(address, password));
  }

  /**
   * Counts the guess, compares, and forgets the count when right. `null` is the hash of a user who does not exist:
   * it costs the same and is never right. Throws `passwords_busy`, which spends nothing, and `password_guess_limit`.
   */
  check(attempt: PasswordAttempt, password: string, hash: string | null): Promise<PasswordVerdict> {
    return this.slots.admit((inTurn) => this.judge({ attempt, hash }, password, inTurn));
  }

  /** As `check`, of what is found once the guess is let in: one that is shed has not even cost a look-up. */
  findAndCheck<Found extends Guess>(
    find: () => Promise<Found>,
    password: string,
  ): Promise<Found & PasswordVerdict> {
    return this.slots.admit(async (inTurn) => {
      const found = await find();
      return { ...found, ...(await this.judge(found, password, inTurn)) };
    });
  }

  private async judge(
    { attempt, hash }: Guess,
    password: string,
    inTurn: RunInSlot,
  ): Promise<PasswordVerdict> {
    await this.budgets.spend(attempt);
    const right = await inTurn(() => this.hasher.matches(password, hash));
    if (!right || hash === null) return { right: false };
    await this.budgets.reset(attempt);
    if (!this.hasher.isOutdated(hash)) return { right };
    return { right, rehashed: await inTurn(() => this.hasher.hash(password)) };
  }
}
