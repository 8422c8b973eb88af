import { Injectable } from '@nestjs/common';
import { networkOf } from '../common/client-network.js';
import type { Client } from '../http/client.js';
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
    const network = networkOf(client.ip);
    if ((await this.proofs.accept(client, subject, network)) >= level) return;
    throw BudgetError.proofOfWorkRequired(await this.proofs.createChallenge(subject, network, level));
  }
}
