import { domainToASCII, domainToUnicode } from 'node:url';
import { isFQDN } from 'class-validator';
import { LRUCache } from 'lru-cache';
import { parsePhoneNumberFromString, type CountryCode, type PhoneNumber } from 'libphonenumber-js/max';
import { canonicalNumber } from './phone-spellings.js';

/** The canonical address of a recipient: `email:ada@example.com` or `phone:+14155550123`. */
export type Recipient = `email:${string}` | `phone:${string}`;

export function addressOf(recipient: Recipient): string {
  return recipient.slice(6);
}

export function isPhone(recipient: Recipient): boolean {
  return recipient.startsWith('phone:');
}

/** Parsed numbers. A request asks for several properties of one number. */
const numbers = new LRUCache<Recipient, PhoneNumber>({ max: 1_000 });

function phoneNumber(recipient: Recipient): PhoneNumber | undefined {
  if (!isPhone(recipient)) return undefined;
  const number = numbers.get(recipient) ?? parsePhoneNumberFromString(addressOf(recipient));
  if (number) numbers.set(recipient, number);
  return number;
}

/** The country of a phone number. */
export function countryOf(recipient: Recipient): CountryCode | undefined {
  return phoneNumber(recipient)?.country;
}

/** Whether a phone number can be called but gets no SMS and no WhatsApp message. */
export function isFixedLine(recipient: Recipient): boolean {
  return phoneNumber(recipient)?.getType() === 'FIXED_LINE';
}

/** The address as shown to the client that requested a code: `a•••@example.com`, `+14•••••23`. */
export function maskedAddress(recipient: Recipient): string {
  const address = addressOf(recipient);
  if (isPhone(recipient)) return address.slice(0, 3) + '•'.repeat(address.length - 5) + address.slice(-2);
  const at = address.lastIndexOf('@');
  return address.slice(0, 1) + '•••' + address.slice(at);
}

/** The beginning of an address, masked like the address: `a•••@exam`, `+14•••`. */
export function maskedSearch(text: string): string {
  const at = text.lastIndexOf('@');
  const end = at > 0 ? text.slice(at) : '';
  // By characters, because half of one cannot be stored.
  const start = [...text].slice(0, text.startsWith('+') ? 3 : 1);
  return start.join('') + '•••' + end;
}

/** Longer than any address that people type. Parsing 100 kB would take minutes. */
const MAX_INPUT = 320;

