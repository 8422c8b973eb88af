import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { Keyring } from '../common/keyring.js';
import { masked, type Recipient } from '../common/recipient.js';
import { Config } from '../config/config.js';
import { Notifier, type Channel, type Delivery, type MessageContent } from '../notifier/notifier.js';
import { ChallengeRepository, type NewChallenge } from './challenge.repository.js';
import { digestOf, newCode } from './otp-code.js';
import { OtpError } from './otp.errors.js';
import { Purposes, type Policy } from './purposes.js';
import { Recipients } from './recipients.js';
import type { Challenge, ChallengeStatus } from './otp.dto.js';

/** A code for somebody, for something. */
export interface CodeRequest {
  recipient: Recipient;
  policy: Policy;
  /** Default: sms for a phone number, email for an e-mail address. */
  channel?: Channel;
  /** What the code approves. */
  context?: Record<string, string>;
}

export interface IssuedCode {
  challenge: Challenge;
  /** The code itself, in demonstration mode only. */
  code?: string;
}

/** The lane of everything that anyone may ask for. */
const PUBLIC_LANE = '';

/** Issues, repeats and checks codes. The limits are decided by the statements of `ChallengeRepository`. */
@Injectable()
export class OtpService {
  constructor(
    private readonly challenges: ChallengeRepository,
    private readonly purposes: Purposes,
    private readonly recipients: Recipients,
    private readonly keyring: Keyring,
    private readonly notifier: Notifier,
    private readonly config: Config,
  ) {}

  /** Sends a code. Throws `otp_cooldown`, `otp_send_limit` or `otp_guess_limit`. */
  send(request: CodeRequest): Promise<IssuedCode> {
    return this.issue(request, false);
  }

  /** Sends the live code again, or a new one once half its life is over. Throws `otp_not_found` as well. */
  resend(request: CodeRequest): Promise<IssuedCode> {
    return this.issue(request, true);
  }

  /** Spends one guess. Returns the challenge's id if it was right and the first; throws what it was otherwise. */
  async verify({ recipient, policy, context }: CodeRequest, code: string): Promise<string> {
    const { purpose } = policy;
    const key = { recipient, purpose, lane: PUBLIC_LANE };
    const contextHash = context ? digestOf(context) : '';
    const hashes = this.keyring.macs(recipient, purpose, PUBLIC_LANE, contextHash, code);

    const verdict = await this.challenges.verify(key, hashes, policy);
    if (verdict?.approved) return verdict.id;
    if (verdict) throw OtpError.invalid(verdict.attemptsLeft);

    const refusal = await this.challenges.explainVerify(key, policy);
    if (!refusal || refusal.consumed) throw OtpError.notFound();
    if (refusal.exhausted) throw OtpError.exhausted();
    if (refusal.expired) throw OtpError.expired();
    if (refusal.guessLimit) throw OtpError.guessLimit(refusal.guessLimit);
    throw OtpError.notFound();
  }

  /** What whoever holds the challenge's id may know of it. Throws `challenge_not_found`. */
  async status(id: string): Promise<ChallengeStatus> {
    const delivery = await this.notifier.deliveryOf(id);
    if (!delivery) throw OtpError.challengeNotFound();
    const policy = this.purposes.policy(delivery.purpose);
    const state = await this.challenges.state(delivery, id, policy);
    if (!state) throw OtpError.challengeNotFound();
    const { channel, consumed, exhausted, expired, expiresAt, resendAt, attempts } = state;
    return {
      id,
      channel: channel as Channel,
      maskedTo: masked(delivery.recipient),
      codeLength: policy.codeLength,
      expiresAt,
      resendAt,
      attemptsLeft: consumed || expired ? 0 : policy.maxAttempts - attempts,
      status: consumed ? 'approved' : exhausted ? 'exhausted' : expired ? 'expired' : 'pending',
      delivery: deliveryWord(delivery),
    };
  }

  private async issue(request: CodeRequest, resend: boolean): Promise<IssuedCode> {
    const { recipient, policy } = request;
    const channel = this.recipients.channel(recipient, request.channel);
    const wanted = this.newChallenge(request, channel, resend);

    const issued = await this.challenges.issue(wanted);
    if (!issued) throw await this.refusal(wanted);

    const { purpose, lane, messageId } = wanted;
    const { codeSealed: sealed, secondsLeft } = issued;
    this.notifier.dispatch({
      id: messageId,
      recipient,
      purpose,
      lane,
      channel,
      template: 'code',
      sealed,
      secondsLeft,
      attempts: 1,
    });
    return {
      ...(this.config.OTP_EXPOSE_CODE && { code: this.codeOf(wanted, sealed) }),
      challenge: {
        id: issued.id,
        channel,
        maskedTo: masked(recipient),
        codeLength: policy.codeLength,
        expiresAt: issued.expiresAt,
        resendAt: issued.resendAt,
        attemptsLeft: policy.maxAttempts - issued.attempts,
      },
    };
  }

  private newChallenge(
    { recipient, policy, context }: CodeRequest,
    channel: Channel,
    resend: boolean,
  ): NewChallenge {
    const { purpose } = policy;
    const code = newCode(policy.codeLength);
    const contextHash = context ? digestOf(context) : null;
    const content: MessageContent = { code, ...(context && { context }) };
    return {
      recipient,
      purpose,
      lane: PUBLIC_LANE,
      id: uuid(),
      messageId: uuid(),
      channel,
      codeHash: this.keyring.mac(recipient, purpose, PUBLIC_LANE, contextHash ?? '', code),
      codeSealed: this.keyring.seal(JSON.stringify(content), recipient, purpose, PUBLIC_LANE),
      contextHash,
      policy,
      resend,
    };
  }

  private codeOf({ recipient, purpose, lane }: NewChallenge, sealed: Buffer): string {
    const { code } = JSON.parse(this.keyring.open(sealed, recipient, purpose, lane)) as MessageContent;
    return code;
  }

  private async refusal(wanted: NewChallenge): Promise<Error> {
    const why = await this.challenges.explainIssue(wanted);
    if (wanted.resend && !why?.found) return OtpError.nothingToResend();
    // Waiting as long as the longest of the reasons helps.
    if (why?.guessLimit) return OtpError.guessLimit(Math.max(why.guessLimit, why.sendLimit ?? 0));
    if (why?.sendLimit) return OtpError.sendLimit(Math.max(why.sendLimit, why.cooldown ?? 0));
    const retryAfter = why?.cooldown ?? 1;
    return wanted.resend ? OtpError.resendCooldown(retryAfter) : OtpError.cooldown(retryAfter);
  }
}

function deliveryWord({ state }: Delivery): ChallengeStatus['delivery'] {
  if (state === 'sent') return 'sent';
  return state === 'queued' || state === 'sending' ? 'queued' : 'failed';
}
