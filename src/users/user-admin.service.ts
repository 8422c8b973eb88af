import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { AccountEvent } from '../account-events/account-events.dto.js';
import { AccountEvents } from '../account-events/account-events.service.js';
import { AuditLog, type NewEntry } from '../audit/audit-log.service.js';
import { sha256 } from '../common/digest.js';
import { supportedLocale } from '../common/locale.js';
import { addressOf, maskedSearch } from '../common/recipient.js';
import { Config } from '../config/config.js';
import type { Caller } from '../http/access.js';
import type { Client } from '../http/client.js';
import { fetchLimit, type PageQuery } from '../http/pagination.js';
import { Notifier } from '../notifier/notifier.js';
import { Recipients } from '../otp/recipients.js';
import { SessionsService } from '../sessions/sessions.service.js';
import type { Account } from './account.js';
import { AccountErasure } from './account-erasure.service.js';
import { RoleNotices } from './role-notices.service.js';
import { INVITATION_SECONDS, UserRepository } from './user.repository.js';
import type { InviteUser, UpdateUser, UserQuery } from './users.dto.js';
import { UserError } from './users.errors.js';

/**
 * Operations of administrators on accounts. Each change is committed together with its audit entry,
 * and nothing is returned before it is in the audit log.
 */
@Injectable()
export class UserAdminService {
  constructor(
    private readonly users: UserRepository,
    private readonly erasure: AccountErasure,
    private readonly sessions: SessionsService,
    private readonly events: AccountEvents,
    private readonly recipients: Recipients,
    private readonly notifier: Notifier,
    private readonly roleNotices: RoleNotices,
    private readonly audit: AuditLog,
    private readonly config: Config,
    private readonly dataSource: DataSource,
  ) {}

  async list(caller: Caller, query: UserQuery, client: Client): Promise<Account[]> {
    const { cursor } = query;
    const search = query.search?.toLowerCase();
    const limit = fetchLimit(query);
    const accounts = search
      ? await this.users.search(search, cursor ?? null, limit)
      : await this.users.list(cursor ?? null, limit);
    const details = { ...(search && { search: maskedSearch(search) }), ...(cursor && { cursor }) };
    await this.record(caller, client, { action: 'user.list', details });
    return accounts;
  }

  async get(caller: Caller, id: string, client: Client): Promise<Account> {
    const account = await this.find(id);
    await this.record(caller, client, { action: 'user.read', subjectId: account.id });
    return account;
  }

  async listEvents(caller: Caller, id: string, page: PageQuery, client: Client): Promise<AccountEvent[]> {
    const { id: userId } = await this.find(id);
    const events = await this.events.list(userId, page);
    await this.record(caller, client, { action: 'user.read_events', subjectId: userId });
    return events;
  }

  /**
   * Creates a user without a password and mails a link for setting one. Until the owner of the address
   * uses the link, or signs in with a code, the user has none of the roles and nobody can sign in.
   */
  async invite(caller: Caller, body: InviteUser, client: Client): Promise<Account> {
    const { email, roles = ['user'] } = body;
    const recipient = this.recipients.fromFields({ email });
    const locale = supportedLocale(body.locale) ?? client.locale;
    const token = randomBytes(32).toString('base64url');
    const link = `${this.config.resetUrl}#token=${token}`;
    return this.dataSource.transaction(async (manager) => {
      const invitation = { email: addressOf(recipient), roles, tokenHash: sha256(token) };
      const account = await this.users.invite(manager, invitation);
      if (!account) throw UserError.addressTaken();
      const notice = { recipient, template: 'invitation', content: { locale, link }, client };
      await this.notifier.notify({ ...notice, lifeSeconds: INVITATION_SECONDS }, manager);
      if (roles.includes('admin'))
        await this.roleNotices.tellAdministrators(manager, account, { ...client, locale });
      const entry = { action: 'user.invite', subjectId: account.id, details: { roles } } as const;
      await this.record(caller, client, entry, manager);
      return account;
    });
  }

  /** Ends every session of the user, so that no token keeps roles that were taken away. */
  async update(caller: Caller, id: string, change: UpdateUser, client: Client): Promise<Account> {
    const { roles, disabled, endSessions } = change;
    if (roles === undefined && disabled === undefined && !endSessions) throw UserError.nothingToChange();
    if (roles || disabled) await this.assertNotOwn(caller, id);
    return this.dataSource.transaction(async (manager) => {
      const account = await this.setAccess(manager, id, { roles, disabled }, client);
      if (!account) throw UserError.notFound();
      const entry = { action: 'user.update', subjectId: account.id, details: { ...change } } as const;
      await this.record(caller, client, entry, manager);
      return account;
    });
  }

  /** Erases a user at once, together with everything about the person. Also ends the sessions. */
  async remove(caller: Caller, id: string, client: Client): Promise<void> {
    await this.assertNotOwn(caller, id);
    await this.dataSource.transaction(async (manager) => {
      const erased = await this.users.closeForErasure(manager, id);
      if (!erased) throw UserError.notFound();
      if (erased.wasAdministrator) await this.roleNotices.tellOfDeletion(manager, { id, ...erased }, client);
      const subjectId = id.toLowerCase();
      const entry = { actorId: caller.userId, action: 'user.delete', subjectId, client } as const;
      await this.erasure.erase(subjectId, { manager, entry });
    });
  }

  /**
   * For the command line only, because no request can create the first administrator. Enables the
   * account too, so that the command repairs every state. Returns false if there is no such user.
   */
  async grantAdmin(email: string): Promise<boolean> {
    const account = await this.users.findByEmail(email);
    if (!account) return false;
    await this.dataSource.transaction(async (manager) => {
      await this.setAccess(manager, account.id, { roles: ['user', 'admin'], disabled: false }, null);
      await this.audit.record({ actorId: null, action: 'user.grant_admin', subjectId: account.id }, manager);
    });
    return true;
  }

  private async setAccess(
    manager: EntityManager,
    id: string,
    change: Pick<UpdateUser, 'roles' | 'disabled'>,
    client: Client | null,
  ): Promise<Account | null> {
    const changed = await this.users.setAccess(manager, id, change);
    if (!changed) return null;
    const { formerRoles, ...account } = changed;
    await this.sessions.endAll(id, 'admin', { manager });
    await this.roleNotices.tellOfChange(manager, account, formerRoles, client);
    return account;
  }

  private async find(id: string): Promise<Account> {
    const account = await this.users.findById(id);
    if (!account) throw UserError.notFound();
    return account;
  }

  /** Keeps administrators from locking themselves out by mistake. */
  private async assertNotOwn(caller: Caller, id: string): Promise<void> {
    if (id.toLowerCase() !== caller.userId) return;
    const isOnlyOne = !(await this.users.hasOtherAdministrator(caller.userId));
    throw isOnlyOne ? UserError.lastAdministrator() : UserError.ownAccount();
  }

  private record(
    { userId: actorId }: Caller,
    client: Client,
    entry: Pick<NewEntry, 'action' | 'subjectId' | 'details'>,
    manager?: EntityManager,
  ): Promise<void> {
    return this.audit.record({ ...entry, actorId, client }, manager);
  }
}
