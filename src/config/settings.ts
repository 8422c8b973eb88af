import { BlockList, isIP } from 'node:net';
import { isSupportedCountry, type CountryCode } from 'libphonenumber-js/max';
import * as z from 'zod';
import { CHANNELS, type Channel } from '../common/delivery.js';
import { LOCALES } from '../common/locale.js';
import { isOrigin } from '../common/origin.js';
import { databaseUrl } from './database-url.js';
import { OtpPolicyError, parseOtpPolicies, type OtpPolicies } from './otp-policies.js';
import { serverUrl } from './server-url.js';
import { parseTestIdentity } from './test-identities.js';

const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);

// The function of libphonenumber-js is not declared as a type guard.
const isCountry = (value: string): value is CountryCode => isSupportedCountry(value);

/** The providers of each channel. `.env.example` lists the settings that each requires. */
export const MAIL_PROVIDERS = ['inbox', 'postmark', 'smtp', 'webhook'] as const;
export const PHONE_PROVIDERS = ['inbox', 'twilio', 'twilio-verify', 'webhook'] as const;
export type MailProvider = (typeof MAIL_PROVIDERS)[number];
export type PhoneProvider = (typeof PHONE_PROVIDERS)[number];

const listOf = <Name extends string>(names: readonly Name[]) =>
  list
    .refine((items): items is Name[] => items.every((item) => names.includes(item as Name)), {
      error: `must list only ${names.join(', ')}`,
    })
    .refine((items) => items.length > 0 && new Set(items).size === items.length, {
      error: 'must list each name once',
    });

/** The pages for people, in the order of the documentation. */
export const PAGES = ['reset', 'undo', 'sign-in', 'account', 'console'] as const;
export type PageName = (typeof PAGES)[number];

/** The pages that messages link to. Production serves only these unless `PAGES` lists others. */
export const LINKED_PAGES = ['reset', 'undo', 'sign-in'] as const satisfies PageName[];

/** `sms,email` for all purposes, and `login:whatsapp` for one purpose. */
const channels = list.transform((items, context) => {
  // Without a prototype, because `constructor` is a possible name of a purpose.
  const purposes = Object.create(null) as Record<string, Channel[]>;
  const offered: { general: Channel[]; purposes: Record<string, Channel[]> } = { general: [], purposes };
  for (const item of items) {
    const [, purpose, channel] = /^(?:([a-z][a-z0-9_]{0,31}):)?([a-z]+)$/.exec(item) ?? [];
    const known = CHANNELS.find((name) => name === channel);
    if (!known) context.addIssue(`must list only ${CHANNELS.join(', ')}, or purpose:channel`);
    else (purpose ? (offered.purposes[purpose] ??= []) : offered.general).push(known);
  }
  if (offered.general.length === 0) offered.general.push('sms', 'email');
  return offered;
});

/** One provider of a country, with its sender number or name. */
export interface SmsRouteEntry {
  provider: PhoneProvider;
  sender?: string;
}

/** `IN:twilio/ACMEIN,webhook;US:twilio`: the SMS providers of each country, in the order to try. */
const smsRoutes = z.string().transform((value, context) => {
  const routes: Partial<Record<CountryCode, SmsRouteEntry[]>> = {};
  for (const item of value.split(';').filter((part) => part.trim())) {
    const [country = '', entries = ''] = item.split(/:(.*)/s).map((part) => part.trim());
    if (!isCountry(country) || routes[country])
      context.addIssue(`must list each country once, by its two-letter code: not ${quotable(country)}`);
    else {
      routes[country] = entries.split(',').map((entry) => {
        const [name = '', sender] = entry.split('/').map((part) => part.trim());
        const provider = PHONE_PROVIDERS.find((known) => known === name);
        if (!provider)
          context.addIssue(`must list only ${PHONE_PROVIDERS.join(', ')}: not ${quotable(name)}`);
        if (sender !== undefined && !/^[A-Za-z0-9 +]{1,34}$/.test(sender))
          context.addIssue(
            'must use senders of letters, digits and blanks: a number, a name or a messaging service',
          );
        return { provider: provider ?? 'inbox', ...(sender && { sender }) };
      });
      if (new Set(routes[country]?.map(({ provider }) => provider)).size !== routes[country]?.length)
        context.addIssue(`must list each provider once for ${country}`);
    }
  }
  return routes;
});

/** Error texts repeat a value only if it looks like a name, because it could be a secret. */
const quotable = (value: string) => (/^[A-Za-z-]{1,20}$/.test(value) ? value : 'this value');

