import { Injectable, Logger } from '@nestjs/common';
import { Metrics } from '../../metrics/metrics.js';
import type { Recipient } from '../../common/recipient.js';
import type { SuppressionReason } from './message.js';
import { ReceiptRepository, type Receipt } from './receipt.repository.js';
import { SuppressionRepository } from './suppression.repository.js';

/**
 * Records vendors' receipts and suppressions. They never affect sessions or the check of a code.
 */
@Injectable()
export class MessageReceipts {
  private readonly logger = new Logger('MessageReceipts');

  constructor(
    private readonly receipts: ReceiptRepository,
    private readonly suppressions: SuppressionRepository,
    private readonly metrics: Metrics,
  ) {}

  async receive(receipt: Receipt): Promise<void> {
    const message = await this.receipts.receive(receipt);
    if (!message) return;
    const { state, channel } = message;
    const { messageId, event, provider, failure } = receipt;
    this.metrics.countMessageEvent({ channel, event, provider, reason: failure });
    if (event === 'failed')
      this.logger.warn({ msg: 'message not delivered', messageId, provider, failure, state });
  }

  /** Stops messages to the recipient until the same provider lifts the suppression. */
  suppress(recipient: Recipient, reason: SuppressionReason, provider: string): Promise<void> {
    return this.suppressions.add(recipient, reason, provider);
  }

  lift(recipient: Recipient, provider: string): Promise<void> {
    return this.suppressions.lift(recipient, provider);
  }
}
