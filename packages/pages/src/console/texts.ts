import type { SignedInTexts } from '../signed-in/texts.js';
import type consoleTexts from '../texts/console/en.json';

export type ConsoleTexts = typeof consoleTexts & SignedInTexts;

/** A text whose name ends with a value of the API. Values that are newer than this page stay as they are. */
export function named(texts: ConsoleTexts, prefix: string, value: string): string {
  return (texts as Record<string, string>)[`${prefix}_${value.replaceAll('.', '_')}`] ?? value;
}