const text = z.string();
const secret = z.string();

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`);

/** An amount of money, in the unit of `PHONE_PRICES`. */
const amount = z
  .string()
  .regex(/^\d{1,9}(\.\d{1,6})?$/, 'must be an amount such as 25 or 12.50')
  .transform(Number)
  .refine((value) => value > 0, 'must be more than 0');

const flag = z.enum(['true', 'false'], 'must be true or false').transform((value) => value === 'true');

const url = (...protocols: string[]) =>
  z.string().refine(
    (value) => {
      return URL.canParse(value) && protocols.includes(new URL(value).protocol);
    },
    `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  );

/** The path may only be the number of a database. */
const redisUrl = serverUrl('redis:', 'rediss:').refine(
  (value) => !URL.canParse(value) || /^\/?\d*$/.test(new URL(value).pathname),
  'must end with the host, the port or the number of a database',
);

const country = z
  .string()
  .transform((value) => value.trim().toUpperCase())
  .refine(isCountry, 'must be a two-letter country code (ISO 3166)');

const countries = list
  .transform((codes) => codes.map((code) => code.toUpperCase()))
  .refine((codes) => codes.every((code) => code === '*' || isCountry(code)), {
    error: 'must list two-letter country codes (ISO 3166) or be *',
  });

const phoneRanges = list.refine((ranges) => ranges.every((range) => /^\+[1-9]\d{1,9}$/.test(range)), {
  error: 'must list ranges of + and 2 to 10 digits, such as +1679',
});

/**
 * A value of Fastify's `trustProxy`. A number of hops is invalid, because it would trust any direct
 * client.
 */
const trustProxy = z
  .string()
  .refine((value) => /^(true|false)$/.test(value) || value.split(',').every(isProxy), {
    error: 'must be false, or the addresses of the proxies, such as 10.0.0.0/8',
  })
  .refine((value) => isFlag(value) || !trustsEverybody(value.split(',')), {
    error: 'must list your proxies, not most of the internet: with it, any client can forge its address',
  })
  .transform((value) => (isFlag(value) ? value === 'true' : value));

const isFlag = (value: string) => value === 'true' || value === 'false';

/** More than a sixteenth of all addresses of a family is not a network of proxies. */
const MAX_SHARE = 1 / 16;

const MAPPED_IPV4 = new BlockList();
MAPPED_IPV4.addSubnet('::ffff:0:0', 96, 'ipv6');

/** Whether the networks together cover too much, for example all addresses in two halves. */
function trustsEverybody(items: string[]): boolean {
  const share = { v4: 0, v6: 0 };
  for (const item of items) {
    const [address = '', bits] = item.trim().split('/');
    const length = bits === undefined ? 128 : Number(bits);
    if (isIP(address) === 4) share.v4 += bits === undefined ? 0 : 2 ** -length;
    else if (isIP(address) === 6) {
      share.v6 += 2 ** -length;
      // A network inside ::ffff:0:0/96 is one of IPv4 addresses.
      if (length >= 96 && MAPPED_IPV4.check(address, 'ipv6')) share.v4 += 2 ** (96 - length);
    }
  }
  return share.v4 >= MAX_SHARE || share.v6 >= MAX_SHARE;
}

function isProxy(item: string): boolean {
  const [address = '', bits, ...rest] = item.trim().split('/');
  if (/^(loopback|linklocal|uniquelocal)$/.test(item.trim())) return true;
  const isAddress = isIP(address) > 0 && rest.length === 0;
  // The network of all addresses (/0) would trust every client.
  const maxBits = isIP(address) === 4 ? 32 : 128;
  return isAddress && (bits === undefined || (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= maxBits));
}

const origins = list.refine((items) => items.every((item) => item === '*' || isOrigin(item)), {
  error:
    'must list origins as browsers send them, such as https://app.example.com, capacitor://localhost ' +
    'or https://*.example.com',
});

/** Custom purposes that clients may use at `/otp`. */
const purposes = list.refine((names) => names.every((name) => /^([a-z][a-z0-9_]{0,31}|\*)$/.test(name)), {
  error: 'must list names of up to 32 lower-case letters, digits and _, or be *',
});

const otpPolicies = z.string().transform((value, context): OtpPolicies => {
  try {
    return parseOtpPolicies(value);
  } catch (error) {
    if (!(error instanceof OtpPolicyError)) throw error;
    context.addIssue(error.message);
    return z.NEVER;
  }
});

const testIdentities = list.transform((items, context) =>
  items.flatMap((item) => {
    const identity = parseTestIdentity(item);
    if (!identity)
      context.addIssue(
        'must list identities such as review@example.com=123456@2026-12-31 or +1555555*=123456',
      );
    return identity ?? [];
  }),
);

/** Risks that production refuses unless `ACCEPT_RISKS` names them. */
export const RISKS = ['no-ip-limit', 'no-resend-wait', 'plaintext-redis', 'plaintext-database'] as const;
export type Risk = (typeof RISKS)[number];

