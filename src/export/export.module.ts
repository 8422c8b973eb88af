import { Module } from '@nestjs/common';
import { AccountEventsModule } from '../account-events/account-events.module.js';
import { AuditModule } from '../audit/audit.module.js';
import { CustomersModule } from '../customers/customers.module.js';
import { NotifierModule } from '../notifier/notifier.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UsersModule } from '../users/users.module.js';
import { ExportController } from './export.controller.js';
import { ExportService } from './export.service.js';

@Module({
  imports: [AccountEventsModule, AuditModule, CustomersModule, NotifierModule, SessionsModule, UsersModule],
  controllers: [ExportController],
  providers: [ExportService],
})
export class ExportModule {}
