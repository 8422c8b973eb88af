import { Config } from '../config/config.js';
import { PhoneSender, type PhoneMessage } from './phone-sender.js';
import { PhoneSenders } from './phone-senders.js';

class FakeSender extends PhoneSender {
  readonly reportsDelivery = true;
  readonly sent: PhoneMessage[] = [];

  constructor(readonly provider: string) {
    super();
  }

  /** As Twilio Verify and the WhatsApp template of Twilio do. */
  override canSend({ code, context }: Pick<PhoneMessage, 'code' | 'context'>): boolean {
    return !this.provider.startsWith('twilio') || (code !== undefined && !context);
  }

  send(message: PhoneMessage): Promise<string> {
    this.sent.push(message);
    return Promise.resolve('1');
  }
}

describe('PhoneSenders', () => {
  const config = Config.from({
    SMS_PROVIDERS: 'inbox,webhook',
    SMS_ROUTES: 'IN:webhook/ACMEIN,inbox;US:inbox',
    OTP_CHANNELS: 'sms,voice',
    WEBHOOK_URL: 'https://messages.acme.test/send',
    WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  });
  const senders = new PhoneSenders(config, (provider) => new FakeSender(provider));
  const providers = (...target: Parameters<PhoneSenders['forCountry']>) =>
    senders.forCountry(...target).map(({ provider }) => provider);

  it('uses the configured providers of a country for SMS and the default ones elsewhere', () => {
    expect(providers('sms', 'IN')).toEqual(['webhook', 'inbox']);
    expect(providers('sms', 'US')).toEqual(['inbox']);
    expect(providers('sms', 'DE')).toEqual(['inbox', 'webhook']);
    expect(providers('sms', undefined)).toEqual(['inbox', 'webhook']);
  });

  it('ignores the country for other channels and has no provider for a channel that is off', () => {
    expect(providers('voice', 'IN')).toEqual(['inbox']);
    expect(providers('whatsapp', 'IN')).toEqual([]);
  });

  it("passes a country's own sender to the provider", async () => {
    const message: PhoneMessage = {
      messageId: '1',
      channel: 'sms',
      to: '+919876543210',
      text: '',
      locale: 'en',
      validSeconds: 1,
    };
    await senders.forCountry('sms', 'IN')[0]?.send(message);
    const [, webhook] = senders.forCountry('sms', 'DE') as FakeSender[];
    expect(webhook?.sent).toEqual([{ ...message, sender: 'ACMEIN' }]);
  });

  it.each<[string, boolean, Parameters<PhoneSenders['canSendCode']>]>([
    ['a code without a context', true, ['whatsapp', 'US', undefined]],
    ['a context, if no provider can show it', false, ['whatsapp', 'US', { amount: '39.99 EUR' }]],
    ['a context, if the only provider of the country cannot show it', false, ['sms', 'FR', { amount: '1' }]],
    ['a context, if the last provider of the country can show it', true, ['sms', 'GB', { amount: '1' }]],
    ['a context, if a provider of other countries can show it', true, ['sms', 'DE', { amount: '1' }]],
    ['a context to a number without a country', true, ['sms', undefined, { amount: '1' }]],
    ['anything by a channel that is off', false, ['voice', 'US', undefined]],
  ])('says for %s whether it can be sent: %s', (_, expected, target) => {
    const mixed = Config.from({
      SMS_PROVIDERS: 'twilio-verify,webhook',
      SMS_ROUTES: 'FR:twilio-verify/ACME;GB:twilio-verify,webhook',
      OTP_CHANNELS: 'sms,whatsapp',
      WHATSAPP_PROVIDERS: 'twilio,twilio-verify',
      TWILIO_ACCOUNT_SID: 'AC0123456789abcdef0123456789abcdef',
      TWILIO_AUTH_TOKEN: '0123456789abcdef0123456789abcdef',
      TWILIO_VERIFY_SERVICE_SID: 'VA0123456789abcdef0123456789abcdef',
      TWILIO_WHATSAPP_FROM: '+14155550100',
      TWILIO_WHATSAPP_CONTENT_SID: 'HX0123456789abcdef0123456789abcdef',
      WEBHOOK_URL: 'https://messages.acme.test/send',
      WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    });
    const phoneSenders = new PhoneSenders(mixed, (provider) => new FakeSender(provider));
    expect(phoneSenders.canSendCode(...target)).toBe(expected);
  });
});
