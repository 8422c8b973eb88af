import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Budgets } from '../budgets/budgets.service.js';
import { Metrics } from '../metrics/metrics.js';
import { maskedAddress, type Recipient } from '../common/recipient.js';
import { AppError } from '../common/app-error.js';
import { Config } from '../config/config.js';
import { TestIdentities } from '../config/test-identities.js';
import { ProviderFeedback } from '../notifier/outbox/provider-feedback.js';
import { Notifier, type Channel } from '../notifier/notifier.js';
import {
  ChallengeRepository,
  type GuessVerdict,
  type Issued,
  type NewChallenge,
} from './challenge.repository.js';
import { CodeGuesses } from './code-guesses.js';
import { Codes, PUBLIC_LANE, type CodeRequest, type LinkToken, type SendRequest } from './codes.js';
import { MessageCharges } from './message-charges.js';
import { OtpError } from './otp.errors.js';
import { withoutLimits } from './purposes.js';
import { Recipients } from './recipients.js';
import type { Challenge } from './otp.dto.js';

export interface IssuedCode {
  challenge: Challenge;
  /** The code itself, in demonstration mode only. */
  code?: string;
}

/** A code that was accepted, and the application that had asked for it. */
export type VerifiedCode = Pick<GuessVerdict, 'id' | 'applicationId' | 'metadata'>;

/** A challenge whose message was charged to the budgets. */
interface ChargedSend {
  request: SendRequest;
  channel: Channel;
  challenge: NewChallenge;
}

/**
 * Issues, repeats and verifies codes. The budgets limit the messages; the statements of
 * `ChallengeRepository` enforce the other limits.
 */
@Injectable()
export class OtpService {
  /** For each challenge, the first of the sends in progress in this process. */
  private readonly sending = new Map<string, Promise<unknown>>();

  constructor(
    private readonly challenges: ChallengeRepository,
    private readonly recipients: Recipients,
    private readonly codes: Codes,
    private readonly guesses: CodeGuesses,
    private readonly charges: MessageCharges,
    private readonly budgets: Budgets,
    private readonly notifier: Notifier,
    private readonly feedback: ProviderFeedback,
    private readonly testIdentities: TestIdentities,
    private readonly config: Config,
    private readonly metrics: Metrics,
  ) {}

  /** Sends a code. Throws `otp_cooldown`, `otp_guess_limit` or an error of the budgets. */
  send(request: SendRequest): Promise<IssuedCode> {
    return this.sendOnce(request, false);
  }

  /**
   * Sends codes to several addresses for one request. Sends none if the budgets refuse any of them, so
   * that the same request can be repeated with a proof of work.
   */
  async sendAll(requests: SendRequest[]): Promise<IssuedCode[]> {
    const charged: ChargedSend[] = [];
    const issued: IssuedCode[] = [];
    try {
      for (const request of requests) charged.push(await this.charge(request, false));
      for (const send of charged) issued.push(await this.issue(send));
      return issued;
    } catch (error) {
      const isCharged = charged.length === requests.length;
      // `issue` has given back the charge of the one that it refused.
      for (const send of charged.slice(issued.length + (isCharged ? 1 : 0)))
        this.charges.refund(send.challenge);
      throw error;
    }
  }

  /**
   * Repeats the live code, or sends a new one after half of its lifetime; the old one stays right
   * until its own end. Throws `otp_not_found` if there is no unused code, and the errors of `send`.
   */
  resend(request: SendRequest): Promise<IssuedCode> {
    return this.sendOnce(request, true);
  }

  /**
   * Counts one attempt and returns the challenge if the code is correct. Throws `otp_invalid`,
   * `otp_attempts_exhausted`, `otp_expired`, `proof_of_work_required`, `otp_guess_limit` or
   * `otp_not_found`. A text that cannot be a code of this purpose is a validation error and costs no
   * attempt. Only the settings decide that, so the reply is the same whether or not there is a
   * challenge.
   */
  async verify(request: CodeRequest, typedCode: string): Promise<VerifiedCode> {
    const guessed = this.withTestIdentity(request);
    const verified = await this.guesses.judge(guessed, typedCode, (guess) => this.challenges.verify(guess));
    this.feedback.report(verified.id, 'approved');
    this.metrics.codesVerified.inc();
    await this.credit(request.recipient);
    return verified;
  }

  /**
   * Like `verify`, but leaves a right code unused. `redeem` consumes it, in one transaction with
   * what the code allows, so that a failure in between does not waste the code.
   */
  async judge(request: CodeRequest, typedCode: string): Promise<LinkToken> {
    const guessed = this.withTestIdentity(request);
    const { id } = await this.guesses.judge(guessed, typedCode, (guess) => this.challenges.judge(guess));
    return { id, recipient: request.recipient, lane: request.lane ?? PUBLIC_LANE };
  }

  /** Whether `redeem` would succeed now. */
  isRedeemable({ recipient, lane, id }: LinkToken, purpose: string): Promise<boolean> {
    return this.challenges.isLive({ recipient, purpose, lane }, id);
  }

