import { isIP } from 'node:net';
import { isSupportedCountry, type CountryCode } from 'libphonenumber-js/max';
import { z } from 'zod';

const text = z.string();
const secret = z.string();

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`);

const flag = z.enum(['true', 'false'], 'must be true or false').transform((value) => value === 'true');

const url = (...protocols: string[]) =>
  z.string().refine(
    (value) => {
      return URL.canParse(value) && protocols.includes(new URL(value).protocol);
    },
    `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  );

const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);

// libphonenumber-js declares it as a plain boolean function.
const isCountry = (value: string): value is CountryCode => isSupportedCountry(value);

const country = z
  .string()
  .transform((value) => value.trim().toUpperCase())
  .refine(isCountry, 'must be a two-letter country code (ISO 3166)');

const countries = list
  .transform((codes) => codes.map((code) => code.toUpperCase()))
  .refine((codes) => codes.every((code) => code === '*' || isCountry(code)), {
    error: 'must list two-letter country codes (ISO 3166), or be *',
  });

/** The values of Fastify's `trustProxy`. A number of hops is none: it would trust whoever connects directly. */
const trustProxy = z
  .string()
  .refine((value) => /^(true|false)$/.test(value) || value.split(',').every(isProxy), {
    error: 'must be false or the addresses of the proxies in front, such as 10.0.0.0/8',
  })
  .transform((value) => (/^(true|false)$/.test(value) ? value === 'true' : value));

function isProxy(item: string): boolean {
  const [address = '', bits, ...rest] = item.trim().split('/');
  if (/^(loopback|linklocal|uniquelocal)$/.test(item.trim())) return true;
  const isAddress = isIP(address) > 0 && rest.length === 0;
  // A network of all addresses (/0) would trust everybody.
  const mostBits = isIP(address) === 4 ? 32 : 128;
  return isAddress && (bits === undefined || (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= mostBits));
}

const origins = list.refine((items) => items.every((item) => item === '*' || isOrigin(item)), {
  error: 'must list origins such as https://app.example.com',
});

function isOrigin(item: string): boolean {
  return URL.canParse(item) && new URL(item).origin === item;
}

/** Purposes of the caller's own that `/otp` may be asked for. */
const purposes = list.refine((names) => names.every((name) => /^([a-z][a-z0-9_]{0,31}|\*)$/.test(name)), {
  error: 'must list names of lower-case letters, digits and _ (32 at most), or be *',
});

/** Every setting by its own name, with its default. `.env.example` says what each is for. */
export const settings = {
  NODE_ENV: z
    .enum(['development', 'test', 'production'], 'must be development, test or production')
    .default('development'),
  PORT: integer(0, 65535).default(3000),
  HOST: text.optional(),
  PUBLIC_URL: url('http:', 'https:').optional(),
  LOG_LEVEL: z
    .enum(
      ['fatal', 'error', 'warn', 'info', 'debug', 'silent'],
      'must be fatal, error, warn, info, debug or silent',
    )
    .default('info'),
  TRUST_PROXY: trustProxy.default(false),
  CORS_ORIGINS: origins.default([]),
  IP_RATE_LIMIT: integer(0, 1_000_000).default(100),

  DATABASE_URL: url('postgres:', 'postgresql:').optional(),
  DATABASE_POOL_SIZE: integer(1, 100).default(8),
  DATA_DIR: text.default('.data'),

  APP_SECRET: secret.optional(),
  APP_SECRET_PREVIOUS: secret.optional(),
  TOKEN_AUDIENCE: text.optional(),
  BCRYPT_COST: integer(4, 15).default(10),

  OTP_LENGTH: integer(4, 10).default(6),
  OTP_TTL_SECONDS: integer(30, 600).default(300),
  OTP_RESEND_SECONDS: integer(0, 600).default(60),
  OTP_MAX_ATTEMPTS: integer(1, 10).default(3),
  OTP_EXPOSE_CODE: flag.default(false),
  OTP_PURPOSES: purposes.optional(),
  PHONE_DEFAULT_COUNTRY: country.optional(),
  SMS_ALLOWED_COUNTRIES: countries.default(['*']),

  MAIL_PROVIDER: z.enum(['inbox', 'postmark'], 'must be inbox or postmark').default('inbox'),
  MAIL_FROM: text.regex(/^[^\r\n]*[^\s<>@]+@[^\s<>@]+>?$/, 'must be an e-mail address').optional(),
  POSTMARK_SERVER_TOKEN: secret.optional(),
  POSTMARK_MESSAGE_STREAM: text.default('outbound'),
  POSTMARK_API_URL: url('http:', 'https:').optional(),

  SMS_PROVIDER: z.enum(['inbox', 'twilio'], 'must be inbox or twilio').default('inbox'),
  TWILIO_ACCOUNT_SID: z.string().startsWith('AC', 'must start with AC').optional(),
  TWILIO_AUTH_TOKEN: secret.optional(),
  TWILIO_FROM: text.optional(),
  TWILIO_MESSAGING_SERVICE_SID: z.string().startsWith('MG', 'must start with MG').optional(),
  TWILIO_API_URL: url('http:', 'https:').optional(),
};

export type SettingName = keyof typeof settings;
export type Settings = { readonly [Name in SettingName]: z.output<(typeof settings)[Name]> };
