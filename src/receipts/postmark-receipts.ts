import { Injectable } from '@nestjs/common';
import { parseEmail } from '../common/recipient.js';
import { Config } from '../config/config.js';
import type { SuppressionReason } from '../notifier/outbox/message.js';
import type { PostmarkEvent } from './postmark-event.js';
import { MessageReceipts } from '../notifier/outbox/message-receipts.js';

const PROVIDER = 'postmark';
/** Bounces of mails that arrived: out of office, a question back, and so on. */
const ARRIVED = ['AutoResponder', 'AddressChange', 'ChallengeVerification', 'Subscribe', 'Unsubscribe'];
const REASONS: Record<string, SuppressionReason> = { HardBounce: 'bounced', SpamComplaint: 'complained' };

/** Makes receipts and suppressions of Postmark's events. */
@Injectable()
export class PostmarkReceipts {
  constructor(
    private readonly receipts: MessageReceipts,
    private readonly config: Config,
  ) {}

  async receive(event: PostmarkEvent): Promise<void> {
    // Another application's stream of the same server, whose people are not ours.
    if (event.MessageStream !== this.config.POSTMARK_MESSAGE_STREAM) return;
    switch (event.RecordType) {
      case 'Delivery':
        return this.receipt(event, 'delivered');
      case 'Bounce':
        if (ARRIVED.includes(event.Type)) return;
        // First, so that no other provider is tried with an address that does not exist.
        if (event.Inactive || event.Type === 'HardBounce') await this.suppress(event.Email, 'bounced');
        return this.receipt(event, 'failed', `bounced (${event.TypeCode})`);
      case 'SpamComplaint':
        return this.suppress(event.Email, 'complained');
      case 'SubscriptionChange':
        if (event.SuppressSending)
          return this.suppress(event.Recipient, REASONS[event.SuppressionReason ?? ''] ?? 'unsubscribed');
        return this.lift(event.Recipient);
    }
  }

  private async receipt(
    { MessageID: ref, Metadata }: Extract<PostmarkEvent, { Metadata?: unknown }>,
    event: 'delivered' | 'failed',
    failure?: string,
  ): Promise<void> {
    const messageId = Metadata?.message_id;
    if (messageId) await this.receipts.receive({ messageId, event, provider: PROVIDER, ref, failure });
  }

  private async suppress(address: string, reason: SuppressionReason): Promise<void> {
    const recipient = parseEmail(address);
    if (recipient) await this.receipts.suppress(recipient, reason, PROVIDER);
  }

  private async lift(address: string): Promise<void> {
    const recipient = parseEmail(address);
    if (recipient) await this.receipts.lift(recipient, PROVIDER);
  }
}
