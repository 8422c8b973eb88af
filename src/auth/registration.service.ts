import { Injectable } from '@nestjs/common';
import { AccountEvents } from '../account-events/account-events.service.js';
import type { Client } from '../http/client.js';
import { supportedLocale } from '../common/locale.js';
import { addressOf, type Recipient } from '../common/recipient.js';
import { TestIdentities } from '../config/test-identities.js';
import { Housekeeping } from '../database/housekeeping.js';
import type { Challenge } from '../otp/otp.dto.js';
import { OtpService } from '../otp/otp.service.js';
import { Purposes } from '../otp/purposes.js';
import { Recipients } from '../otp/recipients.js';
import { Passwords } from '../passwords/passwords.service.js';
import { AccountClosure } from '../users/account-closure.service.js';
import type { Account } from '../users/account.js';
import { UndoLinks } from '../users/undo-links.service.js';
import { UsersService } from '../users/users.service.js';
import type { Register } from './registration.dto.js';
import { RegistrationRepository } from './registration.repository.js';

/** Longer than the time between storing a registration and sending its code. */
const GRACE_SECONDS = 60;

/** Turns a registration into an account once its e-mail address is verified. */
@Injectable()
export class RegistrationService {
  constructor(
    private readonly registrations: RegistrationRepository,
    private readonly users: UsersService,
    private readonly undoLinks: UndoLinks,
    private readonly passwords: Passwords,
    private readonly closure: AccountClosure,
    private readonly otp: OtpService,
    private readonly purposes: Purposes,
    private readonly recipients: Recipients,
    private readonly events: AccountEvents,
    private readonly testIdentities: TestIdentities,
    housekeeping: Housekeeping,
  ) {
    housekeeping.addRemoval('expired registrations', (limit) => this.registrations.removeExpired(limit));
  }

  /**
   * Mails a code, or a note that the address already has an account, or the link that undoes the
   * change of its address or its deletion. Work, reply and limits are the same in all cases, so the
   * caller cannot tell them apart. The registration is stored before a
   * limit can refuse the message, because it may contest an earlier one.
   */
  async register(body: Register, client: Client): Promise<Challenge> {
    const { password, username = null, firstName = null, lastName = null } = body;
    const recipient = this.recipients.fromFields({ email: body.email });
    // The number becomes verified by a sign-in code, so a code must be able to reach it.
    const phone =
      body.phone === undefined ? null : addressOf(this.recipients.fromFields({ phone: body.phone }, 'login'));
    const email = addressOf(recipient);
    this.passwords.assertAcceptable(password, { email, names: [username, firstName, lastName] });

    const policy = this.purposes.policyOf('email_verification');
    const isNew = await this.registrations.register({
      email,
      passwordHash: await this.passwords.deterministicHash(recipient, password, client),
      username,
      firstName,
      lastName,
      phone,
      lifeSeconds: policy.ttlSeconds + GRACE_SECONDS,
    });
    await this.events.record({ action: 'registration', succeeded: true, recipient, client });
    // Also read when there is no account, so that every address costs the same queries.
    const undo = await this.undoLinks.findFor(recipient);
    const owner = await this.users.findByVerifiedAddress(recipient);
    const note = undo ? { template: 'contact_changed', notice: undo.notice } : { template: 'address_taken' };
    const taken = owner?.closedAt ? this.closure.undoMessage(owner) : { decoy: true, ...note };
    const message = isNew ? {} : taken;
    const locale = supportedLocale(body.locale) ?? client.locale;
    const { challenge } = await this.otp.send({ recipient, policy, locale, client, ...message });
    return challenge;
  }

  /**
   * Verifies the code of a registration and returns the account, which it creates unless there is
   * one. Null if the account was deleted in the same moment, or if the address is reserved for an
   * account that can get it back by an undo.
   */
  async verify(recipient: Recipient, otp: string, client: Client): Promise<Account | null> {
    const policy = this.purposes.policyOf('email_verification');
    await this.otp.verify({ recipient, policy, client }, otp);
    await this.registrations.createAccount(addressOf(recipient), this.testIdentities.has(recipient));
    return this.users.findByVerifiedAddress(recipient);
  }

  /**
   * Creates an account for an address that a sign-in code verified. The code does not show who
   * filled in a pending registration for this address, so that registration is deleted instead of
   * used.
   */
  async signUp(recipient: Recipient): Promise<Account | null> {
    const account = await this.users.signUp(recipient);
    if (account) await this.registrations.remove(addressOf(recipient));
    return account;
  }
}
