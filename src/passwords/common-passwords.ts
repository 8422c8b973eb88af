import { dictionary } from '@zxcvbn-ts/language-common';

/** About 49,000, lower case, collected from leaks by the makers of zxcvbn. */
const listed = new Set(dictionary['passwords-common']);

/** A listed password, alone or with digits, punctuation or blanks after it, whatever its case. */
export function isCommon(password: string): boolean {
  const characters = [...password.toLowerCase()];
  while (characters.length > 0) {
    if (listed.has(characters.join(''))) return true;
    if (/\p{L}/u.test(characters.pop() ?? '')) return false;
  }
  return false;
}
