import Negotiator from 'negotiator';
import { countryOf, type Recipient } from './recipient.js';

/** The languages of messages. */
export const LOCALES = ['en', 'de', 'fr', 'es', 'pt', 'it', 'tr', 'hi', 'ar', 'zh'] as const;
export type Locale = (typeof LOCALES)[number];

/** Longer than any tag in use, and short enough to parse quickly. */
const MAX_TAG = 35;
const MAX_HEADER = 256;

/**
 * The supported language of a BCP 47 tag (`pt` for `pt-BR`). Undefined for invalid or unsupported
 * tags.
 */
export function supportedLocale(tag: string | undefined): Locale | undefined {
  const language = LOCALES.find((locale) => locale === tag) ?? parseTag(tag)?.language;
  return LOCALES.find((locale) => locale === language);
}

/**
 * The first supported language in an Accept-Language header. `*`, which many programs send, selects
 * none.
 */
export function localeFromHeader(header: string | undefined): Locale | undefined {
  if (header === undefined) return undefined;
  const tags = new Negotiator({ headers: { 'accept-language': header.slice(0, MAX_HEADER) } }).languages();
  return tags.map(supportedLocale).find((locale) => locale !== undefined);
}

/** The main language in the country of a phone number, if there is one. */
export function localeOfRecipient(recipient: Recipient): Locale | undefined {
  const country = countryOf(recipient);
  return country && LOCALE_OF.get(country);
}

/**
 * Countries with one main language. Countries with several, such as Belgium, Canada and India, get
 * `DEFAULT_LOCALE`: the operator knows the users better, and a wrong guess is worse than none.
 */
const COUNTRIES: Record<Locale, string> = {
  en: 'US GB IE AU NZ JM BS BB TT GY BZ GI',
  de: 'DE AT LI',
  fr: 'FR MC GP MQ GF RE YT PM BL MF NC PF WF',
  es: 'ES MX AR CO CL PE VE EC GT CU BO DO HN PY SV NI CR PA UY PR GQ',
  pt: 'PT BR AO MZ CV ST',
  it: 'IT SM VA',
  tr: 'TR',
  hi: '',
  ar: 'SA AE EG JO KW BH QA OM YE IQ SY LB PS LY',
  zh: 'CN',
};

const LOCALE_OF = new Map<string, Locale>(
  LOCALES.flatMap((locale) => COUNTRIES[locale].split(' ').map((country) => [country, locale] as const)),
);

export function parseTag(tag: string | undefined): Intl.Locale | undefined {
  if (tag === undefined || tag.length > MAX_TAG) return undefined;
  try {
    return new Intl.Locale(tag);
  } catch {
    return undefined;
  }
}
