import { applyDecorators } from '@nestjs/common';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsOptional,
  Matches,
  ValidateBy,
} from 'class-validator';
import { isSupportedCountry } from 'libphonenumber-js/max';
import { CHANNELS, type Channel } from '../common/delivery.js';
import { HOST_NAME, isOrigin } from '../common/origin.js';
import { BRAND_NAME } from '../config/settings.js';
import { WholeNumber } from '../http/formats.js';
import { IfGiven } from '../http/if-given.js';
import { PageLimit } from '../http/pagination.js';
import { IsLimits } from './is-limits.js';

const MAX_ITEMS = 250;
const KINDS = ['server', 'browser'] as const;

/** A list of different values that fulfil `isValid`. */
function ListOf(isValid: (item: unknown) => boolean, items: string): PropertyDecorator {
  return applyDecorators(
    ValidateBy(
      { name: 'items', validator: { validate: isValid } },
      { each: true, message: `$property must list ${items}.` },
    ),
    ArrayUnique({ message: '$property must list each value once.' }),
    ArrayMaxSize(MAX_ITEMS, { message: `$property must have at most ${MAX_ITEMS} entries.` }),
    IsArray({ message: '$property must be a list.' }),
  );
}

const isString = (item: unknown): item is string => typeof item === 'string';

/** Null allows everything; an empty list would allow nothing. */
function NotEmpty(): PropertyDecorator {
  return ArrayNotEmpty({ message: '$property must not be empty. Use null to allow everything.' });
}

export class ApplicationLimitFields {
  /**
   * Messages in a minute.
   * @example 600
   */
  @WholeNumber()
  messagesPerMinute?: number;

  /**
   * Messages in a day. Null: no limit.
   * @example 10000
   */
  @WholeNumber()
  messagesPerDay?: number | null;

  /**
   * Money in a day, in the unit of `PHONE_PRICES`. Null: no limit.
   * @example null
   */
  spendPerDay?: number | null;
}

class ApplicationFields {
  /**
   * The purposes it may use at `/otp`. Null: all.
   * @example ["verification"]
   */
  @IsOptional()
  @NotEmpty()
  @ListOf((item) => isString(item) && /^[a-z][a-z0-9_]{0,31}$/.test(item), 'names of purposes')
  purposes?: string[] | null;

  /**
   * The channels it may send by. Null: all.
   * @example ["email", "sms"]
   */
  @IsOptional()
  @NotEmpty()
  @ListOf((item) => CHANNELS.some((channel) => channel === item), 'sms, email, whatsapp or voice')
  channels?: Channel[] | null;

  /**
   * The countries of the phone numbers it may send to (ISO 3166). Null: all that this server sends to.
   * @example ["IN", "US"]
   */
  @IsOptional()
  @NotEmpty()
  @ListOf((item) => isString(item) && isSupportedCountry(item), 'two-letter country codes, such as US')
  countries?: string[] | null;

  /**
   * The pages that may use a browser application: origins such as `https://app.example.com` or
   * `https://*.example.com`. A server application has none.
   * @example []
   */
  @IfGiven()
  @ListOf((item) => isString(item) && isOrigin(item), 'origins, such as https://app.example.com')
  origins?: string[];

  /**
   * `aud` of its proofs. Null: the audience of this server.
   * @example "https://api.example.com"
   */
  @IsOptional()
  @Matches(/^[\x21-\x7e]{1,256}$/, { message: 'audience must be up to 256 ASCII characters without blanks.' })
  audience?: string | null;

  /**
   * The sender's name in its messages. Null: that of this server.
   * @example "Acme"
   */
  @IsOptional()
  @Matches(BRAND_NAME, { message: "brandName must be up to 32 letters, digits, blanks and any of &'+.-" })
  brandName?: string | null;

  /**
   * The host that the last line of its SMS names, so that its page can read the code:
   * `@shop.example.com #123456`. Chrome fills in the code only at exactly this host, Safari also at
   * its sub-domains. It must be the host of one of the origins, or a parent domain of it. Null: the
   * host of this server.
   * @example null
   */
  @IsOptional()
  @Matches(HOST_NAME, { message: 'smsHost must be a host name, such as shop.example.com.' })
  smsHost?: string | null;

