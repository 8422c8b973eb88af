import { Matches } from 'class-validator';

/**
 * Text of any language with at least one visible character. Refused are control characters (Cc),
 * line separators (Zl, Zp), lone surrogates (Cs) and the characters that reorder text. Joiners are
 * accepted, because Persian and emoji need them.
 */
const LINE =
  /^(?=.*[\p{L}\p{N}\p{P}\p{S}])[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]{1,128}$/u;
const LINES =
  /^(?=[^]*[\p{L}\p{N}\p{P}\p{S}])(?:[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]|\n){1,512}$/u;

/** One line of up to 128 characters. */
export function IsLine(field: string): PropertyDecorator {
  return Matches(LINE, { message: `${field} must be 1 to 128 printable characters.` });
}

/** Up to 512 characters, on one or more lines. */
export function IsLines(field: string): PropertyDecorator {
  return Matches(LINES, { message: `${field} must be 1 to 512 printable characters and line breaks.` });
}
