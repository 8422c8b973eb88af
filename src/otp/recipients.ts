import { Injectable } from '@nestjs/common';
import { isPhone, parseEmail, parsePhone, type Recipient } from '../common/recipient.js';
import { Config } from '../config/config.js';
import { TestIdentities } from '../config/test-identities.js';
import type { Channel } from '../notifier/notifier.js';
import { AddressError } from './otp.errors.js';

/** Reads addresses as clients write them. What it returns is the only form anything else ever sees. */
@Injectable()
export class Recipients {
  constructor(
    private readonly config: Config,
    private readonly testIdentities: TestIdentities,
  ) {}

  /** From the fields of a body, of which exactly one must be given. Throws an `AddressError` that names the field. */
  fromFields(fields: Record<string, string | undefined>): Recipient {
    const [given, ...more] = Object.entries(fields).filter(([, value]) => value !== undefined);
    if (!given || more.length > 0) throw AddressError.missing(Object.keys(fields));
    const [field, text = ''] = given;
    return field === 'email' ? this.email(text, field) : this.phone(text, field);
  }

  /** An e-mail address or a phone number, in one field. A plus sign that a query string made a blank is one again. */
  fromText(text: string, field: string): Recipient {
    return text.includes('@') ? this.email(text, field) : this.phone(text.replace(/^ (?=\d)/, '+'), field);
  }

  /** The channel asked for, or the first of those that are offered for the purpose and reach the address. */
  chooseChannel(recipient: Recipient, purpose: string, asked?: Channel): Channel {
    const fitting = this.config
      .channelsFor(purpose)
      .filter((channel) => (channel === 'email') !== isPhone(recipient));
    const channel = asked ? fitting.find((one) => one === asked) : fitting[0];
    if (!channel) throw AddressError.channel(asked ?? (isPhone(recipient) ? 'sms' : 'email'));
    return channel;
  }

  private email(text: string, field: string): Recipient {
    const recipient = parseEmail(text);
    if (!recipient) throw AddressError.email(field);
    return recipient;
  }

  private phone(text: string, field: string): Recipient {
    const { PHONE_DEFAULT_COUNTRY: defaultCountry, SMS_ALLOWED_COUNTRIES: allowed } = this.config;
    const parsed = parsePhone(text, defaultCountry);
    // Nothing is sent to a test identity: its number need not exist, nor its country be served.
    const typed = parsed?.recipient ?? (/^\+[1-9]\d{7,14}$/.test(text) && (`phone:${text}` as const));
    if (typed && this.testIdentities.has(typed)) return typed;
    if (!parsed && !defaultCountry && /^\s*[1-9(]/.test(text)) throw AddressError.nationalPhone(field);
    if (!parsed) throw AddressError.phone(field);
    if (!allowed.includes('*') && !allowed.includes(parsed.country)) throw AddressError.country(field);
    return parsed.recipient;
  }
}
