import type { Config } from '../config/config.js';
import { PhoneSender, type PhoneMessage } from './phone-sender.js';
import { messageOptions, sidOf, type TwilioClient } from './twilio.client.js';

export class TwilioSmsSender extends PhoneSender {
  readonly provider = 'twilio';
  readonly reportsDelivery = true;

  constructor(
    private readonly config: Config,
    private readonly client: TwilioClient,
  ) {
    super();
  }

  send({ messageId, to, text, validSeconds, sender }: PhoneMessage): Promise<string> {
    const { TWILIO_MESSAGING_SERVICE_SID: service, TWILIO_FROM: from } = this.config;
    const source = sender ?? service ?? from ?? '';
    return sidOf(
      this.client.messages.create({
        to,
        body: text,
        ...(/^MG[0-9a-z]{32}$/.test(source) || (!sender && service)
          ? { messagingServiceSid: source }
          : { from: source }),
        ...messageOptions(this.config, messageId, validSeconds),
      }),
    );
  }
}
