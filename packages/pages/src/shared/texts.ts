import { server } from './server.js';

/** The languages of pages and messages. */
export const LOCALES = ['en', 'de', 'fr', 'es', 'pt', 'it', 'tr', 'hi', 'ar', 'zh'] as const;
export type Locale = (typeof LOCALES)[number];

const RIGHT_TO_LEFT: readonly Locale[] = ['ar'];
const STORED_LOCALE = 'locale';

const files = import.meta.glob<Record<string, string>>('../texts/*/*.json', { import: 'default' });

/** The language that the person chose on a page of this server, else the browser's. */
export let locale: Locale = chosenLocale() ?? browserLocale() ?? server.defaultLocale;

/** Loads the texts of areas, such as `link`, and sets the language of the page. */
export async function loadTexts<Texts extends Record<string, string>>(...areas: string[]): Promise<Texts> {
  const language = locale;
  const texts = await Promise.all(
    areas.map((area) => {
      const load = files[`../texts/${area}/${language}.json`];
      if (!load) throw new Error(`there are no texts for ${area} in ${language}`);
      return load();
    }),
  );
  document.documentElement.lang = language;
  document.documentElement.dir = RIGHT_TO_LEFT.includes(language) ? 'rtl' : 'ltr';
  return Object.assign({}, ...texts) as Texts;
}

/** Replaces `{name}` by the value of that name. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (placeholder, name: string) => String(values[name] ?? placeholder));
}

/** A duration in the person's language: seconds below two minutes, then minutes, then hours. */
export function duration(seconds: number): string {
  const [unit, divisor] =
    seconds < 120
      ? (['second', 1] as const)
      : seconds < 7_200
        ? (['minute', 60] as const)
        : (['hour', 3_600] as const);
  const format = new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' });
  return format.format(Math.ceil(seconds / divisor));
}

/** Shows the pages in another language from now on. */
export function chooseLocale(chosen: Locale): void {
  locale = chosen;
  try {
    localStorage.setItem(STORED_LOCALE, chosen);
  } catch {
    // Without storage, the choice holds for this page only.
  }
  window.dispatchEvent(new Event('locale-change'));
}

function chosenLocale(): Locale | undefined {
  try {
    const stored = localStorage.getItem(STORED_LOCALE);
    return LOCALES.find((known) => known === stored);
  } catch {
    return undefined;
  }
}

function browserLocale(): Locale | undefined {
  return navigator.languages
    .map((tag) => LOCALES.find((known) => known === tag.split('-')[0]?.toLowerCase()))
    .find((known) => known !== undefined);
}
