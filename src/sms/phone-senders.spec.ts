import { Config } from '../config/config.js';
import { PhoneSender, type PhoneMessage } from './phone-sender.js';
import { PhoneSenders } from './phone-senders.js';

class Recorder extends PhoneSender {
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
  const senders = new PhoneSenders(config, (provider) => new Recorder(provider));
  const names = (...route: Parameters<PhoneSenders['forCountry']>) =>
    senders.forCountry(...route).map(({ provider }) => provider);

  it('has a route for text messages to some countries, and one for all others', () => {
    expect(names('sms', 'IN')).toEqual(['webhook', 'inbox']);
    expect(names('sms', 'US')).toEqual(['inbox']);
    expect(names('sms', 'DE')).toEqual(['inbox', 'webhook']);
    expect(names('sms', undefined)).toEqual(['inbox', 'webhook']);
  });

  it('has the same for the other channels everywhere, and nobody for one that is off (P3)', () => {
    expect(names('voice', 'IN')).toEqual(['inbox']);
    expect(names('whatsapp', 'IN')).toEqual([]);
  });

  it("names a country's own sender", async () => {
    const message: PhoneMessage = {
      messageId: '1',
      channel: 'sms',
      to: '+919876543210',
      text: '',
      locale: 'en',
      validSeconds: 1,
    };
    await senders.forCountry('sms', 'IN')[0]?.send(message);
    const [, everywhere] = senders.forCountry('sms', 'DE') as Recorder[];
    expect(everywhere?.sent).toEqual([{ ...message, sender: 'ACMEIN' }]);
  });
});
