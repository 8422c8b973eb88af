import { quickly } from '../../test/support/quickly.js';
import { contextError } from './is-context.js';

describe('contextError', () => {
  it.each([
    [{ amount: '39.99 EUR', payee: 'Acme' }],
    [{ amount: '1.234,56 €', payee: 'Müller & Söhne GmbH' }],
    [{ payee: '株式会社アクメ', amount: '￥5,000' }],
    [{ to: 'DE89 3704 0044 0532 0130 00', ref: 'Invoice #42/2026' }],
    [{ payee: 'J. R. Smith Ltd.', 'order-no': 'A_1' }],
    [{ constructor: 'a name like any other' }],
    [{ a: 'x'.repeat(64) }],
    [{ a: '1', b: '2', c: '3', d: '4', e: '5', f: '6' }],
  ])('accepts %j', (context) => {
    expect(contextError(context)).toBeNull();
  });

  it.each([
    ['null', null],
    ['a list', ['a']],
    ['a string', 'a'],
    ['a number', 1],
    ['an empty object', {}],
    ['a number as a value', { a: 1 }],
    ['null as a value', { a: null }],
    ['a boolean as a value', { a: true }],
    ['an operator object as a value', { a: { $gt: '' } }],
    ['a list as a value', { a: ['x'] }],
    ['seven entries', Object.fromEntries([...'abcdefg'].map((name) => [name, 'x']))],
    ['a value of 65 characters', { a: 'x'.repeat(65) }],
    ['an empty value', { a: '' }],
    ['a blank value', { a: '   ' }],
    ['an empty name', { '': 'x' }],
    ['a name of 33 characters', { ['a'.repeat(33)]: 'x' }],
    ['an operator as a name', { $gt: 'x' }],
    ['a dot in a name', { 'a.b': 'x' }],
    ['a line feed in a name', { 'a\nb': 'x' }],
    ['__proto__ as a name', JSON.parse('{"__proto__": "x"}')],
  ])('rejects %s', (_, context) => {
    expect(contextError(context)).not.toBeNull();
  });

  it.each([
    ['a line feed', 'Acme\nValid for 5 years.'],
    ['a header', 'Acme\r\nBcc: eve@example'],
    ['a NUL', 'Ac\u0000me'],
    ['an escape sequence', 'Ac\u001b[2Kme'],
    ['a line separator', 'Ac\u2028me'],
    ['a right-to-left override', 'Ac\u202eme'],
    ['a zero-width space', 'Ac\u200bme'],
    ['a lone surrogate', 'Ac\ud800me'],
    ['a tag character', 'Ac\u{e0041}me'],
    ['an invisible filler', 'Ac\u3164me'],
    ['an invisible combining joiner', 'Ac\u034fme'],
    ['a Braille blank', '\u2800'],
  ])('rejects characters that control, hide or reorder text: %s', (_, text) => {
    expect(contextError({ payee: text })).not.toBeNull();
  });

  it.each([
    'https://evil.example',
    'evil.com',
    'evil1.com',
    'bit4.ly/x',
    'www.evil',
    'see evil.co.uk now',
    'рф.рф',
    'evil\uff0ecom',
    'evil\u3002com',
    'evil\u2024com',
    'eve@evil',
    'eve\uff20evil',
    'hxxp\uff1a\uff0f\uff0fevil',
  ])('rejects the link or address %s', (text) => {
    expect(contextError({ payee: text })).not.toBeNull();
  });

  it.each(['<a href=//evil>', '{{7*7}}', '${7*7}', '{{#each}}', '&amp;', `"'`])(
    'accepts markup, which templates must escape: %s',
    (text) => {
      expect(contextError({ payee: text })).toBeNull();
    },
  );

  it.each([
    ['letters', { payee: 'a'.repeat(100_000) }],
    ['dots', { payee: 'a.'.repeat(50_000) }],
    ['blanks', { payee: ' '.repeat(100_000) }],
    ['marks in an order that is slow to normalise', { payee: '\u0316\u0300'.repeat(50_000) }],
    ['names', Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`a${i}`, 'x']))],
  ])('rejects 100 kB of %s quickly', (_, context) => {
    expect(quickly(50, () => contextError(context))).not.toBeNull();
  });
});
