import { Module } from '@nestjs/common';
import { InboxController } from './inbox.controller.js';

/** Part of the application only where a provider is `inbox`. */
@Module({ controllers: [InboxController] })
export class InboxModule {}
