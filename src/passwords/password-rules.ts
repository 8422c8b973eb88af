import { isCommon } from './common-passwords.js';

/** Whose password it is to be; as much as is known. */
export interface PasswordOwner {
  email?: string | null;
  names?: (string | null | undefined)[];
}

const MAX_LENGTH = 256;

/** No password of MAX_LENGTH characters is longer than this in any Unicode form. */
const MAX_UNITS = 8 * MAX_LENGTH;

/** What must be left of a password when the owner's names are taken out of it. */
const MIN_OF_ITS_OWN = 6;
const MIN_WORD = 3;

/**
 * One form (NFC) for what people type on different keyboards. What is too long for any password stays as it is: it
 * is refused or wrong anyway, and normalising it would take long.
 */
export function normalizePassword(password: string): string {
  return password.length > MAX_UNITS ? password : password.normalize('NFC');
}

/** Why the password cannot be accepted, as the rest of a sentence that begins with the field's name, or null. */
export function refusalReason(typed: string, owner: PasswordOwner, minLength: number): string | null {
  const password = normalizePassword(typed);
  const length = [...password].length;
  if (length < minLength) return `must have at least ${minLength} characters.`;
  if (length > MAX_LENGTH) return `must have at most ${MAX_LENGTH} characters.`;
  if (/^[\p{White_Space}\p{Cc}\p{Cf}]*$/u.test(password)) return 'must not be blank.';
  if (isCommon(password))
    return 'is one of the most common ones, which are guessed first, even with digits or punctuation at its end.';
  if (isMadeOf(ownWords(owner), password))
    return 'is made of your own name or address, which are guessed first.';
  return null;
}

function isMadeOf(words: string[], password: string): boolean {
  const whole = fold(password);
  const rest = words.reduce((text, word) => text.replaceAll(word, ''), whole);
  return rest !== whole && [...rest].length < MIN_OF_ITS_OWN;
}

/** The owner's names and address, whole and in words, the longest first. A top-level domain is no name. */
function ownWords({ email, names = [] }: PasswordOwner): string[] {
  const address = fold(email ?? '');
  const [mailbox = '', domain = ''] = address.split('@');
  const texts = [mailbox, domain.replace(/\.[^.]*$/, ''), ...names.map((name) => fold(name ?? ''))];
  const words = texts.flatMap((text) => text.split(/[^\p{L}\p{M}\p{N}]+/u));
  return [...new Set([address, domain, ...texts, ...words])]
    .filter((word) => [...word].length >= MIN_WORD)
    .sort((a, b) => b.length - a.length);
}

function fold(text: string): string {
  return text.normalize('NFC').toLowerCase();
}
