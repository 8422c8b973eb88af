import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { AccountEvents } from '../account-events/account-events.service.js';
import type { Caller } from '../http/access.js';
import type { Client } from '../http/client.js';
import { CommonError } from '../http/common.errors.js';
import type { Locale } from '../common/locale.js';
import { addressOf, type Recipient } from '../common/recipient.js';
import { Config } from '../config/config.js';
import { Codes } from '../otp/codes.js';
import { OtpService } from '../otp/otp.service.js';
import { Purposes } from '../otp/purposes.js';
import { Recipients } from '../otp/recipients.js';
import { Passwords } from '../passwords/passwords.service.js';
import type { Account } from '../users/account.js';
import { UserError } from '../users/users.errors.js';
import { UsersService } from '../users/users.service.js';
import { AuthError } from './auth.errors.js';
import type { ResetPassword } from './password.dto.js';

const PURPOSE = 'password_reset';

/** A forgotten password: a mail with a link and a code, of which either works once. */
@Injectable()
export class PasswordResetService {
  constructor(
    private readonly otp: OtpService,
    private readonly codes: Codes,
    private readonly purposes: Purposes,
    private readonly recipients: Recipients,
    private readonly users: UsersService,
    private readonly passwords: Passwords,
    private readonly events: AccountEvents,
    private readonly config: Config,
  ) {}

  /** Does the same work for every address; one without an account is told so by mail. A limit is not shown either. */
  async requestReset(email: string, locale?: Locale): Promise<void> {
    const recipient = this.recipients.fromFields({ email });
    const account = await this.users.findByVerifiedAddress(recipient);
    const message =
      account && !account.disabledAt
        ? { template: PURPOSE, link: (token: string) => `${this.resetUrl}#token=${token}` }
        : { template: 'no_account', decoy: true };
    try {
      await this.otp.send({ recipient, policy: this.purposes.policyOf(PURPOSE), locale, ...message });
    } catch (error) {
      if (!(error instanceof AppError) || error.kind !== 'rate_limited') throw error;
    }
  }

  async reset(body: ResetPassword, caller: Caller | undefined, client: Client): Promise<void> {
    const { token, email, otp, password, currentPassword } = body;
    const byCode = email !== undefined && otp !== undefined;
    const half = (email === undefined) !== (otp === undefined);
    if (half || (token !== undefined && byCode)) throw AuthError.resetCredentialMissing();
    if (token !== undefined) return this.byLink(token, password, client);
    if (byCode) return this.byCode(email, otp, password, client);
    if (caller) return this.bySession(caller, password, currentPassword, client);
    throw CommonError.unauthorized();
  }

  /** The link is spent last: a password that is refused, or a busy server, costs nothing. */
  private async byLink(token: string, password: string, client: Client): Promise<void> {
    const link = this.codes.readLink(token, PURPOSE);
    if (!link) throw AuthError.resetInvalid();
    const account = await this.users.findByVerifiedAddress(link.recipient);
    if (account) this.passwords.assertAcceptable(password, this.users.passwordOwner(account));
    const hash = await this.passwords.hash(password);
    if (!(await this.otp.redeem(link, PURPOSE))) {
      await this.record(account, link.recipient, client, 'reset_link_invalid');
      throw AuthError.resetInvalid();
    }
    await this.change(account, link.recipient, hash, client);
  }

  /** Before the code is right, nothing of the account may show, so the password is compared with the address only. */
  private async byCode(email: string, otp: string, password: string, client: Client): Promise<void> {
    const recipient = this.recipients.fromFields({ email });
    this.passwords.assertAcceptable(password, { email: addressOf(recipient) });
    const hash = await this.passwords.hash(password);
    const account = await this.users.findByVerifiedAddress(recipient);
    try {
      await this.otp.verify({ recipient, policy: this.purposes.policyOf(PURPOSE) }, otp);
    } catch (error) {
      if (error instanceof AppError) await this.record(account, recipient, client, error.code);
      throw error;
    }
    await this.change(account, recipient, hash, client);
  }

  private async bySession(
    caller: Caller,
    password: string,
    currentPassword: string | undefined,
    client: Client,
  ): Promise<void> {
    const account = await this.users.getCaller(caller);
    this.passwords.assertAcceptable(password, this.users.passwordOwner(account));
    await this.users.reauthenticate(account, caller, client, currentPassword);
    await this.users.setPassword(account, await this.passwords.hash(password), { locale: client.locale });
    await this.events.record({ userId: account.id, action: 'password_change', succeeded: true, client });
  }

  private async change(
    account: Account | null,
    recipient: Recipient,
    hash: string,
    client: Client,
  ): Promise<void> {
    if (!account) throw AuthError.resetInvalid();
    if (account.disabledAt) {
      await this.record(account, recipient, client, 'account_disabled');
      throw UserError.disabled();
    }
    await this.users.setPassword(account, hash, { forgetDevices: true, locale: client.locale });
    await this.record(account, recipient, client);
  }

  private record(
    account: Account | null,
    recipient: Recipient,
    client: Client,
    reason?: string,
  ): Promise<void> {
    const succeeded = reason === undefined;
    return this.events.record({
      userId: account?.id,
      action: 'password_reset',
      succeeded,
      reason,
      recipient,
      client,
    });
  }

  private get resetUrl(): string {
    return this.config.RESET_URL ?? `${this.config.publicUrl}/reset`;
  }
}
