import { Module, type DynamicModule, type Type } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { DeliveryReceiptsController } from './delivery-receipts.controller.js';
import { PostmarkReceipts } from './postmark-receipts.js';
import { PostmarkReceiptsController } from './postmark-receipts.controller.js';
import { ReceiptRepository } from '../notifier/outbox/receipt.repository.js';
import { ReceiptsService } from '../notifier/outbox/message-receipts.js';
import { SuppressionRepository } from '../notifier/outbox/suppression.repository.js';
import { TwilioReceiptsController } from './twilio-receipts.controller.js';

/** Where vendors report what became of messages: an address for each that is set up, and none for the others. */
@Module({})
export class WebhooksModule {
  static with(config: Config): DynamicModule {
    const controllers: [boolean, Type][] = [
      [config.uses('twilio'), TwilioReceiptsController],
      [config.uses('postmark') && config.POSTMARK_WEBHOOK_PASSWORD !== undefined, PostmarkReceiptsController],
      [config.uses('webhook'), DeliveryReceiptsController],
    ];
    return {
      module: WebhooksModule,
      controllers: controllers.filter(([isSetUp]) => isSetUp).map(([, controller]) => controller),
      providers: [ReceiptRepository, SuppressionRepository, ReceiptsService, PostmarkReceipts],
    };
  }
}
