import { Module, type DynamicModule, type Type } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { DeliveryReceiptsController } from './delivery-receipts.controller.js';
import { PostmarkReceipts } from './postmark-receipts.js';
import { PostmarkReceiptsController } from './postmark-receipts.controller.js';
import { NotifierModule } from '../notifier/notifier.module.js';
import { TwilioReceiptsController } from './twilio-receipts.controller.js';

/** Where vendors report what became of messages: an address for each that is set up, and none for the others. */
@Module({})
export class ReceiptsModule {
  static with(config: Config): DynamicModule {
    const controllers: [boolean, Type][] = [
      [config.usesProvider('twilio'), TwilioReceiptsController],
      [
        config.usesProvider('postmark') && config.POSTMARK_WEBHOOK_PASSWORD !== undefined,
        PostmarkReceiptsController,
      ],
      [config.usesProvider('webhook'), DeliveryReceiptsController],
    ];
    return {
      module: ReceiptsModule,
      controllers: controllers.filter(([isSetUp]) => isSetUp).map(([, controller]) => controller),
      imports: [NotifierModule],
      providers: [PostmarkReceipts],
    };
  }
}
