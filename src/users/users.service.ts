import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { AccountEvents } from '../account-events/account-events.service.js';
import type { Caller } from '../http/access.js';
import type { Client } from '../http/client.js';
import { CommonError } from '../http/common.errors.js';
import type { Locale } from '../common/locale.js';
import { addressOf, isPhone, masked, type Recipient } from '../common/recipient.js';
import { Notifier, type MessageContent } from '../notifier/notifier.js';
import { Passwords, type PasswordOwner } from '../passwords/passwords.service.js';
import { SessionsService } from '../sessions/sessions.service.js';
import type { Account } from './account.js';
import { UserRepository, type Names } from './user.repository.js';
import { UserError } from './users.errors.js';

/** Accounts: found, made, changed and removed. */
@Injectable()
export class UsersService {
  constructor(
    private readonly users: UserRepository,
    private readonly sessions: SessionsService,
    private readonly passwords: Passwords,
    private readonly notifier: Notifier,
    private readonly events: AccountEvents,
    private readonly dataSource: DataSource,
  ) {}

  byId(id: string): Promise<Account | null> {
    return this.users.byId(id);
  }

  byEmail(email: string): Promise<Account | null> {
    return this.users.byEmail(email);
  }

  /** The account that has proved an address. */
  ownerOf(recipient: Recipient): Promise<Account | null> {
    return this.users.byRecipient(recipient);
  }

  /** The caller's own account. Throws `token_invalid` when it was removed this moment. */
  async own({ userId }: Caller): Promise<Account> {
    const account = await this.users.byId(userId);
    if (!account) throw CommonError.unauthorized();
    return account;
  }

  /**
   * Links a phone number that was just proved to the one account that claims it, and tells its owner. Null when none
   * or several claim it, or somebody has proved it.
   */
  async linkPhone(recipient: Recipient, locale?: Locale): Promise<Account | null> {
    const phone = addressOf(recipient);
    if (!isPhone(recipient) || !(await this.users.isClaimed(phone))) return null;
    return this.dataSource.transaction(async (manager) => {
      const account = await this.users.linkPhone(manager, phone);
      if (account) await this.tell(manager, account, 'phone_linked', { locale, phone: masked(recipient) });
      return account;
    });
  }

  /** A new account for an address that was just proved; null when it has one. */
  signUp(recipient: Recipient): Promise<Account | null> {
    return this.users.signUp(recipient);
  }

  setNames(id: string, names: Names): Promise<Account | null> {
    return this.users.setNames(id, names);
  }

  async rehash({ id, passwordHash }: Account, hash: string): Promise<void> {
    if (passwordHash) await this.users.rehash(id, passwordHash, hash);
  }

  /** Throws unless the caller signed in within ten minutes or knows the current password. */
  async confirm(account: Account, caller: Caller, client: Client, currentPassword?: string): Promise<void> {
    if (currentPassword === undefined) {
      if (!caller.fresh) throw CommonError.reauthenticate();
      return;
    }
    const attempt = { who: `user:${account.id}`, lane: '', client };
    const { right } = await this.passwords.check(attempt, currentPassword, account.passwordHash);
    if (right) return;
    const refusal = UserError.wrongPassword();
    const event = { action: 'reauthentication', succeeded: false, reason: refusal.code } as const;
    await this.events.add({ ...event, userId: account.id, client });
    throw refusal;
  }

  /** Every session of the user ends, and the owner is told. Throws `changed_meanwhile` if `account` is not up to date. */
  async setPassword(
    account: Account,
    hash: string,
    { forgetDevices = false, locale }: { forgetDevices?: boolean; locale?: Locale } = {},
  ): Promise<void> {
    // The user's row first: a sign-in that runs at the same time either waits for it and then finds a newer stamp, or
    // makes this wait, and its session is there when the next statement looks.
    await this.dataSource.transaction(async (manager) => {
      if (!(await this.users.setPassword(manager, account, hash))) throw UserError.changedMeanwhile();
      await this.sessions.endAll(account.id, 'password_change', { manager, devices: forgetDevices });
      await this.tell(manager, account, 'password_changed', { locale });
    });
  }

  /** What an account's password must not be made of. */
  passwordOwner({ email, username, firstName, lastName }: Account): PasswordOwner {
    return { email, names: [username, firstName, lastName] };
  }

  /** Removes the account with everything that belongs to it. */
  remove(id: string): Promise<void> {
    return this.users.remove(id);
  }

  private async tell(
    manager: EntityManager,
    { email }: Account,
    template: string,
    content: MessageContent,
  ): Promise<void> {
    if (email) await this.notifier.notify({ recipient: `email:${email}`, template, content }, manager);
  }
}
