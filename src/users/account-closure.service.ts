import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AccountEvents } from '../account-events/account-events.service.js';
import { equalSecrets } from '../common/digest.js';
import { Keyring } from '../common/keyring.js';
import type { Locale } from '../common/locale.js';
import { newId } from '../common/random.js';
import type { Caller } from '../http/access.js';
import type { Client } from '../http/client.js';
import { CommonError } from '../http/common.errors.js';
import { Config } from '../config/config.js';
import { Notifier, type MessageContent } from '../notifier/notifier.js';
import { readToken, writeToken } from '../sessions/opaque-token.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { provedAddresses, type Account } from './account.js';
import { UNDO_HOURS } from './contact-change.repository.js';
import { UserRepository } from './user.repository.js';
import { UserError } from './users.errors.js';
import { UsersService } from './users.service.js';

const TEMPLATE = 'account_deleted';
const MAC_BYTES = 16;

/**
 * Deletes an account at its owner's request. The account is closed at once: it cannot be entered,
 * and its addresses stay reserved. `AccountErasure` erases it 72 hours later, unless somebody who
 * reads one of its addresses undoes the deletion.
 */
@Injectable()
export class AccountClosure {
  constructor(
    private readonly accounts: UsersService,
    private readonly users: UserRepository,
    private readonly sessions: SessionsService,
    private readonly notifier: Notifier,
    private readonly events: AccountEvents,
    private readonly keyring: Keyring,
    private readonly config: Config,
    private readonly dataSource: DataSource,
  ) {}

  /** Needs a recent sign-in. Throws `last_administrator` if no other administrator is left. */
  async close(caller: Caller, client: Client): Promise<void> {
    if (!caller.recentlyAuthenticated) throw CommonError.reauthenticate();
    const account = await this.accounts.getCaller(caller);
    const closureId = newId();
    const closed = await this.dataSource.transaction(async (manager) => {
      if (!(await this.users.close(manager, account, closureId))) return false;
      await this.sessions.endAll(account.id, 'deletion', { manager, devices: true });
      const content = this.undoContent({ id: account.id, closureId }, client.locale);
      for (const recipient of provedAddresses(account))
        await this.notifier.notify({ recipient, template: TEMPLATE, content, client }, manager);
      return true;
    });
    if (!closed) throw await this.refusal(account);
    await this.events.record({ userId: account.id, action: 'deletion', succeeded: true, client });
  }

  /** Opens the account again. Its sessions stay ended. The token works once. */
  async undo(token: string, client: Client): Promise<void> {
    const read = readToken(token, MAC_BYTES);
    if (!read) throw UserError.undoInvalid();
    const { id: userId, secret } = read;
    const { closureId = null } = (await this.users.findById(userId)) ?? {};
    if (!closureId || !this.macs(userId, closureId).some((mac) => equalSecrets(mac, secret)))
      throw UserError.undoInvalid();
    if (!(await this.users.reopen(userId, closureId))) throw UserError.undoInvalid();
    await this.events.record({ userId, action: 'deletion_undo', succeeded: true, client });
  }

  /**
   * The message for a person who asks for a code of a closed account, for example by registering its
   * address again. It has no code, and the reply is the same as for every other address.
   */
  undoMessage({ id, closureId }: Account) {
    const { link, undoHours } = this.undoContent({ id, closureId: closureId ?? '' });
    return { template: TEMPLATE, decoy: true, notice: { link, undoHours } };
  }

  private undoContent({ id, closureId }: { id: string; closureId: string }, locale?: Locale): MessageContent {
    const [mac = Buffer.alloc(0)] = this.macs(id, closureId);
    const link = `${this.config.publicUrl}/undo-deletion#token=${writeToken(id, mac)}`;
    return { locale, link, undoHours: UNDO_HOURS };
  }

  /**
   * One per accepted secret, the current one first. The token is derived and not random, so that the
   * link can be sent again although the database has no copy of it.
   */
  private macs(id: string, closureId: string): Buffer[] {
    return this.keyring.acceptedMacs('deletion', id, closureId).map((mac) => mac.subarray(0, MAC_BYTES));
  }

  /** The account changed, or it is an administrator and nobody else is. */
  private async refusal({ id, securityStamp, closedAt }: Account): Promise<Error> {
    const current = await this.users.findById(id);
    const isUnchanged = current?.securityStamp === securityStamp && closedAt === null;
    return isUnchanged ? UserError.lastAdministrator() : UserError.accountChanged();
  }
}
