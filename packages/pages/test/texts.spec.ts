import { readdirSync, readFileSync } from 'node:fs';
import { LOCALES } from '../../../src/common/locale.js';

const FOLDER = 'packages/pages/src/texts';
const areas = readdirSync(FOLDER);

function textsOf(area: string, locale: string): Record<string, string> {
  return JSON.parse(readFileSync(`${FOLDER}/${area}/${locale}.json`, 'utf8')) as Record<string, string>;
}

const placeholders = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

describe.each(areas)('texts of the area %s', (area) => {
  const english = textsOf(area, 'en');

  it.each(LOCALES)('are complete in %s', (locale) => {
    const texts = textsOf(area, locale);
    expect(Object.keys(texts).sort()).toEqual(Object.keys(english).sort());
    for (const [key, text] of Object.entries(texts)) {
      expect([key, text.trim()]).not.toEqual([key, '']);
      expect([key, placeholders(text)]).toEqual([key, placeholders(english[key] ?? '')]);
    }
  });
});
