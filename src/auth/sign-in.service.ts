import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { AccountEvents } from '../account-events/account-events.service.js';
import type { AccountAction } from '../account-events/account-action.js';
import type { Caller } from '../http/access.js';
import type { Client } from '../http/client.js';
import { CommonError } from '../http/common.errors.js';
import { isPhone, type Recipient } from '../common/recipient.js';
import { Config } from '../config/config.js';
import { TestIdentities } from '../config/test-identities.js';
import { Recipients } from '../otp/recipients.js';
import { Passwords, type Guess } from '../passwords/passwords.service.js';
import { SessionsService, TEST } from '../sessions/sessions.service.js';
import { entryRefusal, type Account } from '../users/account.js';
import { profileOf } from '../users/users.dto.js';
import { UserError } from '../users/users.errors.js';
import { UndoLinks } from '../users/undo-links.service.js';
import { UsersService } from '../users/users.service.js';
import { AuthError, STILL_PENDING } from './auth.errors.js';
import { RegistrationService } from './registration.service.js';
import { SignInCodes } from './sign-in-codes.service.js';
import { SignInNotices } from './sign-in-notices.service.js';
import type { SignedIn, Tokens, UndoOffer } from './sign-in.dto.js';

/**
 * Opens sessions and renews their tokens. Every sign-in is recorded, whether it succeeds or not.
 */
@Injectable()
export class SignInService {
  constructor(
    private readonly codes: SignInCodes,
    private readonly recipients: Recipients,
    private readonly registrations: RegistrationService,
    private readonly users: UsersService,
    private readonly undoLinks: UndoLinks,
    private readonly passwords: Passwords,
    private readonly sessions: SessionsService,
    private readonly events: AccountEvents,
    private readonly notices: SignInNotices,
    private readonly config: Config,
    private readonly testIdentities: TestIdentities,
  ) {}

  /**
   * Signs in with a code sent by SMS or e-mail. When the code is right but no account owns the address
   * and none is created for it, returns the undo if an account had the address until recently, and
   * else null. `caller` is the session of the request's access token, which is evidence only: the code
   * decides which account is opened.
   */
  async signInWithCode(
    recipient: Recipient,
    otp: string,
    caller: Caller | undefined,
    client: Client,
  ): Promise<SignedIn | UndoOffer | null> {
    await this.recordingFailures('sign_in', recipient, client, () =>
      this.codes.verify(recipient, otp, client),
    );
    return this.openProvedAddress(recipient, caller, client);
  }

  /** Signs in with the link of a mail. It proves the address as the code of that mail does. */
  async signInWithLink(
    token: string,
    caller: Caller | undefined,
    client: Client,
  ): Promise<SignedIn | UndoOffer | null> {
    const link = this.codes.readLink(token);
    await this.recordingFailures('sign_in', link.recipient, client, () => this.codes.redeem(link));
    return this.openProvedAddress(link.recipient, caller, client);
  }

  /**
   * Signs in with the code of a registration. The reply has `passwordRequired` when the account was
   * opened without a password.
   */
  async signInWithRegistration(
    recipient: Recipient,
    otp: string,
    client: Client,
  ): Promise<SignedIn & { passwordRequired?: boolean }> {
    const account = await this.recordingFailures('email_verification', recipient, client, () =>
      this.registrations.verify(recipient, otp, client),
    );
    if (!account) {
      const undo = await this.offerUndo(recipient);
      // Without an undo, the account was deleted after its code was verified.
      throw undo ? UserError.addressReserved(undo.undoToken) : UserError.accountChanged();
    }
    await this.events.record({
      userId: account.id,
      action: 'email_verification',
      succeeded: true,
      recipient,
      client,
    });
    const signedIn = await this.openCodeSession(account, recipient, client);
    return account.passwordHash === null ? { ...signedIn, passwordRequired: true } : signedIn;
  }

  async signInWithPassword(email: string, password: string, client: Client): Promise<SignedIn> {
    const recipient = this.recipients.fromFields({ email });
    return this.recordingFailures('sign_in', recipient, client, async () => {
      const account = await this.checkPassword(recipient, password, client);
      return this.openSession(account, ['pwd'], recipient, client);
    });
  }

  /**
   * Exchanges a refresh token for new tokens. A replayed token means that a copy of it exists, so
   * by the time this throws the session has ended for every holder.
   */
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

