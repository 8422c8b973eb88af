import { Module, type DynamicModule, type Type } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { NotifierModule } from '../notifier/notifier.module.js';
import { PostmarkReceiptsController } from './postmark-receipts.controller.js';
import { PostmarkReceiptsService } from './postmark-receipts.service.js';
import { TwilioReceiptsController } from './twilio-receipts.controller.js';
import { WebhookReceiptsController } from './webhook-receipts.controller.js';

/** Routes for receipts, one for each vendor that is configured and sends them. */
@Module({})
export class ReceiptsModule {
  static with(config: Config): DynamicModule {
    const controllers: [boolean, Type][] = [
      [config.usesProvider('twilio'), TwilioReceiptsController],
      [
        config.usesProvider('postmark') && config.POSTMARK_WEBHOOK_PASSWORD !== undefined,
        PostmarkReceiptsController,
      ],
      [config.usesProvider('webhook'), WebhookReceiptsController],
    ];
    return {
      module: ReceiptsModule,
      controllers: controllers.filter(([isConfigured]) => isConfigured).map(([, controller]) => controller),
      imports: [NotifierModule],
      providers: [PostmarkReceiptsService],
    };
  }
}
