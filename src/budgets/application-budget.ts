import { MICROS } from '../config/phone-prices.js';
import type { Client, ClientApplication } from '../http/client.js';
import type { ApplicationBudget, Usage } from './budget-rules.js';

const MINUTE = 60;

export function budgetOf({ limits }: ClientApplication): ApplicationBudget {
  const { spendPerDay } = limits;
  return { ...limits, spendPerDay: spendPerDay === null ? null : spendPerDay * MICROS };
}

/** Tells an application how many messages it has left in the minute. */
export function reportMessagesLeft({ application, reportQuota }: Client, usage: Usage | undefined): void {
  if (!application || !usage) return;
  const limit = application.limits.messagesPerMinute;
  reportQuota?.({
    name: 'application',
    limit,
    remaining: Math.max(0, limit - usage.hourSent),
    windowSeconds: MINUTE,
    resetSeconds: Math.max(1, MINUTE - usage.hourAge),
  });
}
