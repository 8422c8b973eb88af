import { Injectable } from '@nestjs/common';
import type { AppError } from '../common/app-error.js';
import type { Client } from '../http/client.js';
import { networksOf } from './budget-keys.js';
import { BudgetError } from './budgets.errors.js';
import { ProofOfWork } from './proof-of-work.js';

/** Asks clients for proofs of work. */
@Injectable()
export class ProofCheck {
  constructor(private readonly proofs: ProofOfWork) {}

  /**
   * Uses up the client's proof. Throws `proof_of_work_required` with a new challenge if there is none,
   * or if it is too easy, expired, used, or for another subject or network.
   */
  async demand(subject: string, client: Client, level: number): Promise<void> {
    if ((await this.accept(subject, client)) < level) throw await this.required(subject, client, level);
  }

  /** Uses up the client's proof and returns its level; 0 if there is none that is valid. */
  accept(subject: string, client: Client): Promise<number> {
    const [network] = networksOf(client.ip);
    return this.proofs.accept(client, subject, network);
  }

  /** The error `proof_of_work_required` with a new challenge. */
  async required(subject: string, { ip }: Client, level: number): Promise<AppError> {
    const [network] = networksOf(ip);
    return BudgetError.proofOfWorkRequired(await this.proofs.createChallenge(subject, network, level));
  }
}
