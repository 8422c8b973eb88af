import { Injectable } from '@nestjs/common';
import { isFixedLine, isPhone, parseEmail, parsePhone, type Recipient } from '../common/recipient.js';
import { Config } from '../config/config.js';
import { TestIdentities } from '../config/test-identities.js';
import type { Channel } from '../notifier/notifier.js';
import { AddressError } from './otp.errors.js';

/** Parses addresses as clients write them into the canonical form that all other code uses. */
@Injectable()
export class Recipients {
  constructor(
    private readonly config: Config,
    private readonly testIdentities: TestIdentities,
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

  /** The requested channel, or by default the first one of the purpose that reaches the recipient. */
  chooseChannel(recipient: Recipient, purpose: string, requested?: Channel): Channel {
    const available = this.config
      .channelsFor(purpose)
      .filter((channel) => (channel === 'email') !== isPhone(recipient))
      .filter((channel) => channel === 'voice' || !this.isVoiceOnly(recipient));
    const channel = requested ? available.find((candidate) => candidate === requested) : available[0];
    if (!channel) throw AddressError.channel(requested ?? (isPhone(recipient) ? 'sms' : 'email'));
    return channel;
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
