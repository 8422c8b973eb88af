import { Injectable } from '@nestjs/common';
import { ApplicationError } from '../applications/applications.errors.js';
import {
  countryOf,
  isFixedLine,
  isPhone,
  parseEmail,
  parsePhone,
  type Recipient,
} from '../common/recipient.js';
import { Config } from '../config/config.js';
import { TestIdentities } from '../config/test-identities.js';
import type { Channel } from '../notifier/notifier.js';
import { PhoneSenders } from '../sms/phone-senders.js';
import type { SendRequest } from './codes.js';
import { AddressError } from './otp.errors.js';

/** Parses addresses as clients write them into the canonical form that all other code uses. */
@Injectable()
export class Recipients {
  constructor(
    private readonly config: Config,
    private readonly testIdentities: TestIdentities,
    private readonly phoneSenders: PhoneSenders,
  ) {}

  /**
   * Exactly one of the fields must be given. Throws an `AddressError` that names the field. With
   * `purpose`, also if no channel of the purpose reaches the recipient because it is a fixed line.
   */
  fromFields(fields: Record<string, string | undefined>, purpose?: string): Recipient {
    const [given, ...more] = Object.entries(fields).filter(([, value]) => value !== undefined);
    if (!given || more.length > 0) throw AddressError.missing(Object.keys(fields));
    const [field, text = ''] = given;
    const recipient = field === 'email' ? this.email(text, field) : this.phone(text, field);
    if (
      purpose !== undefined &&
      this.isVoiceOnly(recipient) &&
      !this.config.channelsFor(purpose).includes('voice')
    )
      throw AddressError.notMobile(field);
    return recipient;
  }

  /** For a field that takes either kind. A query string decodes `+` to a space; this restores it. */
  fromText(text: string, field: string): Recipient {
    return text.includes('@') ? this.email(text, field) : this.phone(text.replace(/^ (?=\d)/, '+'), field);
  }

  /**
   * The requested channel, or by default the first one of the purpose that reaches the recipient and
   * has a provider that can show the context. A decoy must get the same answer as a real code, so
   * this ignores whether the message will have a code. Throws if the application of the request may
   * not send to the recipient.
   */
  chooseChannel({ recipient, policy, channel: requested, context, client }: SendRequest): Channel {
    const { channels, countries } = client.application ?? {};
    if (countries && !this.isIn(countries, recipient)) throw ApplicationError.countryRefused();
    const reaching = this.config
      .channelsFor(policy.purpose)
      .filter((channel) => requested === undefined || channel === requested)
      .filter((channel) => this.reaches(channel, recipient));
    const [first = requested ?? (isPhone(recipient) ? 'sms' : 'email')] = reaching;
    if (reaching.length === 0) throw AddressError.channel(first);
    const allowed = reaching.filter((candidate) => channels?.includes(candidate) ?? true);
    if (allowed.length === 0) throw ApplicationError.channelRefused(first);
    const channel = allowed.find((candidate) => this.canShow(candidate, recipient, context));
    if (!channel) throw AddressError.channelWithoutContext(first);
    return channel;
  }

  /** Of an e-mail address, and of a test identity, which nothing is sent to, the country is unknown. */
  private isIn(countries: string[], recipient: Recipient): boolean {
    if (!isPhone(recipient) || this.testIdentities.has(recipient)) return true;
    return countries.includes(countryOf(recipient) ?? '');
  }

  private reaches(channel: Channel, recipient: Recipient): boolean {
    if (!isPhone(recipient)) return channel === 'email';
    return channel === 'voice' || (channel !== 'email' && !this.isVoiceOnly(recipient));
  }

  private canShow(channel: Channel, recipient: Recipient, context: SendRequest['context']): boolean {
    return (
      channel === 'email' ||
      this.testIdentities.has(recipient) ||
      this.phoneSenders.canSendCode(channel, countryOf(recipient), context)
    );
  }

  /** Nothing is sent to a test identity, so it may be any number. */
  private isVoiceOnly(recipient: Recipient): boolean {
    return isFixedLine(recipient) && !this.testIdentities.has(recipient);
  }

  private email(text: string, field: string): Recipient {
    const recipient = parseEmail(text);
    if (!recipient) throw AddressError.email(field);
    return recipient;
  }

  private phone(text: string, field: string): Recipient {
    const {
      PHONE_DEFAULT_COUNTRY: defaultCountry,
      PHONE_EXTRA_RANGES: extraRanges,
      SMS_ALLOWED_COUNTRIES: allowed,
    } = this.config;
    const parsed = parsePhone(text, defaultCountry, extraRanges);
    // Nothing is sent to a test identity, so its number need not exist, nor its country be allowed.
    const recipient = parsed?.recipient ?? (/^\+[1-9]\d{7,14}$/.test(text) && (`phone:${text}` as const));
    if (recipient && this.testIdentities.has(recipient)) return recipient;
    if (!parsed && !defaultCountry && /^\s*[1-9(]/.test(text)) throw AddressError.nationalPhone(field);
    if (!parsed) throw AddressError.phone(field);
    // A number without a country is in a range that the operator named.
    if (parsed.country && !allowed.includes('*') && !allowed.includes(parsed.country))
      throw AddressError.country(field);
    return parsed.recipient;
  }
}
