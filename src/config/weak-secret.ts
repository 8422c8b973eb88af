import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary } from '@zxcvbn-ts/language-common';

const zxcvbn = new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs });

const MIN_LENGTH = 32;
const MIN_DIFFERENT = 10;
/** zxcvbn becomes slow with long texts, and this much of a good secret is enough to tell. */
const JUDGED_LENGTH = 48;
/** Decimal digits of the estimated number of guesses: 32 random hexadecimal digits have about 30. */
const MIN_GUESSES_LOG10 = 22;
/** Share of the pairs of neighbours that are different: above 0.8 for random text. */
const MIN_DIFFERENT_PAIRS = 0.6;

/** True for a text from an example, a repeated text, a sequence, and what zxcvbn can guess. */
export function isWeakSecret(value: string | undefined): boolean {
  if (value === undefined) return false;
  return (
    period(value) < MIN_LENGTH ||
    new Set(value).size < MIN_DIFFERENT ||
    /change.?me|example|secret|passw|default|your[-_ ]/i.test(value) ||
    isPredictable(value.toLowerCase().slice(0, JUDGED_LENGTH))
  );
}

/** An end of this length that repeats the beginning is no accident. */
const MIN_REPEATED = 8;

/** Length of the shortest beginning whose repetition gives the text. */
function period(text: string): number {
  for (let length = 1; length <= text.length - MIN_REPEATED; length++)
    if (text.slice(length) === text.slice(0, -length)) return length;
  return text.length;
}

/** zxcvbn finds words, years, keyboard rows and plain sequences. The steps also find `a1b2c3`. */
function isPredictable(text: string): boolean {
  const pairs = Array.from({ length: text.length - 1 }, (_, index) => text.slice(index, index + 2));
  const steps = pairs.map((pair) => pair.charCodeAt(1) - pair.charCodeAt(0));
  return (
    new Set(pairs).size < MIN_DIFFERENT_PAIRS * pairs.length ||
    new Set(steps).size < MIN_DIFFERENT ||
    zxcvbn.check(text).guessesLog10 < MIN_GUESSES_LOG10
  );
}
