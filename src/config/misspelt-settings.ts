import { settings } from './settings.js';

/** A name in the environment that is no setting, and the setting that it resembles. */
export interface MisspeltSetting {
  name: string;
  meant: string;
}

const NAMES = Object.keys(settings);

/** Shorter names (`PORT`, `HOST`) resemble common variables such as `PATH` and `HOME`. */
const MIN_LENGTH = 8;
const MAX_MISTAKES = 2;

/** Finds the names that were probably meant as settings. They would be ignored without a word. */
export function misspeltSettings(env: NodeJS.ProcessEnv): MisspeltSetting[] {
  return Object.keys(env)
    .filter((name) => !NAMES.includes(name))
    .flatMap((name) => {
      const meant = NAMES.find((setting) => resembles(name.toUpperCase(), setting));
      return meant === undefined ? [] : [{ name, meant }];
    });
}

function resembles(name: string, setting: string): boolean {
  if (setting.length < MIN_LENGTH || Math.abs(name.length - setting.length) > setting.length / 2)
    return false;
  if (plain(name) === plain(setting)) return true;
  const words = name.split('_');
  const expected = setting.split('_');
  if (words.length !== expected.length) return mistakes(name, setting) <= MAX_MISTAKES;
  const counts = expected.map((word, i) => {
    // SFTP_URL is no SMTP_URL, and API_SECRET no APP_SECRET: another letter makes another word.
    const isShortPrefix = i === 0 && word.length <= 4;
    return mistakes(words[i] ?? '', word, isShortPrefix ? 2 : 1);
  });
  // DATABASE_SSL is no DATABASE_URL: one word is replaced, and none is misspelt.
  const areSimilar = expected.every((word, i) => (counts[i] ?? 0) <= Math.max(1, word.length / 3));
  return areSimilar && counts.reduce((sum, count) => sum + count) <= MAX_MISTAKES;
}

/** The name without what people forget or add: underscores and the plural. */
function plain(name: string): string {
  return name.replace(/IES(?=_|$)/g, 'Y').replace(/[_.\-S]/g, '');
}

/** Letters to insert, delete, replace or swap with the next one (Damerau-Levenshtein). */
function mistakes(from: string, to: string, replacing = 1): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? Infinity;
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= to.length; j++) {
      const isSame = from[i - 1] === to[j - 1];
      const isSwapped = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      row[j] = Math.min(
        at(i - 1, j) + 1,
        at(i, j - 1) + 1,
        at(i - 1, j - 1) + (isSame ? 0 : replacing),
        isSwapped ? at(i - 2, j - 2) + 1 : Infinity,
      );
    }
  }
  return at(from.length, to.length);
}
