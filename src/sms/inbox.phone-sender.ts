import type { Config } from '../config/config.js';
import type { InboxStore } from '../inbox/inbox-store.js';
import { PhoneSender, type PhoneMessage } from './phone-sender.js';

/** Development only: keeps messages for `/inbox` instead of sending them. */
export class InboxPhoneSender extends PhoneSender {
  readonly provider = 'inbox';
  readonly reportsDelivery = false;

  /** Throws in production, where messages would be lost without a trace. */
  constructor(
    { production }: Pick<Config, 'production'>,
    private readonly inbox: InboxStore,
  ) {
    super();
    if (production) throw new Error('The development inbox cannot send phone messages in production.');
  }

  send({ messageId, channel, to, text }: PhoneMessage): Promise<string> {
    this.inbox.add({ id: messageId, channel, to, text, at: new Date() });
    return Promise.resolve(messageId);
  }
}
