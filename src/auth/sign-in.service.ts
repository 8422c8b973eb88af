import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { AccountEvents } from '../account-events/account-events.service.js';
import type { AccountAction } from '../account-events/account-action.js';
import type { Client } from '../http/client.js';
import { CommonError } from '../http/common.errors.js';
import { addressOf, isPhone, type Recipient } from '../common/recipient.js';
import { Config } from '../config/config.js';
import { TestIdentities } from '../config/test-identities.js';
import { OtpService } from '../otp/otp.service.js';
import { Purposes } from '../otp/purposes.js';
import { Recipients } from '../otp/recipients.js';
import { Passwords, type Guess } from '../passwords/passwords.service.js';
import { SessionsService, TEST } from '../sessions/sessions.service.js';
import type { Account } from '../users/account.js';
import { profileOf } from '../users/users.dto.js';
import { UserError } from '../users/users.errors.js';
import { UsersService } from '../users/users.service.js';
import { AuthError } from './auth.errors.js';
import { RegistrationService } from './registration.service.js';
import { SignInNotices } from './sign-in-notices.service.js';
import type { SignedIn, Tokens } from './sign-in.dto.js';

const STILL_PENDING = { VerificationStatus: 'pending' };

/** Every way to a session. Each success and each refusal is recorded. */
@Injectable()
export class SignInService {
  constructor(
    private readonly otp: OtpService,
    private readonly purposes: Purposes,
    private readonly recipients: Recipients,
    private readonly registrations: RegistrationService,
    private readonly users: UsersService,
    private readonly passwords: Passwords,
    private readonly sessions: SessionsService,
    private readonly events: AccountEvents,
    private readonly notices: SignInNotices,
    private readonly config: Config,
    private readonly testIdentities: TestIdentities,
  ) {}

  /** With a code by SMS or e-mail. Tokens only where an account owns the address, or where proving it makes one. */
  async signInWithCode(recipient: Recipient, otp: string, client: Client): Promise<SignedIn | null> {
    const lane = await this.sessions.laneForDevice(recipient, client.deviceToken);
    const policy = this.purposes.policyOf('login');
    const verify = () => this.otp.verify({ recipient, policy, lane }, otp);
    // Wanted whether the code is right or wrong, so both are asked at once. A session opens only if it has not changed since.
    const found = this.users.findByVerifiedAddress(recipient);
    const [owner] = await Promise.all([
      found,
      this.recordingFailures('sign_in', recipient, client, verify, found),
    ]);
    const account = owner ?? (await this.newOwner(recipient, client));
    return account && this.completeCodeSignIn(account, recipient, client);
  }

  /** With the code of a registration. Says `passwordRequired` where the account has been opened without a password. */
  async signInWithRegistration(recipient: Recipient, otp: string, client: Client): Promise<SignedIn> {
    const account = await this.recordingFailures('email_verification', recipient, client, () =>
      this.registrations.verify(recipient, otp),
    );
    // Deleted this moment.
    if (!account) throw UserError.accountChanged();
    await this.events.record({
      userId: account.id,
      action: 'email_verification',
      succeeded: true,
      recipient,
      client,
    });
    const signedIn = await this.completeCodeSignIn(account, recipient, client);
    return account.passwordHash === null ? { ...signedIn, passwordRequired: true } : signedIn;
  }

  /**
   * With e-mail address and password. Whatever the address is, one password is compared, so neither reply nor time
   * tells whether it has an account.
   */
  async signInWithPassword(email: string, password: string, client: Client): Promise<SignedIn> {
    const recipient = this.recipients.fromFields({ email });
    const find = () => this.passwordOf(recipient, client);
    return this.recordingFailures('sign_in', recipient, client, async () => {
      const { account, right, rehashed: outdated } = await this.passwords.findAndCheck(find, password);
      if (!right) throw AuthError.invalidCredentials();
      if (!account) throw AuthError.emailUnverified();
      if (outdated) await this.users.updateHash(account, outdated);
      return this.openSession(account, ['pwd'], recipient, client);
    });
  }

  /** A replayed token has ended its session: whoever else holds one of the family is signed out as well. */
  async refresh(refreshToken: string, client: Client): Promise<Tokens> {
    const result = await this.sessions.refresh(refreshToken, client);
    if (result.outcome === 'replayed')
      await this.events.record({
        userId: result.userId,
        action: 'refresh',
        succeeded: false,
        reason: 'replayed',
        client,
      });
    if (result.outcome !== 'refreshed') throw AuthError.refreshInvalid();
    const account = await this.users.findById(result.userId);
    if (!account) throw AuthError.refreshInvalid();
    return {
      tokenType: 'Bearer',
      ...this.sessions.accessToken(account, result.sessionId, result.amr),
      refreshToken: result.refreshToken,
      user: profileOf(account),
    };
  }

  private async passwordOf(
    recipient: Recipient,
    client: Client,
  ): Promise<Guess & { account: Account | null }> {
    const lane = await this.sessions.laneForDevice(recipient, client.deviceToken);
    const account = await this.users.findByVerifiedAddress(recipient);
    const pending = await this.registrations.pendingPasswordHash(addressOf(recipient));
    const hash = account ? account.passwordHash : pending;
    return { account, attempt: { subject: recipient, lane, client }, hash };
  }

  /** The account that claims the proved address alone, or that is made by proving it. */
  private async newOwner(recipient: Recipient, client: Client): Promise<Account | null> {
    const owner = await this.users.linkPhone(recipient, client.locale);
    if (owner || !this.config.SIGN_UP_ON_VERIFY) return owner;
    // Of two that sign up at once, the second finds what the first made.
    return (await this.registrations.signUp(recipient)) ?? this.users.findByVerifiedAddress(recipient);
  }

  private completeCodeSignIn(account: Account, recipient: Recipient, client: Client): Promise<SignedIn> {
    const amr = ['otp', isPhone(recipient) ? 'sms' : 'email'];
    return this.recordingFailures('sign_in', recipient, client, () =>
      this.openSession(account, amr, recipient, client),
    );
  }

  private async openSession(
    account: Account,
    amr: string[],
    recipient: Recipient,
    client: Client,
  ): Promise<SignedIn> {
    if (account.disabledAt) throw UserError.disabled();
    const isTest = this.testIdentities.has(recipient);
    // Anyone may know the code of a test identity.
    if (isTest && account.roles.includes('admin')) throw CommonError.forbidden();
    const methods = isTest ? [...amr, TEST] : amr;
    const opened = await this.sessions.open(account, { amr: methods, client });
    // Disabled, or its password changed, since it was read.
    if (!opened) throw UserError.accountChanged();
    const { afterFailures } = await this.events.recordSignIn({ userId: account.id, recipient, client });
    await this.notices.notifyOwner(account, { ...opened, afterFailures }, client);
    return { ...opened.tokens, user: profileOf(account) };
  }

  /** Runs a step; a refusal is recorded for the owner of the address, if it has one. */
  private async recordingFailures<T>(
    action: AccountAction,
    recipient: Recipient,
    client: Client,
    step: () => Promise<T>,
    found?: Promise<Account | null>,
  ): Promise<T> {
    try {
      return await step();
    } catch (error) {
      // What a busy server sheds was not judged, and to record it would be the work that it sheds.
      if (!(error instanceof AppError) || error.kind === 'unavailable') throw error;
      const owner = await (found ?? this.users.findByVerifiedAddress(recipient));
      await this.events.record({
        userId: owner?.id,
        action,
        succeeded: false,
        reason: error.code,
        recipient,
        client,
      });
      throw error.kind === 'invalid' ? error.with(STILL_PENDING) : error;
    }
  }
}
