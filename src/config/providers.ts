import { CHANNELS, type Channel, type PhoneChannel } from '../common/delivery.js';
import type { MailProvider, PhoneProvider, Settings } from './settings.js';

export type { MailProvider, PhoneProvider };

const AsSettings = Object as unknown as new () => Settings;

/** The settings of channels and providers. */
export class ProviderConfig extends AsSettings {
  get production(): boolean {
    return this.NODE_ENV === 'production';
  }

  /** The mail providers, in the order to try. */
  get mailProviders(): MailProvider[] {
    return this.MAIL_PROVIDERS ?? [this.MAIL_PROVIDER];
  }

  /** The providers of a channel, in the order to try. Empty if the channel is off. */
  phoneProviders(channel: PhoneChannel): PhoneProvider[] {
    if (channel === 'sms') return this.SMS_PROVIDERS ?? [this.SMS_PROVIDER];
    const named = channel === 'whatsapp' ? this.WHATSAPP_PROVIDERS : this.VOICE_PROVIDERS;
    return named ?? (this.offersChannel(channel) && !this.production ? ['inbox'] : []);
  }

  /** The channels that a client may choose for codes of a purpose. */
  channelsFor(purpose: string): Channel[] {
    const { general, purposes } = this.OTP_CHANNELS;
    return Object.hasOwn(purposes, purpose) ? (purposes[purpose] ?? general) : general;
  }

  /** Whether codes of any purpose can be sent through the channel. */
  offersChannel(channel: Channel): boolean {
    const { general, purposes } = this.OTP_CHANNELS;
    return [general, ...Object.values(purposes)].some((channels) => channels.includes(channel));
  }

  /** Whether messages of the channel, or of any channel, go through the provider. */
  usesProvider(provider: MailProvider | PhoneProvider, channel?: Channel): boolean {
    if (!channel) return CHANNELS.some((each) => this.usesProvider(provider, each));
    const providers: string[] = channel === 'email' ? this.mailProviders : this.phoneProviders(channel);
    const routes = channel === 'sms' ? Object.values(this.SMS_ROUTES).flat() : [];
    return providers.includes(provider) || routes.some((entry) => entry.provider === provider);
  }

  get hasInbox(): boolean {
    return this.usesProvider('inbox');
  }
}
