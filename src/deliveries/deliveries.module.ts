import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { NotifierModule } from '../notifier/notifier.module.js';
import { OtpModule } from '../otp/otp.module.js';
import { DeliveriesController } from './deliveries.controller.js';
import { TimelineService } from './timeline.service.js';
import { UnblockService } from './unblock.service.js';

@Module({
  imports: [AuditModule, NotifierModule, OtpModule],
  controllers: [DeliveriesController],
  providers: [TimelineService, UnblockService],
})
export class DeliveriesModule {}
