import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Metrics } from '../metrics/metrics.js';
import { isPhone, maskedAddress } from '../common/recipient.js';
import { Config } from '../config/config.js';
import { TestIdentities } from '../config/test-identities.js';
import { ProviderFeedback } from '../notifier/outbox/provider-feedback.js';
import { Notifier, type Channel } from '../notifier/notifier.js';
import {
  ChallengeRepository,
  type Guess,
  type Issued,
  type NewChallenge,
  type Verdict,
} from './challenge.repository.js';
import { Codes, PUBLIC_LANE, type CodeRequest, type LinkToken, type SendRequest } from './codes.js';
import { readCodeOfLength } from './is-otp.js';
import { OtpError } from './otp.errors.js';
import { withoutLimits } from './purposes.js';
import { Recipients } from './recipients.js';
import type { Challenge } from './otp.dto.js';

export interface IssuedCode {
  challenge: Challenge;
  /** The code itself, in demonstration mode only. */
  code?: string;
}

/** Issues, repeats and verifies codes. The statements of `ChallengeRepository` enforce the limits. */
@Injectable()
export class OtpService {
  constructor(
    private readonly challenges: ChallengeRepository,
    private readonly recipients: Recipients,
    private readonly codes: Codes,
    private readonly notifier: Notifier,
    private readonly feedback: ProviderFeedback,
    private readonly testIdentities: TestIdentities,
    private readonly config: Config,
    private readonly metrics: Metrics,
  ) {}

  /** Sends a code. Throws `otp_cooldown`, `otp_send_limit` or `otp_guess_limit`. */
  send(request: SendRequest): Promise<IssuedCode> {
    return this.issue(request, false);
  }

  /**
   * Repeats the live code, or sends a new one after half of its lifetime; the old one stays right
   * until its own end. Throws `otp_not_found` if there is no unused code, and the errors of `send`.
   */
  resend(request: SendRequest): Promise<IssuedCode> {
    return this.issue(request, true);
  }

  /**
   * Counts one attempt and returns the challenge id if the code is correct. Throws `otp_invalid`,
   * `otp_attempts_exhausted`, `otp_expired`, `otp_guess_limit` or `otp_not_found`. A text that
   * cannot be a code of this purpose is a validation error and costs no attempt. Only the settings
   * decide that, so the reply is the same whether or not there is a challenge.
   */
  async verify(request: CodeRequest, typedCode: string): Promise<string> {
    const id = await this.judgeGuess(request, typedCode, (guess) => this.challenges.verify(guess));
    this.feedback.report(id, 'approved');
    this.metrics.codesVerified.inc();
    return id;
  }

  /**
   * Like `verify`, but leaves a right code unused. `redeem` consumes it, in one transaction with
   * what the code allows, so that a failure in between does not waste the code.
   */
  async judge(request: CodeRequest, typedCode: string): Promise<LinkToken> {
    const id = await this.judgeGuess(request, typedCode, (guess) => this.challenges.judge(guess));
    return { id, recipient: request.recipient, lane: request.lane ?? PUBLIC_LANE };
  }

  /** Whether `redeem` would succeed now. */
  isRedeemable({ recipient, lane, id }: LinkToken, purpose: string): Promise<boolean> {
    return this.challenges.isLive({ recipient, purpose, lane }, id);
  }

  /**
   * Consumes a link or a judged code, in the manager's transaction if given. Returns false if it
   * was used, has expired or was replaced.
   */
  async redeem(
    { recipient, lane, id }: LinkToken,
    purpose: string,
    manager?: EntityManager,
  ): Promise<boolean> {
    const redeemed = await this.challenges.redeem({ recipient, purpose, lane }, id, manager);
    if (redeemed) this.metrics.codesVerified.inc();
    return redeemed;
  }

  /** The challenge id if the code is right. Throws the errors of `verify`. */
  private async judgeGuess(
    request: CodeRequest,
    typedCode: string,
    judge: (guess: Guess) => Promise<Verdict | null>,
  ): Promise<string> {
    const { recipient, policy, lane = PUBLIC_LANE } = this.withTestIdentity(request);
    const key = { recipient, purpose: policy.purpose, lane };
    const code = readCodeOfLength(typedCode, policy.codeLength);

    const hashes = this.codes.acceptedHashes(request, code);
    const verdict = await judge({ ...key, hashes, policy });
    if (verdict?.approved) return verdict.id;
    if (verdict?.attemptsLeft === 0) this.feedback.report(verdict.id, 'canceled');
    if (verdict) throw OtpError.invalid(verdict.attemptsLeft);

    const refusal = await this.challenges.explainVerify(key, policy);
    const notFound = isPhone(recipient) ? OtpError.notFound : OtpError.emailNotFound;
    if (!refusal || refusal.consumed) throw notFound();
    if (refusal.exhausted) throw OtpError.exhausted();
    if (refusal.expired) throw OtpError.expired();
    if (refusal.guessLimit) throw OtpError.guessLimit(refusal.guessLimit);
    throw notFound();
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

  private async issue(sendRequest: SendRequest, resend: boolean): Promise<IssuedCode> {
    const request = this.withTestIdentity(sendRequest);
    const { recipient, policy } = request;
    const channel = this.recipients.chooseChannel(request);
    const challenge = this.codes.newChallenge(request, channel, resend);

    const issued = await this.challenges.issue(challenge);
    if (!issued) throw await this.refusal(challenge);
    this.metrics.codesIssued.inc({ channel });

    if (!challenge.isTest && !issued.suppressed) this.dispatch(challenge, issued, channel);
    return {
      ...(this.config.OTP_EXPOSE_CODE && { code: this.codes.liveCode(challenge, issued.repeatedCode) }),
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

  private async refusal(challenge: NewChallenge): Promise<Error> {
    const refusal = await this.challenges.explainIssue(challenge);
    const { found, guessLimit, sendLimit, cooldown } = refusal ?? {};
    if (challenge.resend && !found) return OtpError.resendNotFound();
    // If several limits apply, Retry-After covers the longest.
    if (guessLimit) return OtpError.guessLimit(Math.max(guessLimit, sendLimit ?? 0));
    if (sendLimit) return OtpError.sendLimit(Math.max(sendLimit, cooldown ?? 0));
    const retryAfter = cooldown ?? 1;
    return challenge.resend ? OtpError.resendCooldown(retryAfter) : OtpError.cooldown(retryAfter);
  }
}
