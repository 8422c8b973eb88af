import { Injectable } from '@nestjs/common';
import { AccountEvents } from '../account-events/account-events.service.js';
import type { Client } from '../http/client.js';
import { supportedLocale } from '../common/locale.js';
import { addressOf, type Recipient } from '../common/recipient.js';
import { Housekeeping } from '../database/housekeeping.js';
import type { Challenge } from '../otp/otp.dto.js';
import { OtpService } from '../otp/otp.service.js';
import { Purposes } from '../otp/purposes.js';
import { Recipients } from '../otp/recipients.js';
import { Passwords } from '../passwords/passwords.service.js';
import type { Account } from '../users/account.js';
import { UsersService } from '../users/users.service.js';
import type { Register } from './registration.dto.js';
import { RegistrationRepository } from './registration.repository.js';

/** More than the moment between a registration and its code. */
const GRACE_SECONDS = 60;

/** From what somebody gives for an address to an account of whoever reads it. */
@Injectable()
export class RegistrationService {
  constructor(
    private readonly registrations: RegistrationRepository,
    private readonly users: UsersService,
    private readonly passwords: Passwords,
    private readonly otp: OtpService,
    private readonly purposes: Purposes,
    private readonly recipients: Recipients,
    private readonly events: AccountEvents,
    housekeeping: Housekeeping,
  ) {
    housekeeping.addRemoval('old registrations', (limit) => this.registrations.removeOld(limit));
  }

  /**
   * Sends a code to the address, or to one that has an account a mail that says so: with the same work, reply and
   * limits, so that nobody learns which it was. What is given is recorded before a limit may refuse the message, for
   * it may contest what was given before.
   */
  async register(body: Register, client: Client): Promise<Challenge> {
    const { password, username = null, firstName = null, lastName = null } = body;
    const recipient = this.recipients.fromFields({ email: body.email });
    const phone =
      body.phone === undefined ? null : addressOf(this.recipients.fromFields({ phone: body.phone }));
    const email = addressOf(recipient);
    this.passwords.assertAcceptable(password, { email, names: [username, firstName, lastName] });

    const policy = this.purposes.policyOf('email_verification');
    const isNew = await this.registrations.register({
      email,
      passwordHash: await this.passwords.deterministicHash(recipient, password),
      username,
      firstName,
      lastName,
      phone,
      lifeSeconds: policy.ttlSeconds + GRACE_SECONDS,
    });
    await this.events.record({ action: 'registration', succeeded: true, recipient, client });
    const message = isNew ? {} : { decoy: true, template: 'address_taken' };
    const locale = supportedLocale(body.locale) ?? client.locale;
    const { challenge } = await this.otp.send({ recipient, policy, locale, ...message });
    return challenge;
  }

  /** The account of an address whose code is right, made by it unless it was there. */
  async verify(recipient: Recipient, otp: string): Promise<Account | null> {
    await this.otp.verify({ recipient, policy: this.purposes.policyOf('email_verification') }, otp);
    await this.registrations.createAccount(addressOf(recipient));
    return this.users.findByVerifiedAddress(recipient);
  }

  /** A sign-in code proves the mailbox, but not who registered it: nothing that was given for it is kept. */
  async signUp(recipient: Recipient): Promise<Account | null> {
    const account = await this.users.signUp(recipient);
    if (account) await this.registrations.drop(addressOf(recipient));
    return account;
  }

  /** The password that waits with an unproved address. */
  pendingPasswordHash(email: string): Promise<string | null> {
    return this.registrations.passwordHashOf(email);
  }
}
