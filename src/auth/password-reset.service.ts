import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AppError } from '../common/app-error.js';
import { AccountEvents } from '../account-events/account-events.service.js';
import type { Caller } from '../http/access.js';
import type { Client } from '../http/client.js';
import { CommonError } from '../http/common.errors.js';
import type { Locale } from '../common/locale.js';
import { addressOf, type Recipient } from '../common/recipient.js';
import { Config } from '../config/config.js';
import { TestIdentities } from '../config/test-identities.js';
import { Codes, type LinkToken } from '../otp/codes.js';
import { OtpService } from '../otp/otp.service.js';
import { Purposes } from '../otp/purposes.js';
import { Recipients } from '../otp/recipients.js';
import { Passwords } from '../passwords/passwords.service.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { entryRefusal, type Account } from '../users/account.js';
import { AccountClosure } from '../users/account-closure.service.js';
import { UndoLinks, type OpenUndo } from '../users/undo-links.service.js';
import { UsersService } from '../users/users.service.js';
import { AuthError } from './auth.errors.js';
import type { ResetPassword } from './password.dto.js';

const PURPOSE = 'password_reset';
const NO_ACCOUNT = { template: 'no_account' };

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
    private readonly undoLinks: UndoLinks,
    private readonly passwords: Passwords,
    private readonly sessions: SessionsService,
    private readonly closure: AccountClosure,
    private readonly events: AccountEvents,
    private readonly testIdentities: TestIdentities,
    private readonly config: Config,
    private readonly dataSource: DataSource,
  ) {}

  /**
   * Mails a link and a code, or a note that the address has no account, or the link that undoes the
   * change of its address or its deletion. Work and reply are the same for every address. Throws the
   * errors of `OtpService.send` if no mail is sent, so that nobody waits for one.
   */
  async requestReset(email: string, client: Client, locale?: Locale): Promise<void> {
    const recipient = this.recipients.fromFields({ email });
    const account = await this.users.findByVerifiedAddress(recipient);
    const undo = await this.undoLinks.findFor(recipient);
    const fromDevice = await this.sessions.isRecognised(recipient, client.deviceToken);
    const policy = this.purposes.policyOf(PURPOSE);
    const message = this.resetMessage(account, undo);
    await this.otp.send({ recipient, policy, locale, fromDevice, client, ...message });
  }

  private resetMessage(account: Account | null, undo: OpenUndo | null) {
    if (account?.closedAt && !account.disabledAt) return this.closure.undoMessage(account);
    if (account && !account.disabledAt)
      return {
        template: PURPOSE,
        link: (token: string) => `${this.config.resetUrl}#token=${token}`,
      };
    return { decoy: true, ...(undo ? { template: 'contact_changed', notice: undo.notice } : NO_ACCOUNT) };
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

  private async resetByLink(token: string, password: string, client: Client): Promise<void> {
    const link = this.codes.readLink(token, PURPOSE);
    if (!link) return this.acceptInvitation(token, password, client);
    const account = await this.users.findByVerifiedAddress(link.recipient);
    if (account) this.passwords.assertAcceptable(password, this.users.passwordOwner(account));
    await this.recordingRefusal(account, link.recipient, client, async () => {
      // Anybody can keep a used link of their own, so it must not cause a hash.
      if (!(await this.otp.isRedeemable(link, PURPOSE))) throw AuthError.resetInvalid();
      await this.setPassword(account, link, password, client);
    });
  }

  /**
   * The link of an invitation verifies the address and sets the first password. It is used up by the
   * statement that stores the password, so that of parallel uses one succeeds.
   */
  private async acceptInvitation(token: string, password: string, client: Client): Promise<void> {
    const account = await this.users.findByInvitation(token);
    if (!account?.email) throw AuthError.resetInvalid();
    this.passwords.assertAcceptable(password, this.users.passwordOwner(account));
    const recipient: Recipient = `email:${account.email}`;
    await this.recordingRefusal(account, recipient, client, async () => {
      const refusal = entryRefusal(account);
      if (refusal) throw refusal;
      const hash = await this.passwords.hash(password, { client, isRecognised: true });
      await this.users.setPassword(account, hash, { client, forgetDevices: true });
      await this.record(account, recipient, client);
    });
  }

  /**
   * The password is checked against the address only. Checking it against the account's names
   * before the code is verified would reveal them.
   */
  private async resetByCode(email: string, otp: string, password: string, client: Client): Promise<void> {
    const recipient = this.recipients.fromFields({ email });
    this.passwords.assertAcceptable(password, { email: addressOf(recipient) });
    const account = await this.users.findByVerifiedAddress(recipient);
    await this.recordingRefusal(account, recipient, client, async () => {
      const policy = this.purposes.policyOf(PURPOSE);
      const judged = await this.otp.judge({ recipient, policy, client }, otp);
      await this.setPassword(account, judged, password, client);
    });
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
    const hash = await this.passwords.hash(password, { client, isRecognised: true });
    await this.users.setPassword(account, hash, { client });
    await this.events.record({ userId: account.id, action: 'password_change', succeeded: true, client });
  }

  /**
   * Sets the password after the link or code was found right. One transaction consumes it and
   * stores the hash. So it survives an overloaded server, a full hash queue and a crash, and of
   * parallel resets with it, one wins.
   */
  private async setPassword(
    account: Account | null,
    right: LinkToken,
    password: string,
    client: Client,
  ): Promise<void> {
    if (!account) throw AuthError.resetInvalid();
    const refusal = entryRefusal(account);
    if (refusal) {
      await this.otp.redeem(right, PURPOSE);
      throw refusal;
    }
    // The code of a test identity is not a secret.
    if (this.testIdentities.has(right.recipient) && !account.isTest) throw CommonError.forbidden();
    const hash = await this.passwords.hash(password, { client, isRecognised: true });
    await this.dataSource.transaction(async (manager) => {
      if (!(await this.otp.redeem(right, PURPOSE, manager))) throw AuthError.resetInvalid();
      await this.users.setPassword(account, hash, { client, forgetDevices: true, manager });
    });
    await this.otp.credit(right.recipient);
    await this.record(account, right.recipient, client);
  }

  private async recordingRefusal(
    account: Account | null,
    recipient: Recipient,
    client: Client,
    step: () => Promise<void>,
  ): Promise<void> {
    try {
      await step();
    } catch (error) {
      // An overloaded server and a used-up network decided nothing about the attempt.
      const isDecided =
        error instanceof AppError && error.kind !== 'unavailable' && error.code !== 'rate_limited';
      if (isDecided) await this.record(account, recipient, client, error.code);
      throw error;
    }
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
}
