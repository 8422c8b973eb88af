import type { Config } from '../config/config.js';
import { PhoneSender, type PhoneMessage } from './phone-sender.js';
import { sidOf, type TwilioClient } from './twilio.client.js';

const CHANNELS = { sms: 'sms', whatsapp: 'whatsapp', voice: 'call' };

/** Twilio's own text and route around our code. Twilio holds no say over it: every guess is judged here. */
export class TwilioVerifySender extends PhoneSender {
  readonly provider = 'twilio-verify';
  readonly reportsDelivery = false;

  constructor(
    private readonly config: Config,
    private readonly client: TwilioClient,
  ) {
    super();
  }

  /** Its text shows nothing but the code, so nothing that needs more goes this way. */
  override canSend({ code, context }: Pick<PhoneMessage, 'code' | 'context'>): boolean {
    return code !== undefined && context === undefined;
  }

  send({ channel, to, code, locale }: PhoneMessage): Promise<string> {
    return sidOf(
      this.service.verifications.create({
        to,
        channel: CHANNELS[channel],
        customCode: code,
        locale: locale,
      }),
    );
  }

  /** Says how it ended: what is left open counts against the number's next messages there. */
  async close(sid: string, status: 'approved' | 'canceled'): Promise<void> {
    await sidOf(this.service.verifications(sid).update({ status }));
  }

  private get service() {
    return this.client.verify.v2.services(this.config.TWILIO_VERIFY_SERVICE_SID ?? '');
  }
}
