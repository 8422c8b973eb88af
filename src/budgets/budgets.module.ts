import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { FraudController } from './fraud.controller.js';
import { FraudReportRepository } from './fraud-report.repository.js';
import { FraudService } from './fraud.service.js';
import { BudgetHousekeeping } from './budget.housekeeping.js';
import { BudgetRepository } from './budget.repository.js';
import { Budgets } from './budgets.service.js';
import { FraudRuleRepository } from './fraud-rule.repository.js';
import { FraudRules } from './fraud-rules.js';
import { PasswordBudgets } from './password-budgets.js';
import { ProofCheck } from './proof-check.js';
import { ProofOfWork } from './proof-of-work.js';
import { ProviderReportRepository } from './provider-report.repository.js';
import { SendCounter } from './send-counter.js';
import { SpendWarning } from './spend-warning.js';
import { UsedProofRepository } from './used-proof.repository.js';

@Module({
  imports: [AuditModule],
  controllers: [FraudController],
  providers: [
    FraudReportRepository,
    FraudService,
    Budgets,
    BudgetRepository,
    BudgetHousekeeping,
    FraudRules,
    FraudRuleRepository,
    PasswordBudgets,
    ProofCheck,
    ProofOfWork,
    ProviderReportRepository,
    SendCounter,
    SpendWarning,
    UsedProofRepository,
  ],
  exports: [Budgets, ProofCheck],
})
export class BudgetsModule {}
