import { Injectable, Logger } from '@nestjs/common';
import { Budgets, type SendReceipt } from '../budgets/budgets.service.js';
import type { Channel } from '../common/delivery.js';
import { MessagePrices } from '../notifier/outbox/message-prices.js';
import type { Issued, NewChallenge } from './challenge.repository.js';
import { Codes, type SendRequest } from './codes.js';

/** Charges messages with codes to the budgets. */
@Injectable()
export class MessageCharges {
  private readonly logger = new Logger('Budgets');

  constructor(
    private readonly codes: Codes,
    private readonly budgets: Budgets,
    private readonly prices: MessagePrices,
  ) {}

  /** Throws an error of the budgets. */
  charge(request: SendRequest, channel: Channel, challenge: NewChallenge): Promise<SendReceipt> {
    const { recipient, client, userId, fromDevice = false, policy } = request;
    const { template, content } = challenge;
    const segments = this.prices.segmentsOf(channel, template, content, policy.ttlSeconds);
    return this.budgets.chargeSend({
      recipient,
      channel,
      client,
      userId,
      isRecognised: fromDevice,
      segments,
    });
  }

  /** The message was not queued. */
  refund({ charge }: NewChallenge): void {
    if (charge) this.budgets.refundSend(charge);
  }

  /**
   * A repeated code is sent in the language of its first message, so the text can have another number of
   * segments than was charged. Never fails, because the message is queued already.
   */
  async correctRepeated(challenge: NewChallenge, channel: Channel, issued: Issued): Promise<void> {
    const { id, recipient, template, charge } = challenge;
    if (channel !== 'sms' || !issued.repeatedCode || !charge) return;
    try {
      const content = this.codes.liveContent(challenge, issued.repeatedCode);
      const segments = this.prices.segmentsOf(channel, template, content, issued.secondsLeft);
      const price = this.budgets.priceOf(recipient, channel, segments);
      if (price !== charge.price) await this.prices.changePrice(id, charge.price, price);
    } catch (error) {
      const name = error instanceof Error ? error.name : typeof error;
      this.logger.warn({ msg: 'the price of a repeated message was not corrected', error: name });
    }
  }
}
