import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { BudgetsModule } from '../budgets/budgets.module.js';
import { NotifierModule } from '../notifier/notifier.module.js';
import { OtpModule } from '../otp/otp.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { ChallengeViews } from './challenge-views.service.js';
import { ChallengesController } from './challenges.controller.js';
import { DeliveriesController } from './deliveries.controller.js';
import { TimelineService } from './timeline.service.js';
import { UnblockService } from './unblock.service.js';

@Module({
  imports: [AuditModule, BudgetsModule, NotifierModule, OtpModule, SessionsModule],
  controllers: [ChallengesController, DeliveriesController],
  providers: [ChallengeViews, TimelineService, UnblockService],
})
export class DeliveriesModule {}
