import { LRUCache } from 'lru-cache';
import type { Locale } from '../../common/locale.js';

type Unit = 'second' | 'minute' | 'hour';

const MAX_KEPT = 1_000;
const amounts = new LRUCache<string, string>({ max: MAX_KEPT });
const moments = new Map<Locale, Intl.DateTimeFormat>();

/** What is really left of a code, rounded down so that the message never promises too much. */
export function formatLifetime(locale: Locale, seconds: number): string {
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 1) return formatAmount(locale, Math.max(1, Math.floor(seconds)), 'second');
  if (minutes >= 120) return formatAmount(locale, Math.floor(minutes / 60), 'hour');
  return formatAmount(locale, minutes, 'minute');
}

/** `5 minutes`, in every language's own plural. The digits are those of the codes. */
export function formatAmount(locale: Locale, count: number, unit: Unit): string {
  const key = `${locale} ${count} ${unit}`;
  let text = amounts.get(key);
  if (text === undefined) {
    const style = { style: 'unit', unit, unitDisplay: 'long', numberingSystem: 'latn' } as const;
    text = plainBlanks(new Intl.NumberFormat(locale, style).format(count));
    amounts.set(key, text);
  }
  return text;
}

/** A moment as people write it. UTC, for nobody told us where they are. */
export function formatTime(locale: Locale, at: string): string {
  let format = moments.get(locale);
  if (!format) {
    format = new Intl.DateTimeFormat(locale, {
      dateStyle: 'long',
      timeStyle: 'short',
      hourCycle: 'h23',
      timeZone: 'UTC',
      numberingSystem: 'latn',
    });
    moments.set(locale, format);
  }
  return `${plainBlanks(format.format(new Date(at)))} (UTC)`;
}

/** French, for one, has blanks that no SMS of 160 characters can hold. */
function plainBlanks(text: string): string {
  return text.replace(/[\u00a0\u202f]/g, ' ');
}
