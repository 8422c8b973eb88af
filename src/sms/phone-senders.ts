import type { CountryCode } from 'libphonenumber-js/max';
import type { PhoneChannel } from '../common/delivery.js';
import type { Config } from '../config/config.js';
import type { PhoneProvider } from '../config/providers.js';
import { PhoneSender, type PhoneMessage } from './phone-sender.js';

/** Providers differ in whether they can send a code, not in which. */
const ANY_CODE = '000000';

/** The providers of each phone channel and country, in the order to try. */
export class PhoneSenders {
  private readonly channels: Record<PhoneChannel, PhoneSender[]>;
  private readonly countries: Partial<Record<CountryCode, PhoneSender[]>>;

  constructor(config: Config, createSender: (provider: PhoneProvider, channel: PhoneChannel) => PhoneSender) {
    const cache = new Map<string, PhoneSender>();
    const senderOf = (provider: PhoneProvider, channel: PhoneChannel): PhoneSender => {
      const key = `${provider} ${channel}`;
      const sender = cache.get(key) ?? createSender(provider, channel);
      cache.set(key, sender);
      return sender;
    };
    const sendersOf = (channel: PhoneChannel) =>
      config.phoneProviders(channel).map((provider) => senderOf(provider, channel));
    this.channels = { sms: sendersOf('sms'), whatsapp: sendersOf('whatsapp'), voice: sendersOf('voice') };
    this.countries = Object.fromEntries(
      Object.entries(config.SMS_ROUTES).map(([country, entries]) => [
        country,
        entries.map(({ provider, sender: countrySender }) => {
          const sender = senderOf(provider, 'sms');
          return countrySender === undefined ? sender : new CountrySender(sender, countrySender);
        }),
      ]),
    );
  }

  forCountry(channel: PhoneChannel, country: CountryCode | undefined): PhoneSender[] {
    const senders = channel === 'sms' && country ? this.countries[country] : undefined;
    return senders ?? this.channels[channel];
  }

  /** Whether a provider of the channel and country can send a code, and show what it approves. */
  canSendCode(
    channel: PhoneChannel,
    country: CountryCode | undefined,
    context: PhoneMessage['context'],
  ): boolean {
    return this.forCountry(channel, country).some((sender) =>
      sender.canSend({ code: ANY_CODE, ...(context && { context }) }),
    );
  }
}

/**
 * A provider with the sender of one country. It is a separate object, so it gets its own circuit
 * breaker: a sender that fails in one country does not affect the others.
 */
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
