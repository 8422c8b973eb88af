import type { Config } from '../config/config.js';
import type { InboxStore } from '../inbox/inbox-store.js';
import { Mailer, type Mail } from './mailer.js';

/** Development only: keeps mails for `/inbox` instead of sending them. */
export class InboxMailer extends Mailer {
  readonly provider = 'inbox';
  readonly reportsDelivery = false;

  /** Throws in production, where mails would be lost without a trace. */
  constructor(
    { production }: Pick<Config, 'production'>,
    private readonly inbox: InboxStore,
  ) {
    super();
    if (production) throw new Error('The development inbox cannot send mails in production.');
  }

  send({ messageId, to, subject, text, html }: Mail): Promise<string> {
    this.inbox.add({ id: messageId, channel: 'email', to, subject, text, html, at: new Date() });
    return Promise.resolve(messageId);
  }
}
