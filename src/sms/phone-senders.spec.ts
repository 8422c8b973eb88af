import { Config } from '../config/config.js';
import { PhoneSender, type PhoneMessage } from './phone-sender.js';
import { PhoneSenders } from './phone-senders.js';

class FakeSender extends PhoneSender {
  readonly reportsDelivery = true;
  readonly sent: PhoneMessage[] = [];

  constructor(readonly provider: string) {
    super();
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
});
