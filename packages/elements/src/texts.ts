import ar from './texts/ar.json' with { type: 'json' };
import de from './texts/de.json' with { type: 'json' };
import en from './texts/en.json' with { type: 'json' };
import es from './texts/es.json' with { type: 'json' };
import fr from './texts/fr.json' with { type: 'json' };
import hi from './texts/hi.json' with { type: 'json' };
import it from './texts/it.json' with { type: 'json' };
import pt from './texts/pt.json' with { type: 'json' };
import tr from './texts/tr.json' with { type: 'json' };
import zh from './texts/zh.json' with { type: 'json' };

export type TextKey = keyof typeof en;
export type Values = Record<string, string | number>;

/** A text of the current language with its values. */
export interface Text {
  key: TextKey;
  values?: Values;
}

export const TEXTS = { en, de, fr, es, pt, it, tr, hi, ar, zh } satisfies Record<
  string,
  Record<TextKey, string>
>;
export type Locale = keyof typeof TEXTS;

/** The supported language of the first tag that has one: `pt` for `pt-BR`. */
export function supportedLocale(...tags: (string | null | undefined)[]): Locale {
  for (const tag of tags) {
    const language = tag?.toLowerCase().split('-')[0] ?? '';
    if (Object.hasOwn(TEXTS, language)) return language as Locale;
  }
  return 'en';
}

/** The language of an element: of the nearest element with `lang`, else of the browser. */
export function localeOf(element: Element): Locale {
  return supportedLocale(element.closest('[lang]')?.getAttribute('lang'), ...navigator.languages);
}

export function isRightToLeft(locale: Locale): boolean {
  return locale === 'ar';
}

/** Values keep their own reading direction, so that an address looks the same in every language. */
export function translate(locale: Locale, { key, values = {} }: Text): string {
  const fill = (placeholder: string, name: string) => {
    const value = values[name];
    if (value === undefined) return placeholder;
    return typeof value === 'number' ? new Intl.NumberFormat(locale).format(value) : `\u2068${value}\u2069`;
  };
  return TEXTS[locale][key].replace(/\{(\w+)\}/g, fill);
}
