import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuditLog } from '../audit/audit-log.service.js';
import type { Caller } from '../http/access.js';
import type { Client } from '../http/client.js';
import { SessionsService } from '../sessions/sessions.service.js';
import type { Account } from './account.js';
import { UserRepository } from './user.repository.js';
import type { UpdateUser } from './users.dto.js';
import { UserError } from './users.errors.js';

/**
 * Operations of administrators on accounts. Each change is committed together with its audit entry.
 */
@Injectable()
export class UserAdminService {
  constructor(
    private readonly users: UserRepository,
    private readonly sessions: SessionsService,
    private readonly audit: AuditLog,
    private readonly dataSource: DataSource,
  ) {}

  list(search = '', after: string | null = null, limit: number): Promise<Account[]> {
    return search ? this.users.search(search.toLowerCase(), after, limit) : this.users.list(after, limit);
  }

  async get(id: string): Promise<Account> {
    const account = await this.users.findById(id);
    if (!account) throw UserError.notFound();
    return account;
  }

  /** Ends every session of the user, so that no token keeps roles that were taken away. */
  async update(caller: Caller, id: string, change: UpdateUser, client: Client): Promise<Account> {
    const { roles, disabled, endSessions } = change;
    if (roles === undefined && disabled === undefined && !endSessions) throw UserError.nothingToChange();
    // Ensures that there is always an administrator left.
    if (id.toLowerCase() === caller.userId && (roles || disabled)) throw UserError.ownAccount();
    return this.dataSource.transaction(async (manager) => {
      const account = await this.users.setAccess(manager, id, { roles, disabled });
      if (!account) throw UserError.notFound();
      await this.sessions.endAll(id, 'admin', { manager });
      const details = { ...change };
      await this.audit.record(
        { actorId: caller.userId, action: 'user.update', subjectId: id, details, client },
        manager,
      );
      return account;
    });
  }

  /**
   * For the command line only, because no request can create the first administrator. Returns false
   * if there is no such user.
   */
  async grantAdmin(email: string): Promise<boolean> {
    const account = await this.users.findByEmail(email);
    if (!account) return false;
    await this.dataSource.transaction(async (manager) => {
      await this.users.setAccess(manager, account.id, { roles: ['user', 'admin'] });
      await this.sessions.endAll(account.id, 'admin', { manager });
      await this.audit.record({ actorId: null, action: 'user.grant_admin', subjectId: account.id }, manager);
    });
    return true;
  }
}
