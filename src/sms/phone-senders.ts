import type { CountryCode } from 'libphonenumber-js/max';
import type { PhoneChannel } from '../common/delivery.js';
import type { Config } from '../config/config.js';
import type { PhoneProvider } from '../config/providers.js';
import { PhoneSender, type PhoneMessage } from './phone-sender.js';

/** Who takes the messages of a channel to a country, in the order to try. */
export class PhoneSenders {
  private readonly channels: Record<PhoneChannel, PhoneSender[]>;
  private readonly countries: Partial<Record<CountryCode, PhoneSender[]>>;

  constructor(config: Config, make: (provider: PhoneProvider, channel: PhoneChannel) => PhoneSender) {
    const made = new Map<string, PhoneSender>();
    const sender = (provider: PhoneProvider, channel: PhoneChannel): PhoneSender => {
      const key = `${provider} ${channel}`;
      const one = made.get(key) ?? make(provider, channel);
      made.set(key, one);
      return one;
    };
    const all = (channel: PhoneChannel) =>
      config.phoneProviders(channel).map((name) => sender(name, channel));
    this.channels = { sms: all('sms'), whatsapp: all('whatsapp'), voice: all('voice') };
    this.countries = Object.fromEntries(
      Object.entries(config.SMS_ROUTES).map(([country, hops]) => [
        country,
        hops.map((hop) => {
          const one = sender(hop.provider, 'sms');
          return hop.sender === undefined ? one : new CountrySender(one, hop.sender);
        }),
      ]),
    );
  }

  forCountry(channel: PhoneChannel, country: CountryCode | undefined): PhoneSender[] {
    const own = channel === 'sms' && country ? this.countries[country] : undefined;
    return own ?? this.channels[channel];
  }
}

/** A country's own sender. One of its own for the breaker as well: a sender that fails there fails nowhere else. */
class CountrySender extends PhoneSender {
  readonly provider: string;
  readonly reportsDelivery: boolean;

  constructor(
    private readonly inner: PhoneSender,
    private readonly sender: string,
  ) {
    super();
    this.provider = inner.provider;
    this.reportsDelivery = inner.reportsDelivery;
  }

  override canSend(message: Pick<PhoneMessage, 'code' | 'context'>): boolean {
    return this.inner.canSend(message);
  }

  send(message: PhoneMessage): Promise<string> {
    return this.inner.send({ ...message, sender: this.sender });
  }
}
