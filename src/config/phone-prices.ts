import { readFileSync } from 'node:fs';
import * as z from 'zod';

/** Prices and limits are counted in millionths, because their sums must be exact. */
export const MICROS = 1_000_000;

/** `US`, `+9199`, `default`, and each of them for one channel: `voice:US`. */
const NAME = /^(?:(?:sms|whatsapp|voice):)?(?:[A-Z]{2}|\+[1-9]\d{0,14}|default)$/;
const FILE = z.record(z.string().regex(NAME), z.string().regex(/^\d{1,4}(\.\d{1,6})?$/));

/**
 * Prices of a message segment in millionths, from a file such as
 * `{"US": "0.0079", "+9199": "0.02", "voice:US": "0.03", "default": "0.30"}`. Throws if the file cannot
 * be read.
 */
export function readPhonePrices(file: string | undefined): ReadonlyMap<string, number> {
  const prices = file === undefined ? {} : FILE.parse(JSON.parse(readFileSync(file, 'utf8')));
  return new Map(Object.entries(prices).map(([name, price]) => [name, Math.round(Number(price) * MICROS)]));
}
