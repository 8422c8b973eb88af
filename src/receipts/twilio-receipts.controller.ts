import { Body, Controller, HttpCode, Post, Query, UseGuards } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import { SkipThrottle } from '@nestjs/throttler';
import { Public } from '../http/access.js';
import { BODY_PROBLEMS, CommonError } from '../http/common.errors.js';
import { ApiProblems } from '../http/api-problems.js';
import { MessageReceipts } from '../notifier/outbox/message-receipts.js';
import { readFields } from './read-fields.js';
import { ReceiptError } from './receipts.errors.js';
import { TwilioReceipt, TwilioReceiptQuery } from './twilio-receipt.dto.js';
import { TwilioSignatureGuard } from './twilio-signature.guard.js';
import { isCutAsSigned } from './twilio-signed-text.js';

/** Twilio's final states. Others are ignored. */
const EVENTS = new Map<string, 'delivered' | 'failed'>([
  ['delivered', 'delivered'],
  ['read', 'delivered'],
  ['undelivered', 'failed'],
  ['failed', 'failed'],
  ['canceled', 'failed'],
]);

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
   * Twilio. Fields and statuses that this server does not know are ignored.
   */
  @Post()
  @HttpCode(204)
  @RouteConfig({ acceptsForms: true })
  @ApiConsumes('application/x-www-form-urlencoded')
  @ApiBody({ type: TwilioReceipt })
  @ApiProblems(ReceiptError.signatureInvalid(), ...BODY_PROBLEMS)
  async receiveTwilioStatus(
    @Query() { message }: TwilioReceiptQuery,
    @Body() fields: Record<string, string>,
  ): Promise<void> {
    const names = ['MessageSid', 'MessageStatus', 'AccountSid', 'ErrorCode'] as const;
    const { MessageSid, MessageStatus, ErrorCode } = readFields(TwilioReceipt, [...names], fields);
    if (!isCutAsSigned(fields))
      throw CommonError.validation([{ field: '', detail: 'The fields are not cut as Twilio signs them.' }]);
    const event = EVENTS.get(MessageStatus);
    if (!event) return;
    await this.receipts.receive({
      messageId: message,
      event,
      provider: 'twilio',
      ref: MessageSid,
      ...(event === 'failed' && {
        failure: ErrorCode ? `undelivered (${ErrorCode})` : 'undelivered',
      }),
    });
  }
}
