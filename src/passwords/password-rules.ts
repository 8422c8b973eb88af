import { isCommon } from './common-passwords.js';

/** The user who chooses the password, as far as known. */
export interface PasswordOwner {
  email?: string | null;
  names?: (string | null | undefined)[];
}

const MAX_LENGTH = 256;

/**
 * Upper bound for the UTF-16 length of a password of MAX_LENGTH characters, in any Unicode form.
 */
const MAX_UTF16_LENGTH = 8 * MAX_LENGTH;

/** Characters that must remain when the owner's names and address are removed from a password. */
const MIN_REMAINDER = 6;
/** Shorter names are not searched for. */
const MIN_WORD_LENGTH = 3;

/**
 * Unicode NFC, so that the same password typed on another keyboard matches. A text that is too long
 * for any password is returned unchanged: it is refused or wrong anyway, and normalising it would
 * be slow.
 */
export function normalizePassword(password: string): string {
  return password.length > MAX_UTF16_LENGTH ? password : password.normalize('NFC');
}

/**
 * Null if the password is acceptable, else the reason. The reason continues a sentence that begins
 * with the field.
 */
export function refusalReason(typed: string, owner: PasswordOwner, minLength: number): string | null {
  const password = normalizePassword(typed);
  const length = [...password].length;
  if (length < minLength) return `must have at least ${minLength} characters.`;
  if (length > MAX_LENGTH) return `must have at most ${MAX_LENGTH} characters.`;
  if (/^[\p{White_Space}\p{Cc}\p{Cf}]*$/u.test(password)) return 'must not be blank.';
  if (isCommon(password))
    return 'is one of the most common passwords, which attackers try first, even with digits or punctuation at the end.';
  if (isMadeOf(ownWords(owner), password))
    return 'is made of your own name or address, which attackers try first.';
  return null;
}

function isMadeOf(words: string[], password: string): boolean {
  const folded = fold(password);
  const remainder = words.reduce((text, word) => text.replaceAll(word, ''), folded);
  return remainder !== folded && [...remainder].length < MIN_REMAINDER;
}

/**
 * The owner's names and address, whole and split into words, the longest first, without the
 * top-level domain.
 */
function ownWords({ email, names = [] }: PasswordOwner): string[] {
  const address = fold(email ?? '');
  const [mailbox = '', domain = ''] = address.split('@');
  const texts = [mailbox, domain.replace(/\.[^.]*$/, ''), ...names.map((name) => fold(name ?? ''))];
  const words = texts.flatMap((text) => text.split(/[^\p{L}\p{M}\p{N}]+/u));
  return [...new Set([address, domain, ...texts, ...words])]
    .filter((word) => [...word].length >= MIN_WORD_LENGTH)
    .sort((a, b) => b.length - a.length);
}

function fold(text: string): string {
  return text.normalize('NFC').toLowerCase();
}
