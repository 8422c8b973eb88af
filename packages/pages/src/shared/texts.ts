/** The languages of pages and messages. */
export const LOCALES = ['en', 'de', 'fr', 'es', 'pt', 'it', 'tr', 'hi', 'ar', 'zh'] as const;
export type Locale = (typeof LOCALES)[number];

const RIGHT_TO_LEFT: readonly Locale[] = ['ar'];
const STORED_LOCALE = 'locale';

const files = import.meta.glob<Record<string, string>>('../texts/*/*.json', { import: 'default' });

/** The language that the person chose on a page of this server, else the browser's. */
export const locale: Locale = chosenLocale() ?? browserLocale() ?? 'en';

/** Loads the texts of one area, such as `link`, and sets the language of the page. */
export async function loadTexts<Texts extends Record<string, string>>(area: string): Promise<Texts> {
  const load = files[`../texts/${area}/${locale}.json`];
  if (!load) throw new Error(`there are no texts for ${area} in ${locale}`);
  document.documentElement.lang = locale;
  document.documentElement.dir = RIGHT_TO_LEFT.includes(locale) ? 'rtl' : 'ltr';
  return (await load()) as Texts;
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
  try {
    localStorage.setItem(STORED_LOCALE, chosen);
  } catch {
    // Without storage, the choice holds for this page only.
  }
  location.reload();
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
