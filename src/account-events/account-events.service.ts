import { Injectable } from '@nestjs/common';
import { newId } from '../common/random.js';
import type { Client } from '../http/client.js';
import { fetchLimit, type PageQuery } from '../http/pagination.js';
import { maskedAddress, type Recipient } from '../common/recipient.js';
import { TestIdentities } from '../config/test-identities.js';
import { Metrics } from '../metrics/metrics.js';
import { Housekeeping } from '../database/housekeeping.js';
import type { AccountAction } from './account-action.js';
import { AccountEventRepository, type NewAccountEvent } from './account-event.repository.js';
import type { AccountEvent } from './account-events.dto.js';

export interface NewEvent {
  /** The account, if there is one. It may already be deleted. */
  userId?: string | null;
  action: AccountAction;
  succeeded: boolean;
  /** Error code of the refusal. */
  reason?: string;
  /** The address that was used. */
  recipient?: Recipient;
  client: Client;
}

/**
 * The history of an account, for its owner. Events are deleted after 90 days or with the account. An
 * event of an address without an account is counted per hour, and nothing else of it is kept.
 */
@Injectable()
export class AccountEvents {
  constructor(
    private readonly events: AccountEventRepository,
    private readonly testIdentities: TestIdentities,
    private readonly metrics: Metrics,
    housekeeping: Housekeeping,
  ) {
    housekeeping.addRemoval('account events', (limit) => this.events.removeOld(limit));
    housekeeping.addRemoval('counts of events', (limit) => this.events.removeOldCounts(limit));
  }

  /**
   * Records an event in its own transaction. Do not call this inside a transaction that locks the
   * user, because it would wait for that lock while the transaction waits for it.
   */
  async record(event: NewEvent): Promise<void> {
    const row = this.rowOf(event);
    if (!(await this.events.add(row))) this.metrics.countAnonymousEvent(row);
  }

  /**
   * Records a successful sign-in. `afterFailures` means that it follows a series of refused ones,
   * and that the owner should be told.
   */
  async recordSignIn(event: Omit<NewEvent, 'action' | 'succeeded'>): Promise<{ afterFailures: boolean }> {
    const row = this.rowOf({ ...event, action: 'sign_in', succeeded: true });
    return { afterFailures: await this.events.addSignIn(row) };
  }

  private rowOf({ userId, action, succeeded, reason, recipient, client }: NewEvent): NewAccountEvent {
    return {
      id: newId(),
      userId: userId ?? null,
      action,
      succeeded,
      reason: reason ?? (recipient && this.testIdentities.has(recipient) ? 'test' : null),
      address: recipient ? maskedAddress(recipient) : null,
      ip: client.ip,
      userAgent: client.userAgent ?? null,
      applicationId: client.application?.id ?? null,
    };
  }

  /** Returns a page, newest first, and, if there are more, the first row of the next page. */
  list(userId: string, page: PageQuery): Promise<AccountEvent[]> {
    return this.events.list(userId, page.cursor, fetchLimit(page));
  }
}
