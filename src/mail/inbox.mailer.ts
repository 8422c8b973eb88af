import type { Inbox } from '../inbox/inbox-store.js';
import { Mailer, type Mail } from './mailer.js';

/** Development: keeps mails for `/inbox` instead of sending them. */
export class InboxMailer extends Mailer {
  readonly provider = 'inbox';
  readonly receipts = false;

  constructor(private readonly inbox: Inbox) {
    super();
  }

  send({ messageId, to, subject, text, html }: Mail): Promise<string> {
    this.inbox.add({ id: messageId, channel: 'email', to, subject, text, html, at: new Date() });
    return Promise.resolve(messageId);
  }
}
