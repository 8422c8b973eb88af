import { Injectable, Logger } from '@nestjs/common';
import { Metrics } from '../../metrics/metrics.js';
import type { Recipient } from '../../common/recipient.js';
import type { SuppressionReason } from './message.js';
import { ReceiptRepository, type Receipt } from './receipt.repository.js';
import { SuppressionRepository } from './suppression.repository.js';

/** Takes in what vendors report. It changes records of messages, and never who is signed in or which code is right. */
@Injectable()
export class MessageReceipts {
  private readonly logger = new Logger('Receipts');

  constructor(
    private readonly receipts: ReceiptRepository,
    private readonly suppressions: SuppressionRepository,
    private readonly metrics: Metrics,
  ) {}

  async receive(receipt: Receipt): Promise<void> {
    const received = await this.receipts.receive(receipt);
    if (!received) return;
    const { state, channel } = received;
    const { messageId, event, provider, failure } = receipt;
    this.metrics.countMessageEvent({ channel, event, provider, reason: failure });
    if (event === 'failed')
      this.logger.warn({ msg: 'message not delivered', messageId, provider, failure, state });
  }

  /** Sends nothing to it any more, until whoever said so takes it back. */
  suppress(recipient: Recipient, reason: SuppressionReason, provider: string): Promise<void> {
    return this.suppressions.add(recipient, reason, provider);
  }

  lift(recipient: Recipient, provider: string): Promise<void> {
    return this.suppressions.lift(recipient, provider);
  }
}
