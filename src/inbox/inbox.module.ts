import { Module } from '@nestjs/common';
import { InboxStreams } from './inbox-streams.js';
import { InboxController } from './inbox.controller.js';

/** Loaded only if a provider is `inbox`. */
@Module({ controllers: [InboxController], providers: [InboxStreams] })
export class InboxModule {}
