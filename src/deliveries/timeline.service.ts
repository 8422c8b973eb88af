import { Injectable } from '@nestjs/common';
import { maskedAddress, type Recipient } from '../common/recipient.js';
import { MessageHistory, type MessageSummary } from '../notifier/outbox/message-history.js';
import { challengeStatus } from '../otp/challenge-status.service.js';
import { OtpError } from '../otp/otp.errors.js';
import { Purposes } from '../otp/purposes.js';
import type { CodeRecord, MessageRecord, Timeline } from './timeline.dto.js';
import { ChallengeHistory, type ChallengeHistoryRow } from '../otp/challenge-history.js';

/** Why a code did or did not arrive, for administrators. */
@Injectable()
export class TimelineService {
  constructor(
    private readonly codes: ChallengeHistory,
    private readonly history: MessageHistory,
    private readonly purposes: Purposes,
  ) {}

  async of(recipient: Recipient): Promise<Timeline> {
    return this.timeline(
      recipient,
      await this.codes.ofRecipient(recipient),
      await this.history.ofRecipient(recipient),
    );
  }

  /** Throws `challenge_not_found`. A code that another has replaced is known by its messages only. */
  async ofChallenge(id: string): Promise<Timeline> {
    const messages = await this.history.ofChallenge(id);
    const recipient = messages[0]?.recipient;
    if (!recipient) throw OtpError.challengeNotFound();
    const codes = await this.codes.ofRecipient(recipient);
    return this.timeline(
      recipient,
      codes.filter((code) => code.id === messages[0]?.challengeId),
      messages,
    );
  }

  private async timeline(
    recipient: Recipient,
    codes: ChallengeHistoryRow[],
    messages: MessageSummary[],
  ): Promise<Timeline> {
    const suppressed = await this.history.suppressionOf(recipient);
    return {
      recipient: maskedAddress(recipient),
      suppression: suppressed && {
        reason: suppressed.reason,
        provider: suppressed.provider,
        since: suppressed.createdAt,
      },
      codes: codes.map((code) => this.codeRecord(code)),
      messages: messages.map(messageRecord),
    };
  }

  private codeRecord(code: ChallengeHistoryRow): CodeRecord {
    const { id, purpose, lane, channel, issuedAt, expiresAt, consumedAt, expired, attempts } = code;
    const { maxAttempts, sendsPerDay, guessesPerDay: failuresPerDay } = this.purposes.policyOf(purpose);
    return {
      id,
      purpose,
      lane,
      channel,
      status: challengeStatus({ consumed: consumedAt !== null, expired, attempts }, maxAttempts),
      issuedAt,
      expiresAt,
      approvedAt: consumedAt,
      attempts: { used: attempts, limit: maxAttempts, endsAt: attempts > 0 ? expiresAt : null },
      sends: { used: code.sends, limit: sendsPerDay, endsAt: code.sendsEndAt },
      failures: { used: code.failures, limit: failuresPerDay, endsAt: code.failuresEndAt },
      waitsUntil: code.waiting ? code.resendAt : null,
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
    state,
    failure,
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
    state,
    reason: failure,
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
