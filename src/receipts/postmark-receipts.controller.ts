import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ApiBasicAuth, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { Public } from '../http/access.js';
import { BODY_PROBLEMS, CommonError } from '../http/common.errors.js';
import { ApiProblems } from '../http/api-problems.js';
import { PostmarkCredentialsGuard } from './postmark-credentials.guard.js';
import { readPostmarkReceipt } from './postmark-receipt.js';
import { PostmarkReceiptsService } from './postmark-receipts.service.js';
import { ReceiptError } from './receipts.errors.js';

@ApiTags('Webhooks')
@ApiBasicAuth()
@Public()
@SkipThrottle()
@UseGuards(PostmarkCredentialsGuard)
@Controller('webhooks/postmark')
export class PostmarkReceiptsController {
  constructor(private readonly receipts: PostmarkReceiptsService) {}

  /**
   * Receive a receipt from Postmark
   *
   * @remarks For Delivery, Bounce, SpamComplaint and SubscriptionChange. In Postmark, add a webhook
   * with this URL to the message stream. Set `POSTMARK_WEBHOOK_USER` and
   * `POSTMARK_WEBHOOK_PASSWORD`, and exclude message content.
   */
  @Post()
  @HttpCode(200)
  @ApiProblems(ReceiptError.credentialsInvalid(), ...BODY_PROBLEMS)
  async receivePostmarkEvents(@Body() body: unknown): Promise<void> {
    const receipt = readPostmarkReceipt(body);
    if (receipt === undefined) throw CommonError.malformedRequest();
    if (receipt) await this.receipts.receive(receipt);
  }
}
