import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { AccountEvents } from '../account-events/account-events.service.js';
import type { Caller } from '../http/access.js';
import type { Client } from '../http/client.js';
import { CommonError } from '../http/common.errors.js';
import type { Locale } from '../common/locale.js';
import { addressOf, type Recipient } from '../common/recipient.js';
import { Config } from '../config/config.js';
import { TestIdentities } from '../config/test-identities.js';
import { Codes } from '../otp/codes.js';
import { OtpService } from '../otp/otp.service.js';
import { Purposes } from '../otp/purposes.js';
import { Recipients } from '../otp/recipients.js';
import { Passwords } from '../passwords/passwords.service.js';
import { entryRefusal, type Account } from '../users/account.js';
import { AccountClosure } from '../users/account-closure.service.js';
import { UsersService } from '../users/users.service.js';
import { AuthError } from './auth.errors.js';
import type { ResetPassword } from './password.dto.js';

const PURPOSE = 'password_reset';

/**
 * Resets forgotten passwords with a mailed link or code, and changes the password of a signed-in
 * user.
 */
@Injectable()
export class PasswordResetService {
  constructor(
    private readonly otp: OtpService,
    private readonly codes: Codes,
    private readonly purposes: Purposes,
    private readonly recipients: Recipients,
    private readonly users: UsersService,
    private readonly passwords: Passwords,
    private readonly closure: AccountClosure,
    private readonly events: AccountEvents,
    private readonly testIdentities: TestIdentities,
    private readonly config: Config,
  ) {}

  /**
   * Mails a link and a code, or a note that the address has no account, or the link that undoes the
   * deletion of the account. Work and reply are the same
   * for every address, and a rate limit does not change the reply.
   */
  async requestReset(email: string, locale?: Locale): Promise<void> {
    const recipient = this.recipients.fromFields({ email });
    const account = await this.users.findByVerifiedAddress(recipient);
    const policy = this.purposes.policyOf(PURPOSE);
    try {
      await this.otp.send({ recipient, policy, locale, ...this.resetMessage(account) });
    } catch (error) {
      if (!(error instanceof AppError) || error.kind !== 'rate_limited') throw error;
    }
  }

  private resetMessage(account: Account | null) {
    if (!account || account.disabledAt) return { template: 'no_account', decoy: true };
    if (account.closedAt) return this.closure.undoMessage(account);
    return { template: PURPOSE, link: (token: string) => `${this.resetUrl}#token=${token}` };
  }

  async reset(body: ResetPassword, caller: Caller | undefined, client: Client): Promise<void> {
    const { token, email, otp, password, currentPassword } = body;
    const byCode = email !== undefined && otp !== undefined;
    const isHalfGiven = (email === undefined) !== (otp === undefined);
    if (isHalfGiven || (token !== undefined && byCode)) throw AuthError.resetCredentialMissing();
    if (token !== undefined) return this.resetByLink(token, password, client);
    if (byCode) return this.resetByCode(email, otp, password, client);
    if (caller) return this.changeOwnPassword(caller, password, currentPassword, client);
    throw CommonError.unauthorized();
  }

  /** The link is redeemed last, so that it survives a refused password and an overloaded server. */
  private async resetByLink(token: string, password: string, client: Client): Promise<void> {
    const link = this.codes.readLink(token, PURPOSE);
    if (!link) throw AuthError.resetInvalid();
    const account = await this.users.findByVerifiedAddress(link.recipient);
    if (account) this.passwords.assertAcceptable(password, this.users.passwordOwner(account));
    const hash = await this.passwords.hash(password);
    if (!(await this.otp.redeem(link, PURPOSE))) {
      await this.record(account, link.recipient, client, 'reset_link_invalid');
      throw AuthError.resetInvalid();
    }
    await this.setPassword(account, link.recipient, hash, client);
  }

  /**
   * The password is checked against the address only. Checking it against the account's names
   * before the code is verified would reveal them.
   */
  private async resetByCode(email: string, otp: string, password: string, client: Client): Promise<void> {
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
    await this.setPassword(account, recipient, hash, client);
  }

  private async changeOwnPassword(
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

  private async setPassword(
    account: Account | null,
    recipient: Recipient,
    hash: string,
    client: Client,
  ): Promise<void> {
    if (!account) throw AuthError.resetInvalid();
    const refusal = entryRefusal(account);
    if (refusal) {
      await this.record(account, recipient, client, refusal.code);
      throw refusal;
    }
    // The code of a test identity is not a secret.
    if (this.testIdentities.has(recipient) && !account.isTest) throw CommonError.forbidden();
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
