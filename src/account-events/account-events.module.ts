import { Module } from '@nestjs/common';
import { AccountEventRepository } from './account-event.repository.js';
import { AccountEvents } from './account-events.service.js';

@Module({ providers: [AccountEvents, AccountEventRepository], exports: [AccountEvents] })
export class AccountEventsModule {}