  /**
   * Returns the account if the password is right. Exactly one hash is compared for every address,
   * so neither the reply nor its timing reveals whether an account exists. The password of a
   * registration that is not verified yet is as wrong as any other: somebody who registers an
   * address and then signs in must not learn whether it was free.
   */
  private async checkPassword(recipient: Recipient, password: string, client: Client): Promise<Account> {
    const isRecognised = await this.sessions.isRecognised(recipient, client.deviceToken);
    const { account, right, rehashed } = await this.passwords.findAndCheck(
      () => this.passwordGuess(recipient),
      password,
      { client, isRecognised },
    );
    if (!account || !right) throw AuthError.invalidCredentials();
    if (rehashed) await this.users.updateHash(account, rehashed);
    return account;
  }

  /** The account of the address, if any, and the hash to compare a guess with. */
  private async passwordGuess(recipient: Recipient): Promise<Guess & { account: Account | null }> {
    const account = await this.users.findByVerifiedAddress(recipient);
    return { account, subject: recipient, hash: account?.passwordHash ?? null };
  }

  private async openProvedAddress(
    recipient: Recipient,
    caller: Caller | undefined,
    client: Client,
  ): Promise<SignedIn | UndoOffer | null> {
    const account =
      (await this.users.findByVerifiedAddress(recipient)) ??
      (await this.linkedOrNewAccount(recipient, caller, client));
    if (!account) return this.offerUndo(recipient);
    return this.openCodeSession(account, recipient, client);
  }

  /**
   * The account for a verified address that no account owned before: the one that claims this phone
   * number and that the request shows evidence of, or a new one where `SIGN_UP_ON_VERIFY` is set.
   */
  private async linkedOrNewAccount(
    recipient: Recipient,
    caller: Caller | undefined,
    client: Client,
  ): Promise<Account | null> {
    const linked = await this.users.linkPhone(recipient, { caller, client });
    if (linked) return linked;
    const created = this.config.SIGN_UP_ON_VERIFY ? await this.registrations.signUp(recipient) : null;
    // Of several requests that prove the address at once, one links or creates the account, and the
    // others find it here.
    return created ?? this.users.findByVerifiedAddress(recipient);
  }

  /** For somebody who proved an address that an account had until recently and can get back. */
  private async offerUndo(formerAddress: Recipient): Promise<UndoOffer | null> {
    const undo = await this.undoLinks.findFor(formerAddress);
    return undo && { undoToken: undo.token };
  }

  private openCodeSession(account: Account, recipient: Recipient, client: Client): Promise<SignedIn> {
    const amr = ['otp', isPhone(recipient) ? 'sms' : 'email'];
    return this.recordingFailures('sign_in', recipient, client, () =>
      this.openSession(account, amr, recipient, client),
    );
  }

  private async openSession(
    found: Account,
    amr: string[],
    recipient: Recipient,
    client: Client,
  ): Promise<SignedIn> {
    const refusal = entryRefusal(found);
    if (refusal) throw refusal;
    // An invited user has no password and no phone number, so a code just verified the address.
    const account = found.invitedRoles ? await this.users.acceptInvitation(found) : found;
    const isTest = this.testIdentities.has(recipient);
    // The code of a test identity is not a secret, so it must neither open the account of a person
    // nor give administrator rights.
    const isByCode = amr.includes('otp');
    if (isTest && ((isByCode && !account.isTest) || account.roles.includes('admin')))
      throw CommonError.forbidden();
    const methods = isTest ? [...amr, TEST] : amr;
    const opened = await this.sessions.open(account, { amr: methods, client });
    // The account was disabled or closed, or its password changed, after it was read.
    if (!opened) throw UserError.accountChanged();
    const { afterFailures } = await this.events.recordSignIn({ userId: account.id, recipient, client });
    await this.notices.notifyOwner(account, { ...opened, afterFailures }, client);
    return { ...opened.tokens, user: profileOf(account) };
  }

  /** Runs a step. A refusal is recorded, for the account that owns the address if there is one. */
  private async recordingFailures<T>(
    action: AccountAction,
    recipient: Recipient,
    client: Client,
    step: () => Promise<T>,
  ): Promise<T> {
    try {
      return await step();
    } catch (error) {
      // An overloaded server decided nothing about the attempt. Recording it would add to the load.
      if (!(error instanceof AppError) || error.kind === 'unavailable') throw error;
      const owner = await this.users.findByVerifiedAddress(recipient);
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
