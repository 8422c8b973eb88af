import { Body, Controller, HttpCode, Post, Query, UseGuards } from '@nestjs/common';
import { ApiConsumes, ApiTags } from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import { SkipThrottle } from '@nestjs/throttler';
import { Public } from '../http/access.js';
import { BODY_PROBLEMS } from '../http/common.errors.js';
import { ApiProblems } from '../http/api-problems.js';
import { MessageReceipts } from '../notifier/outbox/message-receipts.js';
import { ReceiptError } from './receipts.errors.js';
import { TwilioReceipt, TwilioReceiptQuery } from './twilio-receipt.dto.js';
import { TwilioSignatureGuard } from './twilio-signature.guard.js';

/** Twilio's final states. Others are ignored. */
const EVENTS: Record<string, 'delivered' | 'failed'> = {
  delivered: 'delivered',
  read: 'delivered',
  undelivered: 'failed',
  failed: 'failed',
  canceled: 'failed',
};

@ApiTags('Webhooks')
@Public()
@SkipThrottle()
@UseGuards(TwilioSignatureGuard)
@Controller('webhooks/twilio')
export class TwilioReceiptsController {
  constructor(private readonly receipts: MessageReceipts) {}

  /**
   * Receive a receipt from Twilio
   *
   * @remarks The `StatusCallback` of every message sent through Twilio. It needs no set-up at
   * Twilio.
   */
  @Post()
  @HttpCode(204)
  @RouteConfig({ acceptsForms: true })
  @ApiConsumes('application/x-www-form-urlencoded')
  @ApiProblems(ReceiptError.signatureInvalid(), ...BODY_PROBLEMS)
  async receive(@Query() { message }: TwilioReceiptQuery, @Body() body: TwilioReceipt): Promise<void> {
    const event = EVENTS[body.MessageStatus];
    if (!event) return;
    await this.receipts.receive({
      messageId: message,
      event,
      provider: 'twilio',
      ref: body.MessageSid,
      ...(event === 'failed' && {
        failure: body.ErrorCode ? `undelivered (${body.ErrorCode})` : 'undelivered',
      }),
    });
  }
}
