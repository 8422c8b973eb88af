import { WebhookClient } from '../common/webhook-client.js';
import type { Config } from '../config/config.js';
import { PhoneSender, type PhoneMessage } from './phone-sender.js';

/** Sends messages to the operator's own server. */
export class WebhookPhoneSender extends PhoneSender {
  readonly provider = 'webhook';
  readonly reportsDelivery = true;
  private readonly client: WebhookClient;

  constructor({ WEBHOOK_URL, WEBHOOK_SECRET }: Config) {
    super();
    this.client = new WebhookClient(WEBHOOK_URL ?? '', WEBHOOK_SECRET ?? '');
  }

  async send({ messageId, ...message }: PhoneMessage): Promise<string> {
    await this.client.post(messageId, { id: messageId, ...message });
    return messageId;
  }
}
