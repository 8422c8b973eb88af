import { Injectable } from '@nestjs/common';
import type { AppError } from '../common/app-error.js';
import { countryOf, isPhone, type Recipient } from '../common/recipient.js';
import { Metrics } from '../metrics/metrics.js';
import { BudgetError } from './budgets.errors.js';
import { SendCounter } from './send-counter.js';
import type { Scope } from './send-ledger.js';

const REFUSALS: Record<Scope, (retryAfter: number) => AppError> = {
  recipient: BudgetError.recipientLimit,
  application: BudgetError.applicationLimit,
  money: BudgetError.phoneLimit,
  network: BudgetError.networkLimit,
  prefix: BudgetError.phoneLimit,
  country: BudgetError.phoneLimit,
};

/** Counts what was decided about messages, for the metric and for the report. */
@Injectable()
export class VerdictLog {
  constructor(
    private readonly counter: SendCounter,
    private readonly metrics: Metrics,
  ) {}

  /** `scope` is the limit that decided, or `none`. */
  add(recipient: Recipient, verdict: string, scope: string): void {
    const country = countryOf(recipient) ?? (isPhone(recipient) ? 'unknown' : 'none');
    this.metrics.sendVerdicts.inc({ scope, verdict, country });
    if (verdict !== 'allowed') this.counter.record(verdict, scope, country);
  }

  /** Counts a refusal and returns its error. */
  refuse(recipient: Recipient, scope: Scope, retryAfter: number): AppError {
    this.add(recipient, 'refused', scope);
    return REFUSALS[scope](retryAfter);
  }
}
