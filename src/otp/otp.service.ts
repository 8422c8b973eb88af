import { Injectable } from '@nestjs/common';
import { Metrics } from '../metrics/metrics.js';
import { maskedAddress } from '../common/recipient.js';
import { Config } from '../config/config.js';
import { TestIdentities } from '../config/test-identities.js';
import { ProviderFeedback } from '../notifier/outbox/provider-feedback.js';
import { Notifier, type Channel } from '../notifier/notifier.js';
import { ChallengeRepository, type Issued, type NewChallenge } from './challenge.repository.js';
import { Codes, PUBLIC_LANE, type CodeRequest, type LinkToken, type SendRequest } from './codes.js';
import { OtpError } from './otp.errors.js';
import { withoutLimits } from './purposes.js';
import { Recipients } from './recipients.js';
import type { Challenge } from './otp.dto.js';

export interface IssuedCode {
  challenge: Challenge;
  /** The code itself, in demonstration mode only. */
  code?: string;
}

/** Issues, repeats and checks codes. The limits are decided by the statements of `ChallengeRepository`. */
@Injectable()
export class OtpService {
  constructor(
    private readonly challenges: ChallengeRepository,
    private readonly recipients: Recipients,
    private readonly codes: Codes,
    private readonly notifier: Notifier,
    private readonly outcomes: ProviderFeedback,
    private readonly testIdentities: TestIdentities,
    private readonly config: Config,
    private readonly metrics: Metrics,
  ) {}

  /** Sends a code. Throws `otp_cooldown`, `otp_send_limit` or `otp_guess_limit`. */
  send(request: SendRequest): Promise<IssuedCode> {
    return this.issue(request, false);
  }

  /** Sends the live code again, or a new one once half its life is over. Throws `otp_not_found` as well. */
  resend(request: SendRequest): Promise<IssuedCode> {
    return this.issue(request, true);
  }

  /** Spends one guess. Returns the challenge's id if it was right and the first; throws what it was otherwise. */
  async verify(request: CodeRequest, code: string): Promise<string> {
    const { recipient, policy, lane = PUBLIC_LANE } = this.asTest(request);
    const key = { recipient, purpose: policy.purpose, lane };

    const hashes = this.codes.acceptedHashes(request, code);
    const verdict = await this.challenges.verify({ ...key, hashes, policy });
    if (verdict?.approved || verdict?.attemptsLeft === 0)
      this.outcomes.report(verdict.id, verdict.approved ? 'approved' : 'canceled');
    if (verdict?.approved) {
      this.metrics.codesVerified.inc();
      return verdict.id;
    }
    if (verdict) throw OtpError.invalid(verdict.attemptsLeft);

    const refusal = await this.challenges.explainVerify(key, policy);
    if (!refusal || refusal.consumed) throw OtpError.notFound();
    if (refusal.exhausted) throw OtpError.exhausted();
    if (refusal.expired) throw OtpError.expired();
    if (refusal.guessLimit) throw OtpError.guessLimit(refusal.guessLimit);
    throw OtpError.notFound();
  }

  /** Spends a link. False when it or its code was used, has expired or was replaced. */
  async redeem({ recipient, id }: LinkToken, purpose: string): Promise<boolean> {
    const isRight = await this.challenges.redeem({ recipient, purpose, lane: PUBLIC_LANE }, id);
    if (isRight) this.metrics.codesVerified.inc();
    return isRight;
  }

  /** A test identity's code is no secret, so nothing is sent and no wait or budget protects it. */
  private asTest<Request extends CodeRequest>(request: Request): Request & Pick<SendRequest, 'knownCode'> {
    const knownCode = this.testIdentities.codeOf(request.recipient);
    return knownCode === undefined
      ? request
      : { ...request, knownCode, policy: withoutLimits(request.policy) };
  }

  private async issue(asked: SendRequest, resend: boolean): Promise<IssuedCode> {
    const request = this.asTest(asked);
    const { recipient, policy } = request;
    const channel = this.recipients.chooseChannel(recipient, policy.purpose, request.channel);
    const wanted = this.codes.draft(request, channel, resend);

    const issued = await this.challenges.issue(wanted);
    if (!issued) throw await this.refusal(wanted);
    this.metrics.codesIssued.inc({ channel });

    if (!wanted.isTest && !issued.suppressed) this.dispatch(wanted, issued, channel);
    return {
      ...(this.config.OTP_EXPOSE_CODE && { code: this.codes.liveCode(wanted, issued.repeats) }),
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

  private dispatch(wanted: NewChallenge, issued: Issued, channel: Channel): void {
    const { id, recipient, purpose, lane, template } = wanted;
    const { repeats, secondsLeft } = issued;
    this.notifier.dispatch({
      id,
      recipient,
      purpose,
      lane,
      channel,
      template,
      sealed: repeats ?? wanted.codeSealed,
      content: repeats ? undefined : wanted.content,
      secondsLeft,
      attempts: 1,
      lastProvider: null,
    });
  }

  private async refusal(wanted: NewChallenge): Promise<Error> {
    const why = await this.challenges.explainIssue(wanted);
    if (wanted.resend && !why?.found) return OtpError.resendNotFound();
    // Waiting as long as the longest of the reasons helps.
    if (why?.guessLimit) return OtpError.guessLimit(Math.max(why.guessLimit, why.sendLimit ?? 0));
    if (why?.sendLimit) return OtpError.sendLimit(Math.max(why.sendLimit, why.cooldown ?? 0));
    const retryAfter = why?.cooldown ?? 1;
    return wanted.resend ? OtpError.resendCooldown(retryAfter) : OtpError.cooldown(retryAfter);
  }
}
