import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AppError } from '../common/app-error.js';
import { AccountEvents } from '../account-events/account-events.service.js';
import type { Caller } from '../http/access.js';
import type { Client } from '../http/client.js';
import type { PhoneChannel } from '../common/delivery.js';
import { newId } from '../common/random.js';
import { addressOf, isPhone, type Recipient } from '../common/recipient.js';
import { Housekeeping } from '../database/housekeeping.js';
import { Notifier } from '../notifier/notifier.js';
import type { Challenge } from '../otp/otp.dto.js';
import { Config } from '../config/config.js';
import { OtpService } from '../otp/otp.service.js';
import { Purposes } from '../otp/purposes.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { noticeRecipient, type Account } from './account.js';
import { AddressHistoryRepository, type PastAddress } from './address-history.repository.js';
import { ContactChangeRepository, fieldOf, type ContactChangeRow } from './contact-change.repository.js';
import { UndoLinks } from './undo-links.service.js';
import { UserRepository } from './user.repository.js';
import { isAddressTaken, UserError } from './users.errors.js';

/**
 * Changes the addresses of an account. A new address takes effect once it is verified by a code.
 * The old address then gets a notice with a link that undoes the change.
 */
@Injectable()
export class ContactsService {
  constructor(
    private readonly users: UserRepository,
    private readonly changes: ContactChangeRepository,
    private readonly undoLinks: UndoLinks,
    private readonly addresses: AddressHistoryRepository,
    private readonly otp: OtpService,
    private readonly purposes: Purposes,
    private readonly sessions: SessionsService,
    private readonly notifier: Notifier,
    private readonly events: AccountEvents,
    housekeeping: Housekeeping,
    private readonly dataSource: DataSource,
    config: Config,
  ) {
    housekeeping.addRemoval('expired contact changes', (limit) => this.changes.removeExpired(limit));
    // A message is removed so many days after it finished, which is up to a day after it was queued.
    const days = config.MESSAGE_RETENTION_DAYS + 1;
    housekeeping.addRemoval('former addresses', (limit) => this.addresses.removeOld(days, limit));
  }

  /**
   * Sends a code to each new address, to a phone by the channel if given. The codes work for this account only. They are sent even if an
   * address belongs to another account, so that the reply does not reveal that account. Only the
   * newest address of its kind can be confirmed. A request that a limit refuses changes nothing.
   */
  async start(
    { id }: Account,
    recipients: Recipient[],
    { channel, client }: { channel?: PhoneChannel; client: Client },
  ): Promise<Challenge[]> {
    const policy = this.purposes.policyOf('contact_change');
    const { locale } = client;
    // First, so that a crash leaves no message that an erasure of the account would not find.
    for (const recipient of recipients) await this.addresses.addRequested(id, recipient);
    const sent = await this.otp.sendAll(
      recipients.map((recipient) => ({
        ...{ recipient, policy, boundTo: id, userId: id, locale, client },
        ...(isPhone(recipient) && { channel }),
      })),
    );
    for (const recipient of recipients) await this.users.setPending(id, recipient);
    return sent.map(({ challenge }) => challenge);
  }

  /**
   * Verifies the code and changes the address, unless a newer one was requested. `address_taken` and
   * `address_reserved` are thrown only after the code was verified, so only a reader of that mailbox or
   * phone can learn it.
   */
  async confirm(
    account: Account,
    caller: Caller,
    recipient: Recipient,
    otp: string,
    client: Client,
  ): Promise<Account> {
    const event = { userId: account.id, action: 'contact_change', recipient, client } as const;
    const policy = this.purposes.policyOf('contact_change');
    try {
      await this.otp.verify({ recipient, policy, boundTo: account.id, client }, otp);
      const changed = await this.apply(account, caller, recipient, client);
      await this.events.record({ ...event, succeeded: true });
      return changed;
    } catch (error) {
      const undo = isAddressTaken(error) ? await this.undoLinks.findFor(recipient) : null;
      const refusal = undo ? UserError.addressReserved(undo.token) : error;
      if (refusal instanceof AppError)
        await this.events.record({ ...event, succeeded: false, reason: refusal.code });
      throw refusal;
    }
  }

  /**
   * Restores the former address, and the other one too if it was changed since. The password is
   * removed, because the person who changed the address may know it. An account that was deleted
   * since is opened again. No other account can have the address, because it was reserved.
   */
  async undo(token: string, client: Client): Promise<void> {
    const changeId = this.undoLinks.read(token);
    if (!changeId) throw UserError.undoInvalid();
    const userId = await this.dataSource
      .transaction(async (manager) => {
        const undone = await this.changes.undo(manager, changeId);
        const userId = undone[0]?.userId;
        if (userId === undefined) throw UserError.undoInvalid();
        for (const { field, oldAddress } of undone) {
          const set = field === 'email' ? 'setEmail' : 'setPhone';
          await this.users[set](manager, userId, oldAddress);
        }
        await this.users.dropPassword(manager, userId);
        await this.sessions.endAll(userId, 'contact_undo', { manager, devices: true });
        return userId;
      })
      .catch((error: unknown) => {
        // Only if the change expired while this request waited, and another account got the address.
        throw isAddressTaken(error) ? UserError.undoInvalid() : error;
      });
    await this.events.record({ userId, action: 'contact_undo', succeeded: true, client });
  }

  /** A page of the changes that can still be undone. */
  listChanges(userId: string, after: string | undefined, count: number): Promise<ContactChangeRow[]> {
    return this.changes.list(userId, after, count);
  }

  /** The addresses that the account had or asked for, as long as messages are kept. */
  addressHistory(userId: string): Promise<PastAddress[]> {
    return this.addresses.list(userId);
  }

  private apply(account: Account, caller: Caller, recipient: Recipient, client: Client): Promise<Account> {
    const field = fieldOf(recipient);
    const to = addressOf(recipient);
    const oldAddress = field === 'email' ? account.email : account.phoneVerifiedAt && account.phone;
    const id = newId();
    return this.dataSource.transaction(async (manager) => {
      const set = field === 'email' ? 'setEmail' : 'setPhone';
      const changed = await this.users[set](manager, account.id, to, account.securityStamp);
      // A newer address was requested, or an undo or a new password ended this session meanwhile.
      if (!changed) throw await this.users.explainChange(manager, account.id, recipient);
      await this.sessions.endAll(account.id, 'contact_change', { manager, except: caller.sessionId });
      await this.addresses.add(manager, account.id, recipient, true);
      // A number that was only claimed is replaced too.
      const replaced = account[field];
      if (replaced !== null)
        await this.addresses.add(
          manager,
          account.id,
          `${field}:${replaced}` as Recipient,
          oldAddress !== null,
        );
      await this.changes.add(manager, { id, userId: account.id, field, oldAddress });
      await this.notifier.notify(
        {
          recipient: oldAddress ? (`${field}:${oldAddress}` as Recipient) : noticeRecipient(account),
          template: 'contact_changed',
          content: { locale: client.locale, ...this.undoLinks.forChange(id, field, to).notice },
          client,
        },
        manager,
      );
      return changed;
    });
  }
}
