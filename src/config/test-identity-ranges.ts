import { createRequire } from 'node:module';
import { parsePhone } from '../common/recipient.js';

const require = createRequire(import.meta.url);

/**
 * Whether a pattern with `*` matches addresses of strangers: mailboxes at a public mail provider, or
 * phone numbers that exist.
 */
export function matchesStrangers(pattern: string): boolean {
  if (pattern.startsWith('*')) return isMailProvider(pattern.slice(pattern.lastIndexOf('@') + 1));
  return pattern.endsWith('*') && containsRealNumber(pattern.slice(0, -1));
}

/** The list contains these domains, but they have no mailboxes (RFC 2606). */
const RESERVED = /^example\.(com|net|org)$/;
/** Providers that the list lacks. */
const MORE_PROVIDERS = new Set(['tuta.com', 'tutanota.com', 'duck.com']);

function isMailProvider(domain: string): boolean {
  // Read here, because only a production server with such an identity needs the list.
  const providers = require('email-providers/all.json') as string[];
  return !RESERVED.test(domain) && (MORE_PROVIDERS.has(domain) || providers.includes(domain));
}

const DIGITS = [...'0123456789'];
/** E.164 allows 15 digits after the plus sign. */
const MAX_LENGTH = 16;

/**
 * Tries samples of every length: the next two digits in every combination, then one digit
 * repeated. A numbering plan assigns ranges by their first digits, so this finds the assigned ones.
 */
function containsRealNumber(prefix: string): boolean {
  for (const a of DIGITS)
    for (const b of DIGITS)
      for (const rest of DIGITS)
        for (let length = prefix.length + 1; length <= MAX_LENGTH; length++) {
          const number = `${prefix}${a}${b}${rest.repeat(MAX_LENGTH)}`.slice(0, length);
          if (parsePhone(number)) return true;
        }
  return false;
}
