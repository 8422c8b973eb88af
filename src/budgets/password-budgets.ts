import { Injectable } from '@nestjs/common';
import type { Client } from '../http/client.js';
import { passwordKey, passwordNetworkKey } from './budget-keys.js';
import {
  NETWORK_PASSWORD_GUESSES,
  PASSWORD_GUESSES,
  RECOGNISED_PASSWORD_GUESSES,
  passwordGuessesWith,
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

const DAY_SECONDS = 86_400;
const HOUR_SECONDS = 3_600;

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
    const isServer = client.application?.kind === 'server';
    const needsProof = !isRecognised && !isServer;
    const proofLevel = needsProof ? await this.proofs.accept(subject, client) : 0;
    const guesses = isRecognised ? RECOGNISED_PASSWORD_GUESSES : PASSWORD_GUESSES;
    const allowed = needsProof ? passwordGuessesWith(proofLevel) : guesses;
    const account = { key: passwordKey(subject), guesses: allowed, windowSeconds: DAY_SECONDS };
    if (!(await this.counters.spend(account))) {
      const { used, secondsLeft } = await this.counters.readGuesses(account.key, DAY_SECONDS);
      if (used >= guesses) throw BudgetError.passwordGuessLimit(secondsLeft);
      throw await this.proofs.required(subject, client, passwordProofLevel(used + 1));
    }
    const network = networkBudget(client);
    if (await this.counters.spend(network)) return;
    // A network without guesses left must not use up the account's guesses.
    await this.counters.giveBack(account.key);
    const { secondsLeft } = await this.counters.readGuesses(network.key, HOUR_SECONDS);
    throw BudgetError.passwordGuessLimit(secondsLeft);
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
}

function networkBudget({ ip }: Client): GuessBudget {
  return { key: passwordNetworkKey(ip), guesses: NETWORK_PASSWORD_GUESSES, windowSeconds: HOUR_SECONDS };
}
