import { dictionary } from '@zxcvbn-ts/language-common';

/** About 49,000 leaked passwords in lower case, collected by zxcvbn. */
const COMMON = new Set(dictionary['passwords-common']);

/** True for a listed password in any case, also when digits, punctuation or blanks follow it. */
export function isCommon(password: string): boolean {
  const characters = [...password.toLowerCase()];
  while (characters.length > 0) {
    if (COMMON.has(characters.join(''))) return true;
    if (/\p{L}/u.test(characters.pop() ?? '')) return false;
  }
  return false;
}
