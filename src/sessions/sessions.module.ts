import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccountEventsModule } from '../account-events/account-events.module.js';
import { AddressLimitModule } from '../http/address-limit.module.js';
import { SigningModule } from '../signing/signing.module.js';
import { AccessGuard } from './access.guard.js';
import { DeviceRepository } from './device.repository.js';
import { SessionRepository } from './session.repository.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsHousekeeping } from './sessions.housekeeping.js';
import { SessionsService } from './sessions.service.js';
import { SignOutService } from './sign-out.service.js';

/** Sessions and recognised devices. The access guard applies to every route of the application. */
@Module({
  imports: [AccountEventsModule, AddressLimitModule, SigningModule],
  controllers: [SessionsController],
  providers: [
    SessionsService,
    SignOutService,
    SessionRepository,
    DeviceRepository,
    SessionsHousekeeping,
    { provide: APP_GUARD, useClass: AccessGuard },
  ],
  exports: [SessionsService, SignOutService],
})
export class SessionsModule {}
