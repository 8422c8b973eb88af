import { Injectable } from '@nestjs/common';
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
  async demand(subject: string, { ip, proofOfWork }: Client, level: number): Promise<void> {
    const [network] = networksOf(ip);
    if (proofOfWork !== undefined) {
      const proved = await this.proofs.levelOf(proofOfWork, subject, network);
      if (proved !== null && proved >= level && (await this.proofs.consume(proofOfWork))) return;
    }
    throw BudgetError.proofOfWorkRequired(await this.proofs.createChallenge(subject, network, level));
  }
}
