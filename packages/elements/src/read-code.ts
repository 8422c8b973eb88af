/** Longer than any spelling of a code that people type. */
const MAX_INPUT = 64;

/** Blanks, dashes, the minus sign, and marks that are invisible or set the reading direction. */
const IGNORED = /[\p{White_Space}\p{Pd}\u2212\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Reads a code as people write, paste and dictate it, such as `123-456` or `#١٢٣٤٥٦`. Returns 4 to
 * 10 ASCII digits, or null if the text cannot be a code. The server applies the same rules.
 */
export function readCode(text: string): string | null {
  if (text.length > MAX_INPUT) return null;
  const digits = withAsciiDigits(text.replace(IGNORED, '').replace(/^[#\uff03]/, ''));
  return /^[0-9]{4,10}$/.test(digits) ? digits : null;
}

/** The digits of a text, in ASCII. */
export function digitsOf(text: string): string {
  return withAsciiDigits(text).replace(/[^0-9]/g, '');
}

function withAsciiDigits(text: string): string {
  return text.replace(/\p{Nd}/gu, asciiDigit);
}

/** Decimal digits of every script stand in Unicode in blocks from 0 to 9, which may follow each other. */
function asciiDigit(digit: string): string {
  const point = digit.codePointAt(0) ?? 0;
  let start = point;
  while (/\p{Nd}/u.test(String.fromCodePoint(start - 1))) start--;
  return String((point - start) % 10);
}
