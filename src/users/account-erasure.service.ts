import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditLog, type NewEntry } from '../audit/audit-log.service.js';
import { Budgets } from '../budgets/budgets.service.js';
import { Housekeeping } from '../database/housekeeping.js';
import { AccountErasureRepository } from './account-erasure.repository.js';

/**
 * Erases everything about a person. Only an audit entry with the id of the account stays. Each
 * account is one transaction, so a crash leaves it either complete or erased, and the next round of
 * any process repeats what is missing.
 */
@Injectable()
export class AccountErasure {
  constructor(
    private readonly repository: AccountErasureRepository,
    private readonly budgets: Budgets,
    private readonly audit: AuditLog,
    private readonly dataSource: DataSource,
    housekeeping: Housekeeping,
  ) {
    housekeeping.add('deleted accounts', async (stopping) => {
      while (!stopping.aborted && (await this.eraseNextDue()));
    });
  }

  /**
   * Erases an account at once, in the transaction of `manager` if given. Returns false if there is no
   * such account. `entry` is the audit entry of the act that asks for it.
   */
  async erase(
    userId: string,
    { manager, entry = entryOf(userId) }: { manager?: EntityManager; entry?: NewEntry } = {},
  ): Promise<boolean> {
    if (!manager)
      return this.dataSource.transaction((transaction) =>
        this.erase(userId, { manager: transaction, entry }),
      );
    if (!(await this.repository.lock(manager, userId))) return false;
    const addresses = await this.repository.erase(manager, userId);
    await this.budgets.forget(userId, addresses, manager);
    await this.audit.record(entry, manager);
    return true;
  }

  /** Erases one account that was deleted 72 hours ago. Returns false if there is none. */
  private eraseNextDue(): Promise<boolean> {
    return this.dataSource.transaction(async (manager) => {
      const userId = await this.repository.lockDue(manager);
      return userId !== null && this.erase(userId, { manager });
    });
  }
}

function entryOf(userId: string): NewEntry {
  return { actorId: null, action: 'user.erase', subjectId: userId };
}
