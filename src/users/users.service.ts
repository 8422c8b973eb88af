import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { AccountEvents } from '../account-events/account-events.service.js';
import type { Caller } from '../http/access.js';
import type { Client } from '../http/client.js';
import { CommonError } from '../http/common.errors.js';
import { sha256 } from '../common/digest.js';
import { addressOf, isPhone, maskedAddress, type Recipient } from '../common/recipient.js';
import { TestIdentities } from '../config/test-identities.js';
import { Notifier, type MessageContent } from '../notifier/notifier.js';
import { Passwords, type PasswordOwner } from '../passwords/passwords.service.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { noticeRecipient, type Account } from './account.js';
import { UserRepository, type Names } from './user.repository.js';
import { isAddressTaken, UserError } from './users.errors.js';

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
   * Links a verified phone number to the account that claims it and that the request shows evidence
   * of, and notifies the owner. A claim alone counts for nothing, because anybody can make it.
   * Returns null if there is no such account, or if another one proved the number first.
   */
  async linkPhone(
    recipient: Recipient,
    { caller, client }: { caller?: Caller; client: Client },
  ): Promise<Account | null> {
    if (!isPhone(recipient)) return null;
    const phone = addressOf(recipient);
    const claimant = await this.sessions.findClaimant(phone, caller, client.deviceToken);
    if (!claimant) return null;
    return nullIfTaken(
      this.dataSource.transaction(async (manager) => {
        const account = await this.users.linkPhone(manager, claimant, phone);
        if (account)
          await this.notifyOwner(manager, account, 'phone_linked', client, {
            phone: maskedAddress(recipient),
          });
        return account;
      }),
    );
  }

  /**
   * Creates an account for a verified address. Returns null if an account has the address, or can get
   * it back by an undo.
   */
  signUp(recipient: Recipient): Promise<Account | null> {
    const isTest = this.testIdentities.has(recipient);
    return nullIfTaken(
      this.dataSource.transaction((manager) => this.users.signUp(manager, recipient, isTest)),
    );
  }

  /** The invited user whose link has this token, before the link expires. */
  findByInvitation(token: string): Promise<Account | null> {
    return this.users.findByInvitation(sha256(token));
  }

  /**
   * For a sign-in that verified the address of an invited user, who gets the roles of the invitation.
   * Throws `changed_meanwhile` if the account has changed since it was read.
   */
  async acceptInvitation(account: Account): Promise<Account> {
    const accepted = await this.users.acceptInvitation(account);
    if (!accepted) throw UserError.accountChanged();
    return accepted;
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
    // A session counts as a recognised device: its owner must not be stopped by strangers' guesses.
    const attempt = { subject: noticeRecipient(account), isRecognised: true, client };
    const { right } = await this.passwords.check(attempt, currentPassword, account.passwordHash);
    if (right) return;
    const refusal = UserError.wrongPassword();
    const event = { action: 'reauthentication', succeeded: false, reason: refusal.code } as const;
    await this.events.record({ ...event, userId: account.id, client });
    throw refusal;
  }

  /**
   * Sets a password, ends every session of the user and notifies the owner, in the transaction of
   * `manager` if given. Throws `changed_meanwhile` if the account has changed since it was read.
   */
  async setPassword(
    account: Account,
    hash: string,
    options: { client: Client; forgetDevices?: boolean; manager?: EntityManager },
  ): Promise<void> {
    const { client, forgetDevices = false, manager } = options;
    if (!manager)
      return this.dataSource.transaction((transaction) =>
        this.setPassword(account, hash, { ...options, manager: transaction }),
      );
    // The user's row is updated first. A parallel sign-in either waits for it and then finds a
    // newer security stamp, or commits before it, so that the next statement ends its session.
    if (!(await this.users.setPassword(manager, account, hash))) throw UserError.accountChanged();
    await this.sessions.endAll(account.id, 'password_change', { manager, devices: forgetDevices });
    await this.notifyOwner(manager, account, 'password_changed', client);
  }

  /** The names and address that a password of the account must not consist of. */
  passwordOwner({ email, username, firstName, lastName }: Account): PasswordOwner {
    return { email, names: [username, firstName, lastName] };
  }

  private async notifyOwner(
    manager: EntityManager,
    { email }: Account,
    template: string,
    client: Client,
    content: MessageContent = {},
  ): Promise<void> {
    if (!email) return;
    const notice = { template, content: { locale: client.locale, ...content }, client };
    await this.notifier.notify({ recipient: `email:${email}`, ...notice }, manager);
  }
}

async function nullIfTaken<T>(change: Promise<T>): Promise<T | null> {
  return change.catch((error: unknown) => {
    if (isAddressTaken(error)) return null;
    throw error;
  });
}
