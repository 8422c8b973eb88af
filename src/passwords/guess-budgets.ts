import { Injectable } from '@nestjs/common';
import type { Client } from '../http/client.js';
import { Housekeeping } from '../database/housekeeping.js';
import { networkOf } from '../common/client-network.js';
import { PasswordGuessRepository, type GuessBudget } from './password-guess.repository.js';
import { PasswordError } from './passwords.errors.js';

/** A guess at a user's password. */
export interface PasswordAttempt {
  /**
   * The account's address, for example 'email:ada@example.com'. The account need not exist. Every
   * route names the same address for an account, so that all routes share one budget.
   */
  subject: string;
  /** The guess comes from a recognised device of the account, or from one of its sessions. */
  isRecognised: boolean;
  client: Client;
}

const DAY_SECONDS = 86_400;
const HOUR_SECONDS = 3_600;

/** Wrong passwords per account in a day. The last five are for recognised devices. */
const ACCOUNT_FAILURES = 20;
const STRANGER_FAILURES = 15;
/** Wrong passwords per network in an hour. */
const NETWORK_FAILURES = 100;

/** Limits wrong passwords per account and per network. */
@Injectable()
export class GuessBudgets {
  constructor(
    private readonly guesses: PasswordGuessRepository,
    housekeeping: Housekeeping,
  ) {
    housekeeping.addRemoval('password guesses', (limit) => guesses.removeOld(limit));
  }

  /** Counts the guess as wrong before the password is compared. Throws `password_guess_limit`. */
  async spend(attempt: PasswordAttempt): Promise<void> {
    const account = accountBudget(attempt);
    const network = networkBudget(attempt);
    if (!(await this.guesses.spend(account))) throw await this.limitError(account);
    if (await this.guesses.spend(network)) return;
    // A network without guesses left must not use up the account's guesses.
    await this.guesses.refund(account.subject);
    throw await this.limitError(network);
  }

  /**
   * After a right password: resets the account's budget and refunds one guess to the network. If
   * strangers have used up their part, only the part of recognised devices is reset. Otherwise
   * strangers would get new guesses whenever the owner signs in.
   */
  async reset(attempt: PasswordAttempt): Promise<void> {
    await this.guesses.reset(attempt.subject, STRANGER_FAILURES);
    await this.guesses.refund(networkBudget(attempt).subject);
  }

  private async limitError(budget: GuessBudget): Promise<Error> {
    return PasswordError.guessLimit(await this.guesses.secondsLeft(budget));
  }
}

function accountBudget({ subject, isRecognised }: PasswordAttempt): GuessBudget {
  const failures = isRecognised ? ACCOUNT_FAILURES : STRANGER_FAILURES;
  return { subject, failures, windowSeconds: DAY_SECONDS };
}

function networkBudget({ client }: PasswordAttempt): GuessBudget {
  const subject = `ip:${networkOf(client.ip)}`;
  return { subject, failures: NETWORK_FAILURES, windowSeconds: HOUR_SECONDS };
}