  /** How much it may send. Limits that are not given keep their values; a new one has 600 a minute. */
  @IfGiven()
  @IsLimits()
  limits?: ApplicationLimitFields;
}

const Name = () =>
  Matches(/^(?! *$)[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]{1,100}$/u, {
    message: 'name must be 1 to 100 printable characters.',
  });

export class NewApplication extends ApplicationFields {
  /**
   * A name for administrators.
   * @example "Shop"
   */
  @Name()
  name!: string;

  /**
   * `server` has a secret. `browser` is a page or an app, which cannot keep one.
   * @example "server"
   */
  @IsIn(KINDS, { message: 'kind must be server or browser.' })
  kind!: (typeof KINDS)[number];
}

export class ChangedApplication extends ApplicationFields {
  /**
   * A name for administrators.
   * @example "Shop"
   */
  @IfGiven()
  @Name()
  name?: string;

  /**
   * True: its requests are refused until it is enabled again.
   * @example true
   */
  @IfGiven()
  @IsBoolean({ message: 'disabled must be true or false.' })
  disabled?: boolean;
}

export class NewSecret {
  /**
   * True: the secret until now ends at once. False: it ends after 24 hours.
   * @example false
   */
  @IfGiven()
  @IsBoolean({ message: 'revokePrevious must be true or false.' })
  revokePrevious?: boolean;
}

export class ApplicationQuery extends PageLimit {
  /**
   * The end of the previous page, from its `Link` header.
   */
  @IfGiven()
  @Matches(/^app_[\w-]{22,64}$/, { message: 'cursor must come from the Link header of this list.' })
  cursor?: string;
}

/** How much an application may send. */
export class ApplicationLimitValues {
  /** @example 600 */
  @WholeNumber()
  messagesPerMinute!: number;

  /**
   * Null: no limit.
   * @example null
   */
  @WholeNumber()
  messagesPerDay!: number | null;

  /**
   * In the unit of `PHONE_PRICES`. Null: no limit.
   * @example null
   */
  spendPerDay!: number | null;
}

export class Application {
  /**
   * Its id, which is not secret: the user name of HTTP Basic, or `X-Application-Id` of a browser.
   * @example "app_0mfx2k1p93f9cZ0pYbq2uXkR1sT7vWw"
   */
  id!: string;

  /** @example "Shop" */
  name!: string;

  /** @example "server" */
  kind!: 'server' | 'browser';

  /**
   * Null: all.
   * @example null
   */
  purposes!: string[] | null;

  /**
   * Null: all.
   * @example null
   */
  channels!: Channel[] | null;

  /**
   * Null: all that this server sends to.
   * @example null
   */
  countries!: string[] | null;

  /** @example [] */
  origins!: string[];

  /**
   * `aud` of its proofs. Null: the audience of this server.
   * @example "https://api.example.com"
   */
  audience!: string | null;

  /**
   * The sender's name in its messages. Null: that of this server.
   * @example "Acme"
   */
  brandName!: string | null;

  /**
   * The host in the last line of its SMS. Null: that of this server.
   * @example null
   */
  smsHost!: string | null;

  /** How much it may send. */
  limits!: ApplicationLimitValues;

  /** @example "2026-11-21T10:00:00.000Z" */
  createdAt!: Date;

  /**
   * When it was disabled; null if it is not.
   * @example null
   */
  disabledAt!: Date | null;

  /**
   * Until when the secret before the current one is accepted; null if there is none.
   * @example null
   */
  previousSecretExpiresAt!: Date | null;
}

export class ApplicationWithSecret extends Application {
  /**
   * The secret of a server application. It is not stored and cannot be read again.
   * @example "app_secret_N2Zlbm0uZXhhbXBsZS1vbmx5LW5vdC1hLXNlY3JldC4"
   */
  @IsOptional()
  secret?: string;
}
