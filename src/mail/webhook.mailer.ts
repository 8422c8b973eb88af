import { WebhookClient } from '../common/webhook-client.js';
import type { Config } from '../config/config.js';
import { Mailer, type Mail } from './mailer.js';

/** Sends mails to the operator's own server. */
export class WebhookMailer extends Mailer {
  readonly provider = 'webhook';
  readonly reportsDelivery = true;
  private readonly client: WebhookClient;

  constructor({ WEBHOOK_URL, WEBHOOK_SECRET }: Config) {
    super();
    this.client = new WebhookClient(WEBHOOK_URL ?? '', WEBHOOK_SECRET ?? '');
  }

  async send({ messageId, ...mail }: Mail): Promise<string> {
    await this.client.post(messageId, { id: messageId, channel: 'email', ...mail });
    return messageId;
  }
}
