import { Injectable } from '@nestjs/common';
import { isPhone, parseEmail, parsePhone, type Recipient } from '../common/recipient.js';
import { Config } from '../config/config.js';
import type { Channel } from '../notifier/notifier.js';
import { AddressError } from './otp.errors.js';

/** Reads addresses as clients write them. What it returns is the only form anything else ever sees. */
@Injectable()
export class Recipients {
  constructor(private readonly config: Config) {}

  /** From the fields of a body, of which exactly one must be given. Throws an `AddressError` that names the field. */
  one(fields: Record<string, string | undefined>): Recipient {
    const [given, ...more] = Object.entries(fields).filter(([, value]) => value !== undefined);
    if (!given || more.length > 0) throw AddressError.missing(Object.keys(fields));
    const [field, text = ''] = given;
    return field === 'email' ? this.email(text, field) : this.phone(text, field);
  }

  /** The channel asked for, or the natural one. */
  channel(recipient: Recipient, asked?: Channel): Channel {
    const natural = isPhone(recipient) ? 'sms' : 'email';
    if (asked && asked !== natural) throw AddressError.channel(asked);
    return natural;
  }

  private email(text: string, field: string): Recipient {
    const recipient = parseEmail(text);
    if (!recipient) throw AddressError.email(field);
    return recipient;
  }

  private phone(text: string, field: string): Recipient {
    const { PHONE_DEFAULT_COUNTRY: defaultCountry, SMS_ALLOWED_COUNTRIES: allowed } = this.config;
    const parsed = parsePhone(text, defaultCountry);
    if (!parsed && !defaultCountry && /^\s*[1-9(]/.test(text)) throw AddressError.nationalPhone(field);
    if (!parsed) throw AddressError.phone(field);
    if (!allowed.includes('*') && !allowed.includes(parsed.country)) throw AddressError.country(field);
    return parsed.recipient;
  }
}
