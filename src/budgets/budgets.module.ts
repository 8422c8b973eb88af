import { Module } from '@nestjs/common';
import { Budgets } from './budgets.service.js';
import { ProofOfWork } from './proof-of-work.js';
import { UsedProofRepository } from './used-proof.repository.js';

@Module({
  providers: [Budgets, ProofOfWork, UsedProofRepository],
  exports: [Budgets, ProofOfWork],
})
export class BudgetsModule {}
