import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import { SkipThrottle } from '@nestjs/throttler';
import { Public } from '../http/access.js';
import { BODY_PROBLEMS } from '../http/common.errors.js';
import { ApiProblems } from '../http/api-problems.js';
import { MessagePrices } from '../notifier/outbox/message-prices.js';
import { MessageReceipts } from '../notifier/outbox/message-receipts.js';
import { readFields } from './read-fields.js';
import { ReceiptError } from './receipts.errors.js';
import { priceOf, WebhookReceipt } from './webhook-receipt.dto.js';
import { WebhookSignatureGuard } from './webhook-signature.guard.js';

const EXAMPLE = {
  failed: {
    summary: 'The message failed',
    value: { id: '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001', status: 'failed', reason: 'landline' },
  },
  price: {
    summary: 'The message arrived, with its price',
    value: { id: '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001', status: 'delivered', price: '0.0158' },
  },
};

@ApiTags('Webhooks')
@Public()
@SkipThrottle()
@UseGuards(WebhookSignatureGuard)
@Controller('webhooks/delivery')
export class WebhookReceiptsController {
  constructor(
    private readonly receipts: MessageReceipts,
    private readonly prices: MessagePrices,
  ) {}

  /**
   * Receive a receipt from your own sender
   *
   * @remarks For the service behind the `webhook` provider. Sign the request with `WEBHOOK_SECRET`,
   * like the messages to the service (standardwebhooks.com). Receipts may be repeated and may
   * arrive in any order. Other fields and statuses are ignored.
   */
  @Post()
  @HttpCode(204)
  @RouteConfig({ keepsRawBody: true })
  @ApiBody({ type: WebhookReceipt, examples: EXAMPLE })
  @ApiProblems(ReceiptError.signatureInvalid(), ...BODY_PROBLEMS)
  async receiveWebhookReceipt(@Body() body: unknown): Promise<void> {
    const names = ['id', 'status', 'reason', 'price'] as const;
    const receipt = readFields(WebhookReceipt, [...names], body);
    const { id, status, reason } = receipt;
    const price = priceOf(receipt);
    if (price !== null) await this.prices.setRealPrice(id, price);
    if (status !== 'delivered' && status !== 'failed') return;
    await this.receipts.receive({
      messageId: id,
      event: status,
      provider: 'webhook',
      ref: id,
      ...(status === 'failed' && { failure: reason ? `undelivered (${reason})` : 'undelivered' }),
    });
  }
}
