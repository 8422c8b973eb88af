import { Injectable } from '@nestjs/common';
import { maskedAddress, type Recipient } from '../common/recipient.js';
import { describeFailure } from '../notifier/outbox/failure-reasons.js';
import { ChallengeStatusRepository, type ChallengeStateRow } from './challenge-status.repository.js';
import type { ChallengeStatus } from './otp.dto.js';
import { OtpError } from './otp.errors.js';
import { Purposes } from './purposes.js';

/**
 * The status of a challenge. Challenge ids are not secret, so the status masks the address and names
 * no provider, and strangers get it `withoutReason`. A decoy challenge has a message too, so its
 * status looks like any other.
 */
@Injectable()
export class ChallengeStatusService {
  constructor(
    private readonly challenges: ChallengeStatusRepository,
    private readonly purposes: Purposes,
  ) {}

  /** Throws `challenge_not_found`. */
  async find(id: string): Promise<ChallengeStatus> {
    const [status] = await this.findAll([id]);
    if (!status) throw OtpError.challengeNotFound();
    return status;
  }

  /** Throws `challenge_not_found`. */
  async recipientOf(id: string): Promise<Recipient> {
    const [challenge] = await this.challenges.states([id]);
    if (!challenge) throw OtpError.challengeNotFound();
    return challenge.recipient;
  }

  /** Leaves out challenges that do not exist or were replaced by a newer one. */
  async findAll(ids: string[]): Promise<ChallengeStatus[]> {
    return (await this.challenges.states(ids)).map((state) => this.statusOf(state));
  }

  private statusOf(challenge: ChallengeStateRow): ChallengeStatus {
    const { id, channel, recipient, purpose, consumed, expired, expiresAt, resendAt, attempts } = challenge;
    const { codeLength, maxAttempts } = this.purposes.policyOf(purpose);
    return {
      id,
      channel,
      maskedTo: maskedAddress(recipient),
      codeLength,
      expiresAt,
      resendAt,
      attemptsLeft: consumed || expired ? 0 : maxAttempts - attempts,
      status: challengeStatus({ consumed, expired, attempts }, maxAttempts),
      ...deliveryOf(challenge),
    };
  }
}

/**
 * The status as strangers get it. The reason would tell them about the phone or the mailbox: that it
 * is switched off, has opted out or is not on WhatsApp.
 */
export function withoutReason({ deliveryReason: _, ...status }: ChallengeStatus): ChallengeStatus {
  return status;
}

export function challengeStatus(
  { consumed, expired, attempts }: Pick<ChallengeStateRow, 'consumed' | 'expired' | 'attempts'>,
  maxAttempts: number,
): ChallengeStatus['status'] {
  if (consumed) return 'approved';
  if (attempts >= maxAttempts) return 'exhausted';
  return expired ? 'expired' : 'pending';
}

/** Expired and superseded messages count as failed. They have a reason only if an attempt failed. */
function deliveryOf({
  state,
  failure,
}: ChallengeStateRow): Pick<ChallengeStatus, 'delivery' | 'deliveryReason'> {
  if (state === 'sent' || state === 'delivered') return { delivery: state };
  if (state === 'queued' || state === 'sending') return { delivery: 'queued' };
  return { delivery: 'failed', ...(failure && { deliveryReason: describeFailure(failure) }) };
}
