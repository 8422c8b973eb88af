import { Injectable } from '@nestjs/common';
import type { Client } from '../http/client.js';
import { Housekeeping } from '../database/housekeeping.js';
import { networkOf } from '../common/client-network.js';
import { PasswordGuessRepository, type GuessBudget } from './password-guess.repository.js';
import { PasswordError } from './passwords.errors.js';

/** A guess at somebody's password. */
export interface PasswordAttempt {
  /** Whose budget, e.g. 'email:ada@example.com', whether or not such a user exists. */
  subject: string;
  /** Separates budgets of one account that must not disturb each other; `''` is everybody's. */
  lane: string;
  client: Client;
}

const DAY_SECONDS = 86_400;
const HOUR_SECONDS = 3_600;

/** How many wrong passwords an account bears in a day, and a network may send in an hour. */
const ACCOUNT_FAILURES = 20;
const NETWORK_FAILURES = 100;

@Injectable()
export class GuessBudgets {
  constructor(
    private readonly guesses: PasswordGuessRepository,
    housekeeping: Housekeeping,
  ) {
    housekeeping.addRemoval('password guesses', (limit) => guesses.removeOld(limit));
  }

  /** Counts the guess as wrong before it is looked at. Throws `password_guess_limit`. */
  async spend(attempt: PasswordAttempt): Promise<void> {
    const account = accountBudget(attempt);
    const network = networkBudget(attempt);
    if (!(await this.guesses.spend(account))) throw await this.limit(account);
    if (await this.guesses.spend(network)) return;
    // A network that is out of guesses must not use up those of the account.
    await this.guesses.refund(account);
    throw await this.limit(network);
  }

  /** The guess was right: the account starts anew, the network gets back this guess only. */
  async reset(attempt: PasswordAttempt): Promise<void> {
    await this.guesses.reset(accountBudget(attempt));
    await this.guesses.refund(networkBudget(attempt));
  }

  private async limit(budget: GuessBudget): Promise<Error> {
    return PasswordError.guessLimit(await this.guesses.secondsLeft(budget));
  }
}

function accountBudget({ subject: who, lane }: PasswordAttempt): GuessBudget {
  return { subject: who, lane, failures: ACCOUNT_FAILURES, windowSeconds: DAY_SECONDS };
}

function networkBudget({ client }: PasswordAttempt): GuessBudget {
  return {
    subject: `ip:${networkOf(client.ip)}`,
    lane: '',
    failures: NETWORK_FAILURES,
    windowSeconds: HOUR_SECONDS,
  };
}
