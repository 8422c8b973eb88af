import { Injectable, Logger } from '@nestjs/common';
import { Metrics } from '../metrics/metrics.js';
import type { SpendLimits, Usage } from './budget-rules.js';

/** The share of a spend limit at which operators are warned. */
const WARN_AT = 0.8;

/** Warns once per window when the phone channels have spent most of what they may. */
@Injectable()
export class SpendWarning {
  private readonly logger = new Logger('Budgets');
  /** The age of each window when it was last looked at, and whether it has had its warning. */
  private readonly windows = { hour: { age: 0, warned: false }, day: { age: 0, warned: false } };

  constructor(private readonly metrics: Metrics) {}

  watch(money: Usage | undefined, { perHour, perDay }: SpendLimits): void {
    if (!money) return;
    this.look('hour', money.hourAge, money.hourSpent, perHour);
    this.look('day', money.dayAge, money.daySpent, perDay);
  }

  private look(name: 'hour' | 'day', age: number, spent: number, limit: number | null): void {
    if (limit === null) return;
    this.metrics.phoneSpendShare.set({ window: name }, spent / limit);
    const window = this.windows[name];
    if (age < window.age) window.warned = false;
    window.age = age;
    if (window.warned || spent < limit * WARN_AT) return;
    window.warned = true;
    this.metrics.phoneSpendWarnings.inc({ window: name });
    this.logger.warn({ msg: 'phone channels have spent 80 % of their limit', window: name });
  }
}
