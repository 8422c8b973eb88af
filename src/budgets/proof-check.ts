import { Injectable } from '@nestjs/common';
import type { AppError } from '../common/app-error.js';
import type { Client } from '../http/client.js';
import { networksOf } from './budget-keys.js';
import { BudgetError } from './budgets.errors.js';
import { ProofOfWork } from './proof-of-work.js';

/** The proofs of work of requests about a subject, such as a recipient. */
@Injectable()
export class ProofCheck {
  constructor(private readonly proofs: ProofOfWork) {}

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
