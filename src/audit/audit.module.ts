import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccountEvent } from '../account-events/account-event.entity.js';
import { AccountEventRepository } from '../account-events/account-event.repository.js';
import { AccountEvents } from '../account-events/account-events.service.js';
import { AuditEntry } from './audit-entry.entity.js';
import { AuditEntryRepository } from './audit-entry.repository.js';
import { AuditLog } from './audit-log.service.js';
import { AuditController } from './audit.controller.js';

@Module({
  imports: [TypeOrmModule.forFeature([AccountEvent, AuditEntry])],
  controllers: [AuditController],
  providers: [AccountEvents, AccountEventRepository, AuditLog, AuditEntryRepository],
  exports: [AccountEvents, AuditLog],
})
export class AuditModule {}
