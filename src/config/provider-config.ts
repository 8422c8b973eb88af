import { CHANNELS, type Channel, type PhoneChannel } from '../common/delivery.js';
import type { MailProvider, PhoneProvider } from './provider-settings.js';
import type { Settings } from './settings.js';

const AsSettings = Object as unknown as new () => Settings;

/** What the settings say of channels and providers. */
export class ProviderConfig extends AsSettings {
  /** Who takes mails, in the order to try. */
  get mailProviders(): MailProvider[] {
    return this.MAIL_PROVIDERS ?? [this.MAIL_PROVIDER];
  }

  /** Who takes a channel's messages, in the order to try. A channel that is off has nobody, not even for old messages. */
  phoneProviders(channel: PhoneChannel): PhoneProvider[] {
    if (channel === 'sms') return this.SMS_PROVIDERS ?? [this.SMS_PROVIDER];
    const named = channel === 'whatsapp' ? this.WHATSAPP_PROVIDERS : this.VOICE_PROVIDERS;
    return named ?? (this.offers(channel) && this.NODE_ENV !== 'production' ? ['inbox'] : []);
  }

  /** The channels that codes for a purpose may be asked for by. */
  channelsFor(purpose: string): Channel[] {
    const { general, purposes } = this.OTP_CHANNELS;
    return Object.hasOwn(purposes, purpose) ? (purposes[purpose] ?? general) : general;
  }

  /** Whether codes for some purpose can be asked for by the channel. */
  offers(channel: Channel): boolean {
    const { general, purposes } = this.OTP_CHANNELS;
    return [general, ...Object.values(purposes)].some((channels) => channels.includes(channel));
  }

  /** Whether anything, or anything of a channel, goes through the provider. */
  uses(provider: MailProvider | PhoneProvider, channel?: Channel): boolean {
    if (!channel) return CHANNELS.some((one) => this.uses(provider, one));
    const used: string[] = channel === 'email' ? this.mailProviders : this.phoneProviders(channel);
    const inRoutes = channel === 'sms' ? Object.values(this.SMS_ROUTES).flat() : [];
    return used.includes(provider) || inRoutes.some((hop) => hop.provider === provider);
  }

  get hasInbox(): boolean {
    return this.uses('inbox');
  }
}
