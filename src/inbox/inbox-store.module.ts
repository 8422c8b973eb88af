import { Global, Module } from '@nestjs/common';
import { InboxStore } from './inbox-store.js';

/** The store that the senders of all channels and the inbox page share. */
@Global()
@Module({ providers: [InboxStore], exports: [InboxStore] })
export class InboxStoreModule {}
