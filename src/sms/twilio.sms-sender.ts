import twilio from 'twilio';
import { DeliveryError, VENDOR_TIMEOUT_SECONDS } from '../common/delivery.js';
import type { Config } from '../config/config.js';
import { SmsSender, type Sms } from './sms-sender.js';

/** Bad or unreachable `To`, region not permitted, opted out, not mobile: https://www.twilio.com/docs/api/errors */
const REJECTED = [21211, 21408, 21610, 21612, 21614, 21617, 60410];
/** Sender, trial account, empty messaging service. */
const MISCONFIGURED = [21212, 21606, 21608, 21703];

export class TwilioSmsSender extends SmsSender {
  readonly provider = 'twilio';
  private readonly client: twilio.Twilio;

  constructor(private readonly config: Config) {
    super();
    this.client = twilio(config.TWILIO_ACCOUNT_SID, config.TWILIO_AUTH_TOKEN, {
      httpClient: new twilio.RequestClient({
        timeout: VENDOR_TIMEOUT_SECONDS * 1000,
        keepAlive: true,
        maxSockets: 100,
      }),
    });
    if (config.TWILIO_API_URL) this.client.api.baseUrl = config.TWILIO_API_URL.replace(/\/$/, '');
  }

  async send({ to, text, validSeconds }: Sms): Promise<string> {
    try {
      const { sid } = await this.client.messages.create({
        to,
        body: text,
        validityPeriod: validSeconds,
        ...(this.config.TWILIO_MESSAGING_SERVICE_SID
          ? { messagingServiceSid: this.config.TWILIO_MESSAGING_SERVICE_SID }
          : { from: this.config.TWILIO_FROM }),
      });
      if (typeof sid !== 'string') throw new DeliveryError('unavailable');
      return sid;
    } catch (error) {
      throw error instanceof DeliveryError ? error : translate(error);
    }
  }
}

/** Takes the numbers out of the vendor's error and nothing else: an Axios error holds the message and the token. */
function translate(error: unknown): DeliveryError {
  const { status, code } = (error ?? {}) as { status?: unknown; code?: unknown };
  const vendorCode = typeof code === 'number' ? code : undefined;
  if (vendorCode && REJECTED.includes(vendorCode)) return new DeliveryError('rejected', vendorCode);
  if (status === 429) return new DeliveryError('throttled', vendorCode);
  if (status === 401 || status === 404 || (vendorCode && MISCONFIGURED.includes(vendorCode)))
    return new DeliveryError('misconfigured', vendorCode);
  if (code === 'ECONNABORTED' || code === 'ETIMEDOUT') return new DeliveryError('timeout');
  return new DeliveryError('unavailable', vendorCode);
}
