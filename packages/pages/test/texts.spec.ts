import { readdirSync, readFileSync } from 'node:fs';
import { LOCALES } from '../../../src/common/locale.js';

const FOLDER = new URL('../src/texts/', import.meta.url);
const AREAS = readdirSync(FOLDER);

type Texts = Record<string, string>;

function read(area: string, locale: string): Texts {
  return JSON.parse(readFileSync(new URL(`${area}/${locale}.json`, FOLDER), 'utf8')) as Texts;
}

const placeholders = (text = '') => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();

describe.each(AREAS)('texts of the pages: %s', (area) => {
  const english = read(area, 'en');

  it('has one file for each language of the messages', () => {
    expect(readdirSync(new URL(area, FOLDER)).sort()).toEqual(
      LOCALES.map((locale) => `${locale}.json`).sort(),
    );
  });

  it.each(LOCALES)('has the same keys and placeholders as in English, and no empty text: %s', (locale) => {
    const texts = read(area, locale);
    expect(Object.keys(texts)).toEqual(Object.keys(english));
    for (const [key, text] of Object.entries(texts)) {
      expect([key, placeholders(text)]).toEqual([key, placeholders(english[key])]);
      expect([key, text.trim() === text && text.length > 0]).toEqual([key, true]);
    }
  });

  it('is translated: no language leaves more than a few names as they are in English', () => {
    for (const locale of LOCALES.filter((other) => other !== 'en')) {
      const texts = read(area, locale);
      const same = Object.keys(english).filter((key) => texts[key] === english[key]);
      expect([locale, same.length <= Object.keys(english).length / 5]).toEqual([locale, true]);
    }
  });
});
