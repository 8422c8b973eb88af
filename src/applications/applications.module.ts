import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AuditModule } from '../audit/audit.module.js';
import { ApplicationAccessGuard } from './application-access.guard.js';
import { ApplicationDirectory } from './application-directory.js';
import { ApplicationGuard } from './application.guard.js';
import { ApplicationRepository } from './application.repository.js';
import { ApplicationsController } from './applications.controller.js';
import { ApplicationsService } from './applications.service.js';

/** The programs that call this server. Its guard must come before the limit per address. */
@Module({
  imports: [AuditModule],
  controllers: [ApplicationsController],
  providers: [
    ApplicationsService,
    ApplicationDirectory,
    ApplicationRepository,
    { provide: APP_GUARD, useClass: ApplicationGuard },
  ],
  exports: [ApplicationDirectory, ApplicationsService],
})
export class ApplicationsModule {}

/** Its guard must come after the limit per address. */
@Module({ providers: [{ provide: APP_GUARD, useClass: ApplicationAccessGuard }] })
export class ApplicationAccessModule {}
