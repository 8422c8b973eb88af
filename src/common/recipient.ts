import { domainToASCII, domainToUnicode } from 'node:url';
import { isFQDN } from 'class-validator';
import { LRUCache } from 'lru-cache';
import { parsePhoneNumberFromString, type CountryCode, type PhoneNumber } from 'libphonenumber-js/max';

/** An address we send to, canonical: `email:ada@example.com` or `phone:+14155550123`. */
export type Recipient = `email:${string}` | `phone:${string}`;

export function addressOf(recipient: Recipient): string {
  return recipient.slice(6);
}

export function isPhone(recipient: Recipient): boolean {
  return recipient.startsWith('phone:');
}

/** The country of a phone number. */
export function countryOf(recipient: Recipient): CountryCode | undefined {
  return isPhone(recipient) ? parsePhoneNumberFromString(addressOf(recipient))?.country : undefined;
}

/** The address as it may be shown to whoever asked for a code: `a•••@example.com`, `+14•••••23`. */
export function maskedAddress(recipient: Recipient): string {
  const address = addressOf(recipient);
  if (isPhone(recipient)) return address.slice(0, 3) + '•'.repeat(address.length - 5) + address.slice(-2);
  const at = address.lastIndexOf('@');
  return address.slice(0, 1) + '•••' + address.slice(at);
}

/** Longer than any address as people write it; what follows would take minutes over 100 kB. */
const MAX_TYPED = 320;

/** Characters of a mailbox that Postmark delivers to, without the quoted form of RFC 5321. */
const MAILBOX = /^[a-z0-9!#$%&'*+\-/=^_`{|}~]+(\.[a-z0-9!#$%&'*+\-/=^_`{|}~]+)*$/;

/** In characters: RFC 5321, section 4.5.3.1, where a path has two more for its brackets. */
const MAX_MAILBOX = 64;
const MAX_ADDRESS = 254;

/** As typed, with what it is: most people share a few. */
const domains = new LRUCache<string, string>({ max: 1_000 });

/**
 * Exactly one addr-spec (RFC 5322, section 3.4.1), lower-cased, the domain in ASCII (UTS 46), or null.
 * Blanks around it are dropped; names, lists, quotes, comments and non-ASCII mailboxes are refused.
 */
export function parseEmail(text: string): Recipient | null {
  if (text.length > MAX_TYPED) return null;
  const at = text.lastIndexOf('@');
  // Lower-case only after the ASCII check: toLowerCase() would turn U+212A (Kelvin) into k.
  const mailbox = text.slice(0, at).replace(/^ +/, '');
  if (at < 0 || !/^[\x21-\x7e]+$/.test(mailbox) || !MAILBOX.test(mailbox.toLowerCase())) return null;
  const domain = domainOf(text.slice(at + 1).replace(/ +$/, ''));
  if (!domain || mailbox.length > MAX_MAILBOX || mailbox.length + 1 + domain.length > MAX_ADDRESS)
    return null;
  return `email:${mailbox.toLowerCase()}@${domain}`;
}

/** Punycode that could not be decoded: Node 24 passes it through, where Node 20 and 22 refuse it. */
const UNDECODED = /(^|\.)xn--/;

/** The domain in ASCII, or '' for what is none. */
function domainOf(typed: string): string {
  let domain = domains.get(typed);
  if (domain === undefined) {
    domain = /^[\p{L}\p{M}\p{N}.-]+$/u.test(typed) ? domainToASCII(typed) : '';
    if (!isFQDN(domain) || UNDECODED.test(domainToUnicode(domain))) domain = '';
    domains.set(typed, domain);
  }
  return domain;
}

/** Marks that do not show and that some address books put around numbers. */
const BIDI_MARKS = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** What a number may consist of once full-width forms are folded: one script's digits and separators. */
const ONE_SCRIPT = /^(?:[0-9 ().\-/+]+|[\u0660-\u0669 ().\-/+]+|[\u06f0-\u06f9 ().\-/+]+)$/;
/** Ranges that cost the caller extra or cannot receive a message. */
const REFUSED_TYPES = new Set(['PREMIUM_RATE', 'SHARED_COST', 'PAGER', 'VOICEMAIL', 'UAN']);

/**
 * The number in E.164 with its country, or null: impossible ones, ones with an extension, ones in mixed
 * scripts, premium-rate ones, satellite phones. A national number needs the country to read it with.
 */
export function parsePhone(
  text: string,
  defaultCountry?: CountryCode,
): { recipient: Recipient; country: CountryCode } | null {
  if (text.length > MAX_TYPED) return null;
  const plain = text
    .normalize('NFKC')
    .replace(BIDI_MARKS, '')
    .replace(/[\u2010-\u2015\u2212]/g, '-')
    .trim()
    .replace(/^(?:tel|whatsapp):/i, '');
  if (!ONE_SCRIPT.test(plain)) return null;
  // 00 is the international prefix nearly everywhere, and no valid national number starts with it.
  const dialled = plain.replace(/^00(?=[1-9])/, '+');
  const number: PhoneNumber | undefined = parsePhoneNumberFromString(dialled, {
    defaultCountry,
    extract: false,
  });
  // A satellite or other number of no country has no country that could be allowed.
  if (!number?.isValid() || !number.country || number.ext) return null;
  if (REFUSED_TYPES.has(number.getType() ?? '')) return null;
  return { recipient: `phone:${number.number}`, country: number.country };
}
