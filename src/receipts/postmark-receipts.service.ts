import { Injectable } from '@nestjs/common';
import { parseEmail } from '../common/recipient.js';
import { Config } from '../config/config.js';
import type { SuppressionReason } from '../notifier/outbox/message.js';
import { MessageReceipts } from '../notifier/outbox/message-receipts.js';
import type { PostmarkReceipt } from './postmark-receipt.js';

const PROVIDER = 'postmark';
/** Types of bounces that are replies to a delivered mail, such as an out-of-office notice. */
const REPLIES = ['AutoResponder', 'AddressChange', 'ChallengeVerification', 'Subscribe', 'Unsubscribe'];
const SUPPRESSION_REASONS: Record<string, SuppressionReason> = {
  HardBounce: 'bounced',
  SpamComplaint: 'complained',
};

/** Translates Postmark's events into receipts and suppressions of messages. */
@Injectable()
export class PostmarkReceiptsService {
  constructor(
    private readonly receipts: MessageReceipts,
    private readonly config: Config,
  ) {}

  async receive(receipt: PostmarkReceipt): Promise<void> {
    // Another stream of the same Postmark server belongs to another application.
    if (receipt.MessageStream !== this.config.POSTMARK_MESSAGE_STREAM) return;
    switch (receipt.RecordType) {
      case 'Delivery':
        return this.record(receipt, 'delivered');
      case 'Bounce':
        if (REPLIES.includes(receipt.Type)) return;
        // Suppress first, so that no other provider is tried with an address that does not exist.
        if (receipt.Inactive || receipt.Type === 'HardBounce') await this.suppress(receipt.Email, 'bounced');
        return this.record(receipt, 'failed', `bounced (${receipt.TypeCode})`);
      case 'SpamComplaint':
        return this.suppress(receipt.Email, 'complained');
      case 'SubscriptionChange':
        if (receipt.SuppressSending)
          return this.suppress(
            receipt.Recipient,
            SUPPRESSION_REASONS[receipt.SuppressionReason ?? ''] ?? 'unsubscribed',
          );
        return this.lift(receipt.Recipient);
    }
  }

  private async record(
    { MessageID: ref, Metadata }: Extract<PostmarkReceipt, { Metadata?: unknown }>,
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
