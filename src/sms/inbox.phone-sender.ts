import type { Inbox } from '../inbox/inbox-store.js';
import { PhoneSender, type PhoneMessage } from './phone-sender.js';

/** Development: keeps messages for `/inbox` instead of sending them. */
export class InboxPhoneSender extends PhoneSender {
  readonly provider = 'inbox';
  readonly receipts = false;

  constructor(private readonly inbox: Inbox) {
    super();
  }

  send({ messageId, channel, to, text }: PhoneMessage): Promise<string> {
    this.inbox.add({ id: messageId, channel, to, text, at: new Date() });
    return Promise.resolve(messageId);
  }
}