const risks = list.refine((items): items is Risk[] => items.every((item) => RISKS.includes(item as Risk)), {
  error: `must list only ${RISKS.join(', ')}`,
});

const EMAIL = /^[^\s<>@"]+@[^\s<>@"]+$/;

/** The value of `Contact` in security.txt (RFC 9116, section 2.5.3): a URI, https: if it is a page. */
const securityContact = text
  .transform((value) => (EMAIL.test(value) && !value.includes(':') ? `mailto:${value}` : value))
  .refine((value) => /^(mailto:[^\s<>@"]+@[^\s<>@"]+|tel:\+[\d-]+)$/.test(value) || isHttpsUrl(value), {
    error: 'must be an e-mail address or an https: URL',
  });

function isHttpsUrl(value: string): boolean {
  return /^https:\/\/\S+$/.test(value) && URL.canParse(value);
}

/** Without credentials, because links and tokens repeat this URL. */
function hasNoCredentials(value: string): boolean {
  if (!URL.canParse(value)) return true;
  const { username, password } = new URL(value);
  return !username && !password && !/^[^/]*\/\/[^/]*@/.test(value);
}
const NO_CREDENTIALS = 'must not contain a user name or password';

/** A page that links open with a token in the fragment. */
const pageUrl = url('http:', 'https:')
  .refine((value) => !value.includes('#'), 'must not have a fragment, because the token is added as one')
  .refine(hasNoCredentials, NO_CREDENTIALS);