/** The mailbox syntax that Postmark delivers to. It excludes the quoted form of RFC 5321. */
const MAILBOX = /^[a-z0-9!#$%&'*+\-/=^_`{|}~]+(\.[a-z0-9!#$%&'*+\-/=^_`{|}~]+)*$/;

/** Blanks and invisible characters, which come along when an address is copied. */
const UNSEEN = '[\\p{White_Space}\\p{Cf}\\p{Default_Ignorable_Code_Point}]';
const AROUND = new RegExp(`^${UNSEEN}+|${UNSEEN}+$`, 'gu');

/** In characters. RFC 5321, section 4.5.3.1, counts two more for the brackets around an address. */
const MAX_MAILBOX = 64;
const MAX_ADDRESS = 254;

/** Typed domain to canonical domain. Most people share a few domains. */
const domains = new LRUCache<string, string>({ max: 1_000 });

/**
 * Parses exactly one addr-spec (RFC 5322, section 3.4.1) and lower-cases it, with the domain in
 * ASCII (UTS 46). Ignores `mailto:`, and blanks and invisible characters around the address. Returns
 * null for names, lists, quotes, comments and non-ASCII mailboxes.
 */
export function parseEmail(text: string): Recipient | null {
  if (text.length > MAX_INPUT) return null;
  const address = withoutScheme(text.replace(AROUND, ''));
  const at = address.lastIndexOf('@');
  // Lower-case only after the ASCII check: toLowerCase() would turn U+212A (Kelvin) into k.
  const mailbox = address.slice(0, at);
  if (at < 0 || !/^[\x21-\x7e]+$/.test(mailbox) || !MAILBOX.test(mailbox.toLowerCase())) return null;
  const domain = domainOf(address.slice(at + 1));
  if (!domain || mailbox.length > MAX_MAILBOX || mailbox.length + 1 + domain.length > MAX_ADDRESS)
    return null;
  return `email:${mailbox.toLowerCase()}@${domain}`;
}

/**
 * The address of a `mailto:` link (RFC 6068), or '' if the link has more than an address. In a link,
 * `?`, `#` and `%` have a meaning. Read as part of the mailbox, they would name another mailbox.
 */
function withoutScheme(text: string): string {
  if (!/^mailto:/i.test(text)) return text;
  return /[?#%]/.test(text) ? '' : text.slice('mailto:'.length).replace(AROUND, '');
}

/** Punycode that could not be decoded. Node 24 returns it unchanged, Node 20 and 22 reject it. */
const UNDECODED = /(^|\.)xn--/;

/** The domain in ASCII, or '' if it is invalid. */
function domainOf(typed: string): string {
  let domain = domains.get(typed);
  if (domain === undefined) {
    domain = /^[\p{L}\p{M}\p{N}.-]+$/u.test(typed) ? domainToASCII(typed) : '';
    if (!isFQDN(domain) || UNDECODED.test(domainToUnicode(domain))) domain = '';
    domains.set(typed, domain);
  }
  return domain;
}

/** Invisible marks that some address books put around numbers. */
const BIDI_MARKS = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/**
 * The characters of a number after full-width forms are folded: digits of one script, and
 * separators.
 */
const ONE_SCRIPT = /^(?:[0-9 ().\-/+]+|[\u0660-\u0669 ().\-/+]+|[\u06f0-\u06f9 ().\-/+]+)$/;
/**
 * The types of numbers that a person receives messages or calls at. Personal, toll-free,
 * premium-rate, shared-cost and VoIP numbers, pagers and voicemail are left out: they cost extra,
 * or their holders earn from each call, or they receive no message.
 */
const ACCEPTED_TYPES = new Set(['MOBILE', 'FIXED_LINE_OR_MOBILE', 'FIXED_LINE']);

/**
 * Parses a phone number into E.164 with its country. All spellings of a number give the same
 * recipient. Returns null for impossible numbers, extensions, mixed scripts, satellite phones and
 * numbers that are neither mobile nor fixed lines. A national number needs `defaultCountry`. A
 * number in one of `extraRanges`, which libphonenumber may not know yet, has no country.
 */
export function parsePhone(
  text: string,
  defaultCountry?: CountryCode,
  extraRanges: readonly string[] = [],
): { recipient: Recipient; country?: CountryCode } | null {
  if (text.length > MAX_INPUT) return null;
  const plain = text
    .normalize('NFKC')
    .replace(BIDI_MARKS, '')
    .replace(/[\u2010-\u2015\u2212]/g, '-')
    .trim()
    .replace(/^(?:tel|whatsapp): */i, '');
  if (!ONE_SCRIPT.test(plain)) return null;
  // Nearly every country uses the international prefix 00. No national number starts with it. People
  // also put brackets around the country code.
  const dialled = plain.replace(/^\(?(?:00|\+)[ ().\-/]*(?=[1-9])/, '+');
  const parsed = parsePhoneNumberFromString(dialled, { defaultCountry, extract: false });
  if (!parsed || parsed.ext) return null;
  const number = canonicalNumber(parsed);
  const recipient: Recipient = `phone:${number.number}`;
  const type = number.isValid() ? number.getType() : undefined;
  if (type && !ACCEPTED_TYPES.has(type)) return null;
  if (extraRanges.some((range) => number.number.startsWith(range)))
    return number.isPossible() ? { recipient } : null;
  // A satellite number has no country, so SMS_ALLOWED_COUNTRIES cannot allow it.
  return type && number.country ? { recipient, country: number.country } : null;
}
