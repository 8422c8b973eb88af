import type { Config } from '../config/config.js';
import { PhoneSender, type PhoneMessage } from './phone-sender.js';
import { messageOptions, sidOf, type TwilioClient } from './twilio.client.js';

/** WhatsApp accepts a first message only as an approved template. Ours contains only the code. */
export class TwilioWhatsappSender extends PhoneSender {
  readonly provider = 'twilio';
  readonly reportsDelivery = true;

  constructor(
    private readonly config: Config,
    private readonly client: TwilioClient,
  ) {
    super();
  }

  /** The template cannot show a context, and a code must not be sent without it. */
  override canSend({ code, context }: Pick<PhoneMessage, 'code' | 'context'>): boolean {
    return code !== undefined && context === undefined;
  }

  send({ messageId, to, code, validSeconds }: PhoneMessage): Promise<string> {
    const { TWILIO_WHATSAPP_FROM: from = '', TWILIO_WHATSAPP_CONTENT_SID: contentSid } = this.config;
    return sidOf(
      this.client.messages.create({
        to: `whatsapp:${to}`,
        from: `whatsapp:${from.replace(/^whatsapp:/, '')}`,
        contentSid,
        contentVariables: JSON.stringify({ 1: code }),
        ...messageOptions(this.config, messageId, validSeconds),
      }),
    );
  }
}