/** Appears in subjects and text messages, so it must not contain line breaks or links. */
export const BRAND_NAME = /^[\p{L}\p{M}\p{N}&'+. -]{1,32}$/u;

const name = text.regex(BRAND_NAME, "must be up to 32 letters, digits, blanks and any of &'+.-");

/** All settings with their defaults. `.env.example` documents them. */
export const settings = {
  NODE_ENV: z
    .enum(['development', 'test', 'production'], 'must be development, test or production')
    .default('development'),
  PORT: integer(0, 65535).default(3000),
  HOST: text.optional(),
  PUBLIC_URL: url('http:', 'https:')
    .refine((value) => !/[?#]/.test(value), 'must end with its host or a path')
    .refine(hasNoCredentials, NO_CREDENTIALS)
    .optional(),
  LOG_LEVEL: z
    .enum(
      ['fatal', 'error', 'warn', 'info', 'debug', 'silent'],
      'must be fatal, error, warn, info, debug or silent',
    )
    .default('info'),
  TRUST_PROXY: trustProxy.default(false),
  CORS_ORIGINS: origins.default([]),
  API_ACCESS: z.enum(['open', 'applications'], 'must be open or applications').default('open'),
  IP_RATE_LIMIT: integer(0, 1_000_000).default(100),
  METRICS_TOKEN: secret.optional(),
  DOCS: z
    .enum(['on', 'off'], 'must be on or off')
    .default('on')
    .transform((value) => value === 'on'),
  SECURITY_CONTACT: securityContact.optional(),
  ACCEPT_RISKS: risks.default([]),

  DATABASE_URL: databaseUrl.optional(),
  DATABASE_POOL_SIZE: integer(1, 100).default(8),
  DATA_DIR: text.default('.data'),
  REDIS_URL: redisUrl.optional(),

  APP_SECRET: secret.optional(),
  APP_SECRET_PREVIOUS: secret.optional(),
  APP_SECRET_NEXT: secret.optional(),
  TOKEN_AUDIENCE: text.optional(),
  ACCESS_TOKEN_TTL_SECONDS: integer(60, 3600).default(900),
  REFRESH_TOKEN_TTL_SECONDS: integer(3600, 30 * 86_400).default(30 * 86_400),
  // Longer is useless, because a session ends after 14 days without a refresh.
  REFRESH_RETRY_SECONDS: integer(0, 14 * 86_400).default(86_400),

  BCRYPT_COST: integer(4, 15).default(10),
  PASSWORD_MIN_LENGTH: integer(8, 64).default(8),
  RESET_URL: pageUrl.optional(),
  SIGN_IN_URL: pageUrl.optional(),
  PAGES: listOf(PAGES).optional(),
  SIGN_UP_ON_VERIFY: flag.default(false),
  CUSTOMERS_PER_USER: integer(1, 1_000_000).default(10_000),

  OTP_LENGTH: integer(4, 10).default(6),
  OTP_TTL_SECONDS: integer(30, 600).default(300),
  OTP_RESEND_SECONDS: integer(0, 600).default(60),
  OTP_MAX_ATTEMPTS: integer(1, 10).default(3),
  OTP_POLICIES: otpPolicies.default(new Map()),
  OTP_EXPOSE_CODE: flag.default(false),
  OTP_PURPOSES: purposes.optional(),
  TEST_IDENTITIES: testIdentities.default([]),
  PHONE_DEFAULT_COUNTRY: country.optional(),
  PHONE_EXTRA_RANGES: phoneRanges.default([]),
  SMS_ALLOWED_COUNTRIES: countries.default(['*']),

  FRAUD_MODE: z.enum(['observe', 'enforce'], 'must be observe or enforce').optional(),
  PHONE_PRICES: text.optional(),
  PHONE_SPEND_PER_HOUR: amount.optional(),
  PHONE_SPEND_PER_DAY: amount.optional(),

  MESSAGE_RETENTION_DAYS: integer(1, 3650).default(30),
  DEFAULT_LOCALE: z.enum(LOCALES, `must be one of ${LOCALES.join(', ')}`).default('en'),
  BRAND_NAME: name.optional(),
  BRAND_COLOR: text.regex(/^#[0-9a-f]{6}$/i, 'must be a colour such as #0f62fe').optional(),
  SUPPORT_EMAIL: text.regex(EMAIL, 'must be an e-mail address').optional(),
  TEMPLATES_DIR: text.optional(),
  ANDROID_APP_HASH: text.regex(/^[A-Za-z0-9+/]{11}$/, 'must be the 11 characters of an app hash').optional(),

  OTP_CHANNELS: channels.default({ general: ['sms', 'email'], purposes: {} }),

  MAIL_PROVIDER: z.enum(MAIL_PROVIDERS, `must be one of ${MAIL_PROVIDERS.join(', ')}`).default('inbox'),
  MAIL_PROVIDERS: listOf(MAIL_PROVIDERS).optional(),
  MAIL_FROM: text.regex(/^[^\r\n]*[^\s<>@]+@[^\s<>@]+>?$/, 'must be an e-mail address').optional(),
  POSTMARK_SERVER_TOKEN: secret.optional(),
  POSTMARK_MESSAGE_STREAM: text.default('outbound'),
  POSTMARK_API_URL: url('http:', 'https:').optional(),
  POSTMARK_WEBHOOK_USER: text.regex(/^[^:]*$/, 'must not contain a colon').optional(),
  POSTMARK_WEBHOOK_PASSWORD: secret.optional(),
  SMTP_URL: serverUrl('smtp:', 'smtps:').optional(),
  SMTP_MAX_CONNECTIONS: integer(1, 64).default(3),
  SMTP_CA_FILE: text.optional(),
  SMTP_OAUTH2_USER: text.optional(),
  SMTP_OAUTH2_CLIENT_ID: text.optional(),
  SMTP_OAUTH2_CLIENT_SECRET: secret.optional(),
  SMTP_OAUTH2_REFRESH_TOKEN: secret.optional(),
  SMTP_OAUTH2_TOKEN_URL: url('http:', 'https:').optional(),

  SMS_PROVIDER: z.enum(PHONE_PROVIDERS, `must be one of ${PHONE_PROVIDERS.join(', ')}`).default('inbox'),
  SMS_PROVIDERS: listOf(PHONE_PROVIDERS).optional(),
  SMS_ROUTES: smsRoutes.default({}),
  WHATSAPP_PROVIDERS: listOf(PHONE_PROVIDERS).optional(),
  VOICE_PROVIDERS: listOf(PHONE_PROVIDERS).optional(),
  RECEIPT_TIMEOUT_SECONDS: integer(0, 300).default(0),
  TWILIO_ACCOUNT_SID: z.string().startsWith('AC', 'must start with AC').optional(),
  TWILIO_AUTH_TOKEN: secret.optional(),
  TWILIO_FROM: text.optional(),
  TWILIO_MESSAGING_SERVICE_SID: z.string().startsWith('MG', 'must start with MG').optional(),
  TWILIO_WHATSAPP_FROM: text
    .regex(/^(whatsapp:)?\+\d{7,15}$/, 'must be a number such as +14155550100')
    .optional(),
  TWILIO_WHATSAPP_CONTENT_SID: z.string().startsWith('HX', 'must start with HX').optional(),
  TWILIO_VOICE_FROM: text.regex(/^\+\d{7,15}$/, 'must be a number such as +14155550100').optional(),
  TWILIO_VERIFY_SERVICE_SID: z.string().startsWith('VA', 'must start with VA').optional(),
  TWILIO_API_URL: url('http:', 'https:').optional(),

  WEBHOOK_URL: url('http:', 'https:').optional(),
  WEBHOOK_SECRET: text
    .regex(
      /^(whsec_)?[A-Za-z0-9+/]{32,88}={0,2}$/,
      'must be 24 to 64 bytes in base64: openssl rand -base64 32',
    )
    .optional(),
};

export type SettingName = keyof typeof settings;
export type Settings = { readonly [Name in SettingName]: z.output<(typeof settings)[Name]> };
