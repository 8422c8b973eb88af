import { MICROS } from '../config/phone-prices.js';
import type { Client, ClientApplication } from '../http/client.js';
import type { ApplicationBudget, Usage } from './budget-rules.js';

const MINUTE = 60;

export function budgetOf({ limits }: ClientApplication): ApplicationBudget {
  const { spendPerDay } = limits;
  return { ...limits, spendPerDay: spendPerDay === null ? null : spendPerDay * MICROS };
}

/**
 * Tells a server application how many messages it has left in the minute. All visitors share the limit
 * of a browser application, so it would tell each of them how much the others send.
 */
export function reportMessagesLeft({ application, reportQuota }: Client, usage: Usage | undefined): void {
  if (application?.kind !== 'server' || !usage) return;
  const limit = application.limits.messagesPerMinute;
  reportQuota?.({
    name: 'application',
    limit,
    remaining: Math.max(0, limit - usage.hourSent),
    windowSeconds: MINUTE,
    resetSeconds: Math.max(1, MINUTE - usage.hourAge),
  });
}
