import { LRUCache } from 'lru-cache';
import type { Locale } from '../../common/locale.js';

type Unit = 'second' | 'minute' | 'hour';

const MAX_CACHED = 1_000;
const amounts = new LRUCache<string, string>({ max: MAX_CACHED });
const timeFormats = new Map<Locale, Intl.DateTimeFormat>();

/** The remaining life of a code, rounded down so that the message never promises too much. */
export function formatLifetime(locale: Locale, seconds: number): string {
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 1) return formatAmount(locale, Math.max(1, Math.floor(seconds)), 'second');
  if (minutes >= 120) return formatAmount(locale, Math.floor(minutes / 60), 'hour');
  return formatAmount(locale, minutes, 'minute');
}

/** For example `5 minutes`, in the plural of the language. The digits are Latin, as in codes. */
export function formatAmount(locale: Locale, count: number, unit: Unit): string {
  const key = `${locale} ${count} ${unit}`;
  let text = amounts.get(key);
  if (text === undefined) {
    const style = { style: 'unit', unit, unitDisplay: 'long', numberingSystem: 'latn' } as const;
    text = plainSpaces(new Intl.NumberFormat(locale, style).format(count));
    amounts.set(key, text);
  }
  return text;
}

/** The time in words. In UTC, because the reader's time zone is unknown. */
export function formatTime(locale: Locale, at: string): string {
  let format = timeFormats.get(locale);
  if (!format) {
    format = new Intl.DateTimeFormat(locale, {
      dateStyle: 'long',
      timeStyle: 'short',
      hourCycle: 'h23',
      timeZone: 'UTC',
      numberingSystem: 'latn',
    });
    timeFormats.set(locale, format);
  }
  return `${plainSpaces(format.format(new Date(at)))} (UTC)`;
}

/** Replaces the no-break spaces of French, for example, which are not in GSM-7. */
function plainSpaces(text: string): string {
  return text.replace(/[\u00a0\u202f]/g, ' ');
}
