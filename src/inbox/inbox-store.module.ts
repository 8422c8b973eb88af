import { Global, Module } from '@nestjs/common';
import { InboxStore } from './inbox-store.js';

/** One store for the senders of all channels and for the inbox page. */
@Global()
@Module({ providers: [InboxStore], exports: [InboxStore] })
export class InboxStoreModule {}
