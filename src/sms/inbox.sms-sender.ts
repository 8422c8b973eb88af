import type { Inbox } from '../common/inbox.js';
import { SmsSender, type Sms } from './sms-sender.js';

/** Development: keeps messages for `/inbox` instead of sending them. */
export class InboxSmsSender extends SmsSender {
  readonly provider = 'inbox';

  constructor(private readonly inbox: Inbox) {
    super();
  }

  send({ messageId, to, text }: Sms): Promise<string> {
    this.inbox.add({ id: messageId, channel: 'sms', to, text, at: new Date() });
    return Promise.resolve(messageId);
  }
}
