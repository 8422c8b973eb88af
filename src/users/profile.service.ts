import { Injectable } from '@nestjs/common';
import { AccountEvents } from '../account-events/account-events.service.js';
import type { Caller } from '../http/access.js';
import type { Client } from '../http/client.js';
import { CommonError } from '../http/common.errors.js';
import type { Recipient } from '../common/recipient.js';
import { Recipients } from '../otp/recipients.js';
import { Passwords } from '../passwords/passwords.service.js';
import type { Account } from './account.js';
import { ContactsService } from './contacts.service.js';
import {
  profileOf,
  type Profile,
  type UpdatedProfile,
  type UpdateProfile,
  type VerifyContact,
} from './users.dto.js';
import { UserError } from './users.errors.js';
import { UsersService } from './users.service.js';

/** Operations of users on their own account. */
@Injectable()
export class ProfileService {
  constructor(
    private readonly users: UsersService,
    private readonly contacts: ContactsService,
    private readonly recipients: Recipients,
    private readonly passwords: Passwords,
    private readonly events: AccountEvents,
  ) {}

  async read(caller: Caller): Promise<Profile> {
    return profileOf(await this.users.getCaller(caller));
  }

  /**
   * Checks everything before it changes anything. The password is changed last, because that ends
   * this session.
   */
  async update(caller: Caller, body: UpdateProfile, client: Client): Promise<UpdatedProfile> {
    const { username, firstName, lastName, email, phone, channel, password, currentPassword } = body;
    const names = { username, firstName, lastName };
    const hasNames = Object.values(names).some((name) => name !== undefined);
    if (!hasNames && [email, phone, password].every((value) => value === undefined))
      throw UserError.nothingToChange();

    const account = await this.users.getCaller(caller);
    const recipients = this.unverifiedAddresses(account, { email, phone });
    if (password !== undefined) this.passwords.assertAcceptable(password, this.users.passwordOwner(account));
    if (recipients.length > 0 || password !== undefined)
      await this.users.reauthenticate(account, caller, client, currentPassword);

    const pending = await this.contacts.start(account, recipients, { channel, client });
    const updated = hasNames ? await this.users.setNames(account.id, names) : account;
    if (!updated) throw CommonError.unauthorized();
    if (password !== undefined) await this.changePassword(account, password, client);
    return { ...profileOf(updated), ...(pending.length > 0 && { pending }) };
  }

  async verifyContact(
    caller: Caller,
    { email, phone, otp }: VerifyContact,
    client: Client,
  ): Promise<Profile> {
    const recipient = this.recipients.fromFields({ email, phone });
    const account = await this.users.getCaller(caller);
    return profileOf(await this.contacts.confirm(account, caller, recipient, otp, client));
  }

  private async changePassword(account: Account, password: string, client: Client): Promise<void> {
    const hash = await this.passwords.hash(password, { client, isRecognised: true });
    await this.users.setPassword(account, hash, { client });
    await this.events.record({ userId: account.id, action: 'password_change', succeeded: true, client });
  }

  /** The requested addresses that are not yet verified for the account. */
  private unverifiedAddresses(
    account: Account,
    { email, phone }: { email?: string; phone?: string },
  ): Recipient[] {
    const requested = [
      ...(email === undefined ? [] : [this.recipients.fromFields({ email })]),
      ...(phone === undefined ? [] : [this.recipients.fromFields({ phone }, 'contact_change')]),
    ];
    const verified = [`email:${account.email}`, account.phoneVerifiedAt && `phone:${account.phone}`];
    return requested.filter((recipient) => !verified.includes(recipient));
  }
}
