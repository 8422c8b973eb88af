import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { AccountEvents } from '../account-events/account-events.service.js';
import type { Caller } from '../http/access.js';
import type { Client } from '../http/client.js';
import { CommonError } from '../http/common.errors.js';
import type { Locale } from '../common/locale.js';
import { addressOf, isPhone, maskedAddress, type Recipient } from '../common/recipient.js';
import { TestIdentities } from '../config/test-identities.js';
import { Notifier, type MessageContent } from '../notifier/notifier.js';
import { Passwords, type PasswordOwner } from '../passwords/passwords.service.js';
import { SessionsService } from '../sessions/sessions.service.js';
import type { Account } from './account.js';
import { UserRepository, type Names } from './user.repository.js';
import { UserError } from './users.errors.js';

/** Finds, creates and changes accounts. */
@Injectable()
export class UsersService {
  constructor(
    private readonly users: UserRepository,
    private readonly sessions: SessionsService,
    private readonly passwords: Passwords,
    private readonly notifier: Notifier,
    private readonly events: AccountEvents,
    private readonly testIdentities: TestIdentities,
    private readonly dataSource: DataSource,
  ) {}

  findById(id: string): Promise<Account | null> {
    return this.users.findById(id);
  }

  findByEmail(email: string): Promise<Account | null> {
    return this.users.findByEmail(email);
  }

  /** The account that owns a verified address. */
  findByVerifiedAddress(recipient: Recipient): Promise<Account | null> {
    return this.users.findByVerifiedAddress(recipient);
  }

  /**
   * The caller's own account. Throws `token_invalid` if it was deleted after the request was
   * authenticated.
   */
  async getCaller({ userId }: Caller): Promise<Account> {
    const account = await this.users.findById(userId);
    if (!account) throw CommonError.unauthorized();
    return account;
  }

  /**
   * Links a verified phone number to the only account that claims it and notifies the owner.
   * Returns null if no account or several claim the number, or if an account has already verified
   * it.
   */
  async linkPhone(recipient: Recipient, locale?: Locale): Promise<Account | null> {
    const phone = addressOf(recipient);
    if (!isPhone(recipient) || !(await this.users.hasClaim(phone))) return null;
    return this.dataSource.transaction(async (manager) => {
      const account = await this.users.linkPhone(manager, phone);
      if (account)
        await this.notifyOwner(manager, account, 'phone_linked', { locale, phone: maskedAddress(recipient) });
      return account;
    });
  }

  /** Creates an account for a verified address. Returns null if the address already has one. */
  signUp(recipient: Recipient): Promise<Account | null> {
    return this.users.signUp(recipient, this.testIdentities.has(recipient));
  }

  setNames(id: string, names: Names): Promise<Account | null> {
    return this.users.setNames(id, names);
  }

  async updateHash({ id, passwordHash }: Account, hash: string): Promise<void> {
    if (passwordHash) await this.users.updateHash(id, passwordHash, hash);
  }

  /** Throws unless the caller signed in within ten minutes or sent the right current password. */
  async reauthenticate(
    account: Account,
    caller: Caller,
    client: Client,
    currentPassword?: string,
  ): Promise<void> {
    if (currentPassword === undefined) {
      if (!caller.recentlyAuthenticated) throw CommonError.reauthenticate();
      return;
    }
    const attempt = { subject: `user:${account.id}`, lane: '', client };
    const { right } = await this.passwords.check(attempt, currentPassword, account.passwordHash);
    if (right) return;
    const refusal = UserError.wrongPassword();
    const event = { action: 'reauthentication', succeeded: false, reason: refusal.code } as const;
    await this.events.record({ ...event, userId: account.id, client });
    throw refusal;
  }

  /**
   * Sets a password, ends every session of the user and notifies the owner. Throws
   * `changed_meanwhile` if the account has changed since it was read.
   */
  async setPassword(
    account: Account,
    hash: string,
    { forgetDevices = false, locale }: { forgetDevices?: boolean; locale?: Locale } = {},
  ): Promise<void> {
    // The user's row is updated first. A parallel sign-in either waits for it and then finds a
    // newer security stamp, or commits before it, so that the next statement ends its session.
    await this.dataSource.transaction(async (manager) => {
      if (!(await this.users.setPassword(manager, account, hash))) throw UserError.accountChanged();
      await this.sessions.endAll(account.id, 'password_change', { manager, devices: forgetDevices });
      await this.notifyOwner(manager, account, 'password_changed', { locale });
    });
  }

  /** The names and address that a password of the account must not consist of. */
  passwordOwner({ email, username, firstName, lastName }: Account): PasswordOwner {
    return { email, names: [username, firstName, lastName] };
  }

  private async notifyOwner(
    manager: EntityManager,
    { email }: Account,
    template: string,
    content: MessageContent,
  ): Promise<void> {
    if (email) await this.notifier.notify({ recipient: `email:${email}`, template, content }, manager);
  }
}
