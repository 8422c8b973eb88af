import { LOCALES } from '../../../src/common/locale.js';
import { isRightToLeft, supportedLocale, TEXTS, translate, type TextKey } from '../src/texts.js';

const placeholders = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();
const keys = Object.keys(TEXTS.en) as TextKey[];

describe('texts of the elements', () => {
  it('exist in the languages of the messages', () => {
    expect(Object.keys(TEXTS)).toEqual([...LOCALES]);
  });

  it.each(LOCALES)('are complete in %s', (locale) => {
    expect(Object.keys(TEXTS[locale])).toEqual(keys);
    for (const key of keys) {
      expect(TEXTS[locale][key].trim()).not.toBe('');
      expect([key, placeholders(TEXTS[locale][key])]).toEqual([key, placeholders(TEXTS.en[key])]);
    }
  });

  it.each(LOCALES.filter((locale) => locale !== 'en'))('are translated in %s', (locale) => {
    const same = keys.filter((key) => TEXTS[locale][key] === TEXTS.en[key]);
    // Such as "WhatsApp" and "E-mail". French also writes "Code", and Italian "Password".
    expect(same.length).toBeLessThan(8);
    expect(same.filter((key) => TEXTS.en[key].length > 20)).toEqual([]);
  });

  it('picks the first supported language', () => {
    expect(supportedLocale('pt-BR')).toBe('pt');
    expect(supportedLocale('ZH-Hant-TW')).toBe('zh');
    expect(supportedLocale(undefined, 'sv', 'fr-CA', 'de')).toBe('fr');
    expect(supportedLocale('constructor', null)).toBe('en');
  });

  it('isolates the direction of values and writes numbers in the language', () => {
    expect(translate('en', { key: 'codeSentTo', values: { address: 'a@b.example' } })).toBe(
      'We sent a code to \u2068a@b.example\u2069.',
    );
    expect(translate('en', { key: 'codeWrong', values: { count: 2 } })).toMatch(/: 2$/);
    expect(translate('en', { key: 'codeWrong' })).toMatch(/\{count\}$/);
    expect(LOCALES.filter(isRightToLeft)).toEqual(['ar']);
  });
});
