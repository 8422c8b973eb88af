import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ApiBasicAuth, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { Public } from '../http/access.js';
import { BODY_PROBLEMS, CommonError } from '../http/common.errors.js';
import { ApiProblems } from '../http/api-problems.js';
import { PostmarkCredentialsGuard } from './postmark-credentials.guard.js';
import { readPostmarkEvent } from './postmark-event.js';
import { PostmarkReceipts } from './postmark-receipts.js';
import { ReceiptError } from './receipts.errors.js';

@ApiTags('Webhooks')
@ApiBasicAuth()
@Public()
@SkipThrottle()
@UseGuards(PostmarkCredentialsGuard)
@Controller('webhooks/postmark')
export class PostmarkReceiptsController {
  constructor(private readonly receipts: PostmarkReceipts) {}

  /**
   * What became of a mail at Postmark
   *
   * @remarks Delivery, Bounce, SpamComplaint and SubscriptionChange. In Postmark, add a webhook to the message stream with this
   * address, `POSTMARK_WEBHOOK_USER` and `POSTMARK_WEBHOOK_PASSWORD`, and without message contents.
   */
  @Post()
  @HttpCode(200)
  @ApiProblems(ReceiptError.credentialsInvalid(), ...BODY_PROBLEMS)
  async receive(@Body() body: unknown): Promise<void> {
    const event = readPostmarkEvent(body);
    if (event === undefined) throw CommonError.malformedRequest();
    if (event) await this.receipts.receive(event);
  }
}
