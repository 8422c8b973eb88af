import { Injectable } from '@nestjs/common';
import type { Client } from '../http/client.js';
import { passwordKey, passwordNetworkKey } from './budget-keys.js';
import {
  NETWORK_PASSWORD_GUESSES,
  PASSWORD_GUESSES,
  RECOGNISED_PASSWORD_GUESSES,
  passwordProofLevel,
} from './budget-rules.js';
import { BudgetRepository, type GuessBudget } from './budget.repository.js';
import { BudgetError } from './budgets.errors.js';
import { ProofCheck } from './proof-check.js';

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

/** Limits wrong passwords per account and per network. */
@Injectable()
export class PasswordBudgets {
  constructor(
    private readonly counters: BudgetRepository,
    private readonly proofs: ProofCheck,
  ) {}

  /**
   * Counts the guess as wrong before the password is compared. Throws `password_guess_limit` or
   * `proof_of_work_required`.
   */
  async charge(attempt: PasswordAttempt): Promise<void> {
    const { subject, isRecognised, client } = attempt;
    const account = accountBudget(attempt);
    const network = networkBudget(client);
    const guesses = await this.counters.spend(account);
    if (guesses === null) throw await this.limitError(account);
    if ((await this.counters.spend(network)) === null) {
      // A network without guesses left must not use up the account's guesses.
      await this.counters.giveBack(account.key);
      throw await this.limitError(network);
    }

    const isServer = client.application?.kind === 'server';
    const level = isRecognised || isServer ? 0 : passwordProofLevel(guesses);
    if (level === 0) return;
    try {
      await this.proofs.demand(subject, client, level);
    } catch (error) {
      // The password is not compared, so it is no guess.
      await this.counters.giveBack(account.key);
      await this.counters.giveBack(network.key);
      throw error;
    }
  }

  /**
   * After a right password: resets the account's budget and refunds one guess to the network. If
   * strangers have used up their part, only the part of recognised devices is reset. Otherwise
   * strangers would get new guesses whenever the owner signs in.
   */
  async credit({ subject, client }: PasswordAttempt): Promise<void> {
    await this.counters.resetGuesses(passwordKey(subject), PASSWORD_GUESSES);
    await this.counters.giveBack(networkBudget(client).key);
  }

  private async limitError(budget: GuessBudget): Promise<Error> {
    return BudgetError.passwordGuessLimit(await this.counters.secondsLeft(budget));
  }
}

function accountBudget({ subject, isRecognised }: PasswordAttempt): GuessBudget {
  const guesses = isRecognised ? RECOGNISED_PASSWORD_GUESSES : PASSWORD_GUESSES;
  return { key: passwordKey(subject), guesses, windowSeconds: 86_400 };
}

function networkBudget({ ip }: Client): GuessBudget {
  return { key: passwordNetworkKey(ip), guesses: NETWORK_PASSWORD_GUESSES, windowSeconds: 3_600 };
}
