import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import { SkipThrottle } from '@nestjs/throttler';
import { Public } from '../http/access.js';
import { BODY_PROBLEMS } from '../http/common.errors.js';
import { ApiProblems } from '../http/api-problems.js';
import { DeliveryReceipt } from './delivery-receipt.dto.js';
import { MessageReceipts } from '../notifier/outbox/message-receipts.js';
import { WebhookSignatureGuard } from './webhook-signature.guard.js';
import { ReceiptError } from './receipts.errors.js';

const EXAMPLE = {
  failed: {
    summary: 'It failed',
    value: { id: '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001', status: 'failed', reason: 'landline' },
  },
};

@ApiTags('Webhooks')
@Public()
@SkipThrottle()
@UseGuards(WebhookSignatureGuard)
@Controller('webhooks/delivery')
export class DeliveryReceiptsController {
  constructor(private readonly receipts: MessageReceipts) {}

  /**
   * What became of a message at your own sender
   *
   * @remarks For the service behind the `webhook` provider, signed with `WEBHOOK_SECRET` as the messages to it are
   * (standardwebhooks.com). It may be said more than once and in any order.
   */
  @Post()
  @HttpCode(204)
  @RouteConfig({ keepsRawBody: true })
  @ApiBody({ type: DeliveryReceipt, examples: EXAMPLE })
  @ApiProblems(ReceiptError.signatureInvalid(), ...BODY_PROBLEMS)
  async receive(@Body() { id, status, reason }: DeliveryReceipt): Promise<void> {
    await this.receipts.receive({
      messageId: id,
      event: status,
      provider: 'webhook',
      ref: id,
      ...(status === 'failed' && { failure: reason ? `undelivered (${reason})` : 'undelivered' }),
    });
  }
}
