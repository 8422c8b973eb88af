import { IsIn, IsISO8601, IsISO31661Alpha2, Matches } from 'class-validator';
import { Format, WholeNumber } from '../http/formats.js';
import { IfGiven } from '../http/if-given.js';

export class FraudQuery {
  /**
   * The order of the lists: by `outstanding` recipients, or by messages `sent`, most first.
   * @example "sent"
   */
  @IfGiven()
  @IsIn(['outstanding', 'sent'], { message: 'sort must be outstanding or sent.' })
  sort?: 'outstanding' | 'sent';
}

/** Recipients in one window. */
export class ScopeWindow {
  /**
   * Recipients that messages were sent to, each counted once.
   * @example 12
   */
  @WholeNumber()
  sent!: number;

  /**
   * Recipients that entered a right code.
   * @example 3
   */
  @WholeNumber()
  verified!: number;

  /**
   * `sent` without `verified`.
   * @example 9
   */
  @WholeNumber()
  outstanding!: number;

  /**
   * So many outstanding recipients are allowed without a proof of work; null: no limit in this window.
   * @example 8
   */
  @WholeNumber()
  free!: number | null;

  /**
   * Above so many outstanding recipients, messages are refused; null: never.
   * @example 24
   */
  @WholeNumber()
  limit!: number | null;
}

export class ScopeUsage {
  /**
   * The country, number prefix or network.
   * @example "+1202555"
   */
  value!: string;

  /** The current hour. It begins with the first message. */
  hour!: ScopeWindow;

  /** The current day. It begins with the first message. */
  day!: ScopeWindow;
}

/** Of a country or a number prefix. */
export class NumberUsage extends ScopeUsage {
  /**
   * What messages cost in the current day, in the unit of `PHONE_PRICES`.
   * @example 3.6
   */
  spent!: number;
}

export class ProviderUsage {
  /**
   * The provider that has the message now: the one that accepted it last.
   * @example "twilio"
   */
  provider!: string;

  /**
   * `email`, `sms`, `whatsapp` or `voice`.
   * @example "sms"
   */
  channel!: string;

  /**
   * Messages that it accepted.
   * @example 120
   */
  @WholeNumber()
  sent!: number;

  /**
   * Messages that arrived, as its receipts say. 0 for a provider without receipts.
   * @example 114
   */
  @WholeNumber()
  delivered!: number;

  /**
   * Codes that it sent. A code that several providers sent counts for the last of them. A newer code
   * for the same address and purpose replaces an older one.
   * @example 100
   */
  @WholeNumber()
  codes!: number;

  /**
   * How many of `codes` were entered.
   * @example 93
   */
  @WholeNumber()
  verified!: number;

  /**
   * What the accepted messages cost, in the unit of `PHONE_PRICES`.
   * @example 3.6
   */
  spent!: number;
}

export class ApplicationUsage {
  /**
   * Id of the application.
   * @example "app_0mfx2k1p93f9cZ0pYbq2uXkR1sT7vWw"
   */
  value!: string;

  /**
   * Messages in the day.
   * @example 120
   */
  @WholeNumber()
  sent!: number;

  /**
   * What these messages cost, in the unit of `PHONE_PRICES`.
   * @example 3.6
   */
  spent!: number;
}

export class SpendWindow {
  /**
   * Messages to phones.
   * @example 120
   */
  @WholeNumber()
  messages!: number;

  /**
   * What these messages cost, in the unit of `PHONE_PRICES`.
   * @example 3.6
   */
  spent!: number;

  /**
   * The most that may be spent; null: no limit. The last fifth is for recognised devices and server
   * applications.
   * @example 25
   */
  limit!: number | null;
}

export class Spend {
  /** The current hour. It begins with the first message. */
  hour!: SpendWindow;

  /** The current day. It begins with the first message. */
  day!: SpendWindow;
}

export class RefusalCount {
  /**
   * `refused`, `proof_required`, `proof_solved`, or `observed`: sent, but `enforce` would not have
   * sent it at once.
   * @example "refused"
   */
  verdict!: string;

  /**
   * The limit that decided: `recipient`, `network`, `prefix`, `country`, `account`, `application`,
   * `money` or `block`.
   * @example "prefix"
   */
  scope!: string;