  /**
   * Consumes a link or a judged code, in the manager's transaction if given. Returns false if it
   * was used, has expired or was replaced. Call `credit` after a transaction.
   */
  async redeem(
    { recipient, lane, id }: LinkToken,
    purpose: string,
    manager?: EntityManager,
  ): Promise<boolean> {
    const redeemed = await this.challenges.redeem({ recipient, purpose, lane }, id, manager);
    if (redeemed) this.metrics.codesVerified.inc();
    // The embedded database has one connection, and the transaction has it.
    if (redeemed && !manager) await this.credit(recipient);
    return redeemed;
  }

  /** After a right code: pays back what was charged for messages to the recipient. */
  async credit(recipient: Recipient): Promise<void> {
    if (!this.testIdentities.has(recipient)) await this.budgets.creditVerified(recipient);
  }

  /** The code of a test identity is not secret, so no cooldown or budget protects it. */
  private withTestIdentity<Request extends CodeRequest>(
    request: Request,
  ): Request & Pick<SendRequest, 'knownCode'> {
    const knownCode = this.testIdentities.codeOf(request.recipient);
    return knownCode === undefined
      ? request
      : { ...request, knownCode, policy: withoutLimits(request.policy) };
  }

  /**
   * Of many requests for one challenge at once, the first is charged. The others wait for it and are
   * then refused by its cooldown, so that they neither queue for the row of the recipient's budget nor
   * use it up for a moment.
   */
  private async sendOnce(request: SendRequest, resend: boolean): Promise<IssuedCode> {
    const { recipient, policy, lane = PUBLIC_LANE } = request;
    const key = `${recipient} ${policy.purpose} ${lane}`;
    const earlier = this.sending.get(key);
    const sending = (async () => {
      await earlier?.catch(() => undefined);
      return this.issue(await this.charge(request, resend, earlier !== undefined));
    })();
    if (!earlier) {
      this.sending.set(key, sending);
      void sending.finally(() => this.sending.delete(key)).catch(() => undefined);
    }
    return sending;
  }

  /** Charges the message before anything is stored. */
  private async charge(sendRequest: SendRequest, resend: boolean, waited = false): Promise<ChargedSend> {
    const request = this.withTestIdentity(sendRequest);
    const channel = this.recipients.chooseChannel(request);
    const challenge = this.codes.newChallenge(request, channel, resend);
    if (challenge.isTest) return { request, channel, challenge };
    const refusal = waited ? await this.findRefusal(challenge) : null;
    if (refusal) throw refusal;
    try {
      challenge.charge = await this.charges.charge(request, channel, challenge);
      return { request, channel, challenge };
    } catch (error) {
      // Nobody should solve a proof of work and then be told to wait.
      throw error instanceof AppError ? ((await this.findRefusal(challenge)) ?? error) : error;
    }
  }

  private async issue({ request, channel, challenge }: ChargedSend): Promise<IssuedCode> {
    const { recipient, policy } = request;
    const issued = await this.challenges.issue(challenge);
    if (!issued) {
      this.charges.refund(challenge);
      throw (await this.findRefusal(challenge)) ?? this.cooldown(challenge, 1);
    }
    this.metrics.codesIssued.inc({ channel });

    if (!challenge.isTest && !issued.suppressed) this.dispatch(challenge, issued, channel);
    await this.charges.correctRepeated(challenge, channel, issued);
    return {
      ...(this.config.OTP_EXPOSE_CODE && {
        code: this.codes.liveContent(challenge, issued.repeatedCode).code,
      }),
      challenge: {
        id: issued.id,
        channel,
        maskedTo: maskedAddress(recipient),
        codeLength: policy.codeLength,
        expiresAt: issued.expiresAt,
        resendAt: issued.resendAt,
        attemptsLeft: policy.maxAttempts - issued.attempts,
      },
    };
  }

  private dispatch(challenge: NewChallenge, issued: Issued, channel: Channel): void {
    const { id, recipient, purpose, lane, template, codeSealed, content, fromDevice } = challenge;
    const { repeatedCode, secondsLeft } = issued;
    this.notifier.dispatch({
      id,
      recipient,
      purpose,
      lane,
      channel,
      template,
      sealed: repeatedCode ?? codeSealed,
      content: repeatedCode ? undefined : content,
      secondsLeft,
      attempts: 1,
      lastProvider: null,
      fromDevice,
    });
  }

  /** Why ISSUE refuses the challenge now; null if it does not. */
  private async findRefusal(challenge: NewChallenge): Promise<Error | null> {
    const { found = false, guessLimit, cooldown } = (await this.challenges.explainIssue(challenge)) ?? {};
    if (challenge.resend && !found) return OtpError.resendNotFound();
    // If both limits apply, Retry-After covers the longer one.
    if (guessLimit) return OtpError.guessLimit(Math.max(guessLimit, cooldown ?? 0));
    return cooldown ? this.cooldown(challenge, cooldown) : null;
  }

  private cooldown({ resend }: NewChallenge, retryAfter: number): Error {
    return resend ? OtpError.resendCooldown(retryAfter) : OtpError.cooldown(retryAfter);
  }
}
