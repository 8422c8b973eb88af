import { quickly } from '../../test/support/quickly.js';
import { localeFromHeader, supportedLocale, localeOfRecipient } from './locale.js';

describe('a language tag', () => {
  it.each([
    ['en', 'en'],
    ['pt-BR', 'pt'],
    ['zh-Hans-CN', 'zh'],
    ['DE-at', 'de'],
    ['fi', undefined],
    ['en_US', undefined],
    ['', undefined],
    ['*', undefined],
    ['de\r\nBcc: x', undefined],
    [`en${'-aaaaaaaa'.repeat(8)}`, undefined],
    ['__proto__', undefined],
    [undefined, undefined],
  ])('%j is our %s (I8)', (tag, locale) => {
    expect(supportedLocale(tag)).toBe(locale);
  });
});

describe('Accept-Language', () => {
  it.each([
    ['de-CH,de;q=0.9,en;q=0.8', 'de'],
    ['en;q=0.1, fr;q=0.9', 'fr'],
    ['fi, sv;q=0.9, tr;q=0.1', 'tr'],
    ['de;q=0, it', 'it'],
    // What Node's fetch and others send says nothing.
    ['*', undefined],
    ['fi, *;q=0.1', undefined],
    ['', undefined],
    [';;;,,,q=1', undefined],
    [undefined, undefined],
  ])('%j asks for %s', (header, locale) => {
    expect(localeFromHeader(header)).toBe(locale);
  });

  it('of any length is read in no time (I5)', () => {
    quickly(50, () => {
      localeFromHeader('de;q=0.1,'.repeat(10_000));
      localeFromHeader(`${'-'.repeat(50_000)};${' '.repeat(50_000)}`);
    });
  });
});

describe('the country of a phone number', () => {
  it.each([
    ['phone:+4915112345678', 'de'],
    ['phone:+436641234567', 'de'],
    ['phone:+14155550123', 'en'],
    ['phone:+5511961234567', 'pt'],
    ['phone:+966501234567', 'ar'],
    ['phone:+8613812345678', 'zh'],
    // Several languages: a guess could be wrong.
    ['phone:+919876543210', undefined],
    ['phone:+32470123456', undefined],
    ['email:ada@example.de', undefined],
  ] as const)('%s speaks for %s', (recipient, locale) => {
    expect(localeOfRecipient(recipient)).toBe(locale);
  });
});
