import type { Config } from '../config/config.js';
import { PhoneSender, type PhoneMessage } from './phone-sender.js';
import { sidOf, type TwilioClient } from './twilio.client.js';

const CHANNELS = { sms: 'sms', whatsapp: 'whatsapp', voice: 'call' };

/** Sends our code in Twilio Verify's own text. We check every guess; Twilio checks none. */
export class TwilioVerifySender extends PhoneSender {
  readonly provider = 'twilio-verify';
  readonly reportsDelivery = false;

  constructor(
    private readonly config: Config,
    private readonly client: TwilioClient,
  ) {
    super();
  }

  /** The text contains only the code. It cannot show a context. */
  override canSend({ code, context }: Pick<PhoneMessage, 'code' | 'context'>): boolean {
    return code !== undefined && context === undefined;
  }

  send({ channel, to, code, locale }: PhoneMessage): Promise<string> {
    return sidOf(
      this.service.verifications.create({
        to,
        channel: CHANNELS[channel],
        customCode: code,
        locale,
      }),
    );
  }

  /** Ends the verification. Open ones count against Twilio's limit of messages to the number. */
  async close(sid: string, status: 'approved' | 'canceled'): Promise<void> {
    await sidOf(this.service.verifications(sid).update({ status }));
  }

  private get service() {
    return this.client.verify.v2.services(this.config.TWILIO_VERIFY_SERVICE_SID ?? '');
  }
}
