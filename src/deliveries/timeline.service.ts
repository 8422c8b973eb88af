import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.service.js';
import type { Caller } from '../http/access.js';
import type { Client } from '../http/client.js';
import { maskedAddress, type Recipient } from '../common/recipient.js';
import { MessageHistory, type MessageSummary } from '../notifier/outbox/message-history.js';
import { challengeStatus } from '../otp/challenge-status.service.js';
import { OtpError } from '../otp/otp.errors.js';
import { Purposes } from '../otp/purposes.js';
import type { CodeRecord, MessageRecord, Timeline } from './timeline.dto.js';
import { ChallengeHistory, type ChallengeHistoryRow } from '../otp/challenge-history.js';

/** Shows administrators why a code did or did not arrive. */
@Injectable()
export class TimelineService {
  constructor(
    private readonly challengeHistory: ChallengeHistory,
    private readonly messageHistory: MessageHistory,
    private readonly purposes: Purposes,
    private readonly audit: AuditLog,
  ) {}

  /** Returns nothing before it is in the audit log, as does `readOfChallenge`. */
  async readOfRecipient(caller: Caller, recipient: Recipient, client: Client): Promise<Timeline> {
    const timeline = await this.ofRecipient(recipient);
    await this.record(caller, { recipient: timeline.recipient }, client);
    return timeline;
  }

  /** Throws `challenge_not_found`. A challenge that was replaced shows its messages only. */
  async readOfChallenge(caller: Caller, challengeId: string, client: Client): Promise<Timeline> {
    const timeline = await this.ofChallenge(challengeId);
    await this.record(caller, { recipient: timeline.recipient, challengeId }, client);
    return timeline;
  }

  async ofRecipient(recipient: Recipient): Promise<Timeline> {
    const challenges = await this.challengeHistory.ofRecipient(recipient);
    const messages = await this.messageHistory.ofRecipient(recipient);
    return this.timeline(recipient, challenges, messages);
  }

  private async ofChallenge(id: string): Promise<Timeline> {
    const messages = await this.messageHistory.ofChallenge(id);
    const [newest] = messages;
    if (!newest) throw OtpError.challengeNotFound();
    const { recipient, challengeId } = newest;
    const challenges = await this.challengeHistory.ofRecipient(recipient);
    return this.timeline(
      recipient,
      challenges.filter((challenge) => challenge.id === challengeId),
      messages,
    );
  }

  private record(
    { userId: actorId }: Caller,
    details: { recipient: string; challengeId?: string },
    client: Client,
  ): Promise<void> {
    return this.audit.record({ actorId, action: 'delivery.read', details, client });
  }

  private async timeline(
    recipient: Recipient,
    challenges: ChallengeHistoryRow[],
    messages: MessageSummary[],
  ): Promise<Timeline> {
    const suppression = await this.messageHistory.suppressionOf(recipient);
    return {
      recipient: maskedAddress(recipient),
      suppression: suppression && {
        reason: suppression.reason,
        provider: suppression.provider,
        since: suppression.createdAt,
      },
      codes: challenges.map((challenge) => this.codeRecord(challenge)),
      messages: messages.map(messageRecord),
    };
  }

  private codeRecord(challenge: ChallengeHistoryRow): CodeRecord {
    const { id, purpose, lane, channel, issuedAt, expiresAt, consumedAt, expired, attempts } = challenge;
    const { applicationId, metadata } = challenge;
    const { maxAttempts, guessesPerDay } = this.purposes.policyOf(purpose);
    return {
      id,
      purpose,
      lane,
      channel,
      applicationId,
      metadata,
      status: challengeStatus({ consumed: consumedAt !== null, expired, attempts }, maxAttempts),
      issuedAt,
      expiresAt,
      approvedAt: consumedAt,
      attempts: { used: attempts, limit: maxAttempts, endsAt: attempts > 0 ? expiresAt : null },
      failures: { used: challenge.failures, limit: guessesPerDay, endsAt: challenge.failuresEndAt },
      waitsUntil: challenge.inCooldown && attempts < maxAttempts ? challenge.resendAt : null,
    };
  }
}

function messageRecord(message: MessageSummary): MessageRecord {
  const {
    id,
    challengeId,
    purpose,
    channel,
    template,
    applicationId,
    metadata,
    state,
    failure,
    verdict,
    createdAt,
    expiresAt,
    finishedAt,
    log,
  } = message;
  return {
    id,
    challengeId,
    purpose,
    channel,
    template,
    applicationId,
    metadata,
    state,
    reason: failure,
    verdict,
    requestedAt: createdAt,
    expiresAt,
    finishedAt,
    events: log.map(({ at, event, provider, reason }) => ({
      at: new Date(at),
      event,
      provider: provider ?? null,
      reason: reason ?? null,
    })),
  };
}