  /**
   * The country of the number; `none` for e-mail, `unknown` for a number without one.
   * @example "US"
   */
  country!: string;

  /**
   * In the current hour.
   * @example 4
   */
  @WholeNumber()
  hour!: number;

  /**
   * In the current day.
   * @example 31
   */
  @WholeNumber()
  day!: number;
}

export class FraudReport {
  /**
   * Whether the limits per network, prefix and country are enforced or only recorded.
   * @example "enforce"
   */
  mode!: 'observe' | 'enforce';

  /** The first fifty countries, in the order that was asked for. */
  countries!: NumberUsage[];

  /** The first fifty prefixes. A prefix is a number without its last four digits. */
  prefixes!: NumberUsage[];

  /** The first fifty networks that asked for messages. */
  networks!: ScopeUsage[];

  /** The first fifty applications. */
  applications!: ApplicationUsage[];

  /** Providers and channels, those with the most messages first. */
  providers!: ProviderUsage[];

  /**
   * Since when messages of providers are counted: a day ago, or since the oldest of the newest 50,000
   * messages.
   * @example "2026-11-20T10:00:00.000Z"
   */
  providersSince!: Date;

  /** What messages to phones have cost, and their limits. */
  spend!: Spend;

  /** What was not sent at once, and why. */
  refusals!: RefusalCount[];
}

class FraudTarget {
  /**
   * The beginning of phone numbers, up to a whole number. Give exactly one of `prefix`, `country` and
   * `network`.
   * @example "+1202555"
   */
  @IfGiven()
  @Matches(/^\+[1-9]\d{1,14}$/, { message: 'prefix must be + and 2 to 15 digits.' })
  prefix?: string;

  /**
   * A two-letter country code (ISO 3166).
   * @example "US"
   */
  @IfGiven()
  @IsISO31661Alpha2({ message: 'country must be a two-letter country code in capitals.' })
  country?: string;

  /**
   * An IP address, or a network in CIDR notation: at most an IPv4 /8 or an IPv6 /16.
   * @example "203.0.113.0/24"
   */
  @IfGiven()
  @Matches(/^[0-9a-fA-F.:]{2,45}(\/\d{1,3})?$/, {
    message: 'network must be an IP address or a CIDR network.',
  })
  network?: string;

  /**
   * Why, for other administrators. Up to 200 characters; do not name a person.
   * @example "Pumped numbers since 9 a.m."
   */
  @Matches(/^(?=.*\S)[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]{1,200}$/u, {
    message: 'reason must be 1 to 200 printable characters.',
  })
  reason!: string;
}

const mustBeTime = (field: string) => `${field} must be a time in the future, such as 2026-11-21T10:00:00Z.`;

export class NewBlock extends FraudTarget {
  /**
   * When the block ends by itself: a time in the future.
   * @example "2035-01-01T00:00:00Z"
   */
  @Format('date-time')
  @IsISO8601({ strict: true, strictSeparator: true }, { message: mustBeTime('until') })
  until!: string;
}

export class NewSafeEntry extends FraudTarget {
  /**
   * When the entry ends by itself: a time in the future. Default: it stays until it is removed.
   * @example "2035-01-01T00:00:00Z"
   */
  @IfGiven()
  @Format('date-time')
  @IsISO8601({ strict: true, strictSeparator: true }, { message: mustBeTime('until') })
  until?: string;
}

export class FraudEntry {
  /**
   * Id of the entry.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001"
   */
  @Format('uuid')
  id!: string;

  /**
   * What the entry is about.
   * @example "prefix"
   */
  scope!: 'prefix' | 'country' | 'network';

  /**
   * The prefix, country or network.
   * @example "+1202555"
   */
  value!: string;

  /**
   * Why it was made.
   * @example "Pumped numbers since 9 a.m."
   */
  reason!: string;

  /**
   * When it was made or last replaced.
   * @example "2026-11-21T09:00:00.000Z"
   */
  createdAt!: Date;

  /**
   * When it ends by itself; null: it stays until it is removed.
   * @example "2026-11-21T10:00:00.000Z"
   */
  until!: Date | null;
}
