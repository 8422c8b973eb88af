import { Module } from '@nestjs/common';
import { InboxController } from './inbox.controller.js';

/** Loaded only if a provider is `inbox`. */
@Module({ controllers: [InboxController] })
export class InboxModule {}
