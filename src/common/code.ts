/** Longer than any spelling of a code that people type. */
const MAX_INPUT = 64;

/** Blanks, dashes, the minus sign, and marks that are invisible or set the reading direction. */
const IGNORED = /[\p{White_Space}\p{Pd}\u2212\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

const ASCII_CODE = /^[0-9]{4,10}$/;

/**
 * Reads a code as people write, paste and dictate it: `123 456`, `123-456`, `#123456`, `١٢٣٤٥٦`.
 * Returns 4 to 10 ASCII digits, or null if the text cannot be a code. All spellings of a code give
 * the same digits, so a used code stays used in every spelling.
 */
export function readCode(text: string): string | null {
  if (text.length > MAX_INPUT) return null;
  if (ASCII_CODE.test(text)) return text;
  const code = text
    .replace(IGNORED, '')
    .replace(/^[#\uff03]/, '')
    .replace(/\p{Nd}/gu, asciiDigit);
  return ASCII_CODE.test(code) ? code : null;
}

/**
 * Reads a code that was sent as a JSON number, which has lost its leading zeros. Returns null if the
 * number cannot be a code of this length.
 */
export function readCodeNumber(value: number, length: number): string | null {
  if (!Number.isSafeInteger(value) || value < 0) return null;
  const code = String(value).padStart(length, '0');
  return code.length === length ? code : null;
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
