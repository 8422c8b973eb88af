import Negotiator from 'negotiator';
import { countryOf, type Recipient } from './recipient.js';

/** The languages of our messages. */
export const LOCALES = ['en', 'de', 'fr', 'es', 'pt', 'it', 'tr', 'hi', 'ar', 'zh'] as const;
export type Locale = (typeof LOCALES)[number];

/** More than any tag in use has, and little enough for a parser. */
const MAX_TAG = 35;
const MAX_HEADER = 256;

/** The language of ours that a BCP 47 tag asks for (`pt-BR` is `pt`), if it is one and we have it. */
export function supportedLocale(tag: string | undefined): Locale | undefined {
  const language = LOCALES.find((locale) => locale === tag) ?? parseTag(tag)?.language;
  return LOCALES.find((locale) => locale === language);
}

/** The first language of ours in an Accept-Language header; `*`, which many programs send, asks for none. */
export function localeFromHeader(header: string | undefined): Locale | undefined {
  if (header === undefined) return undefined;
  const tags = new Negotiator({ headers: { 'accept-language': header.slice(0, MAX_HEADER) } }).languages();
  return tags.map(supportedLocale).find((locale) => locale !== undefined);
}

/** What nearly everybody reads in the country of a phone number. */
export function localeOfRecipient(recipient: Recipient): Locale | undefined {
  const country = countryOf(recipient);
  return country && LOCALE_OF.get(country);
}

/**
 * One language each. Countries of several, such as Belgium, Canada and India, are left to `DEFAULT_LOCALE` on purpose:
 * an operator there knows better, and a wrong guess is worse than none.
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
