import { quickly } from '../../test/support/quickly.js';
import { localeFromHeader, supportedLocale, localeOfRecipient } from './locale.js';

describe('supportedLocale', () => {
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
  ])('maps the tag %j to %s', (tag, locale) => {
    expect(supportedLocale(tag)).toBe(locale);
  });
});

describe('localeFromHeader', () => {
  it.each([
    ['de-CH,de;q=0.9,en;q=0.8', 'de'],
    ['en;q=0.1, fr;q=0.9', 'fr'],
    ['fi, sv;q=0.9, tr;q=0.1', 'tr'],
    ['de;q=0, it', 'it'],
    // Sent by Node's fetch and other programs.
    ['*', undefined],
    ['fi, *;q=0.1', undefined],
    ['', undefined],
    [';;;,,,q=1', undefined],
    [undefined, undefined],
  ])('reads %j as %s', (header, locale) => {
    expect(localeFromHeader(header)).toBe(locale);
  });

  it('parses a header of any length within 50 ms', () => {
    quickly(50, () => {
      localeFromHeader('de;q=0.1,'.repeat(10_000));
      localeFromHeader(`${'-'.repeat(50_000)};${' '.repeat(50_000)}`);
    });
  });
});

describe('localeOfRecipient', () => {
  it.each([
    ['phone:+4915112345678', 'de'],
    ['phone:+436641234567', 'de'],
    ['phone:+14155550123', 'en'],
    ['phone:+5511961234567', 'pt'],
    ['phone:+966501234567', 'ar'],
    ['phone:+8613812345678', 'zh'],
    // Countries with several languages.
    ['phone:+919876543210', undefined],
    ['phone:+32470123456', undefined],
    ['email:ada@example.de', undefined],
  ] as const)('maps %s to %s', (recipient, locale) => {
    expect(localeOfRecipient(recipient)).toBe(locale);
  });
});
