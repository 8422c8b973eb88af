/** Longer than any spelling of a code that people type. */
const MAX_INPUT = 64;

/** Blanks, dashes, the minus sign, and marks that are invisible or set the reading direction. */
const IGNORED = /[\p{White_Space}\p{Pd}\u2212\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Reads a code as people write, paste and dictate it: `123 456`, `123-456`, `#123456`, `١٢٣٤٥٦`.
 * Returns 4 to 10 ASCII digits, or null if the text cannot be a code. All spellings of a code give
 * the same digits, so a used code stays used in every spelling.
 */
export function readCode(text: string): string | null {
  const digits = readDigits(text);
  return digits !== null && digits.length >= 4 ? digits : null;
}

/** As `readCode`, for clients that drop leading zeros: 1 to 10 digits. */
export function readDigits(text: string): string | null {
  if (text.length > MAX_INPUT) return null;
  const digits = /^[0-9]+$/.test(text)
    ? text
    : text
        .replace(IGNORED, '')
        .replace(/^[#\uff03]/, '')
        .replace(/\p{Nd}/gu, asciiDigit);
  return /^[0-9]{1,10}$/.test(digits) ? digits : null;
}

/**
 * Decimal digits of every script stand in Unicode in blocks from 0 to 9. Several blocks may follow
 * each other, as the mathematical digits do.
 */
function asciiDigit(digit: string): string {
  const point = digit.codePointAt(0) ?? 0;
  let start = point;
  while (/\p{Nd}/u.test(String.fromCodePoint(start - 1))) start--;
  return String((point - start) % 10);
}
