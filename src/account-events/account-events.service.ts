import { Injectable } from '@nestjs/common';
import { newId } from '../common/random.js';
import type { Client } from '../http/client.js';
import { fetchLimit, type PageQuery } from '../http/pagination.js';
import { maskedAddress, type Recipient } from '../common/recipient.js';
import { TestIdentities } from '../config/test-identities.js';
import { Housekeeping } from '../database/housekeeping.js';
import type { AccountAction } from './account-action.js';
import { AccountEventRepository, type NewAccountEvent } from './account-event.repository.js';
import type { AccountEvent } from './account-events.dto.js';

export interface NewEvent {
  /** Whose account it is, if anybody's; it may have gone meanwhile. */
  userId?: string | null;
  action: AccountAction;
  succeeded: boolean;
  /** The code of the refusal. */
  reason?: string;
  /** The address it was about. */
  recipient?: Recipient;
  client: Client;
}

/** What happens to accounts, for their owners to see: kept for 90 days and no longer than the account. */
@Injectable()
export class AccountEvents {
  constructor(
    private readonly events: AccountEventRepository,
    private readonly testIdentities: TestIdentities,
    housekeeping: Housekeeping,
  ) {
    housekeeping.addRemoval('account events', (limit) => this.events.removeOld(limit));
  }

  /** Commits on its own, so call it after a transaction, not inside: it would wait for one that locks the user. */
  async record(event: NewEvent): Promise<void> {
    await this.events.add(this.rowOf(event));
  }

  /** A sign-in that succeeded. Says whether it follows so many refused ones that its owner should know. */
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
    };
  }

  /** A page, the newest first, and, when there are more, one of the next. */
  list(userId: string, page: PageQuery): Promise<AccountEvent[]> {
    return this.events.list(userId, page.cursor, fetchLimit(page));
  }
}
