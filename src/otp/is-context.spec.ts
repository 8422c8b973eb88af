import { quickly } from '../../test/support/quickly.js';
import { contextFault } from './is-context.js';

describe('a context', () => {
  it.each([
    [{ amount: '39.99 EUR', payee: 'Acme' }],
    [{ amount: '1.234,56 €', payee: 'Müller & Söhne GmbH' }],
    [{ payee: '株式会社アクメ', amount: '￥5,000' }],
    [{ to: 'DE89 3704 0044 0532 0130 00', ref: 'Invoice #42/2026' }],
    [{ payee: 'J. R. Smith Ltd.', 'order-no': 'A_1' }],
    [{ constructor: 'a name like any other' }],
    [{ a: 'x'.repeat(64) }],
    [{ a: '1', b: '2', c: '3', d: '4', e: '5', f: '6' }],
  ])('is accepted: %j', (context) => {
    expect(contextFault(context)).toBeNull();
  });

  it.each([
    ['null', null],
    ['a list', ['a']],
    ['a string', 'a'],
    ['a number', 1],
    ['nothing in it', {}],
    ['a number in it', { a: 1 }],
    ['null in it', { a: null }],
    ['a boolean in it', { a: true }],
    ['an operator object (I2)', { a: { $gt: '' } }],
    ['a list in it', { a: ['x'] }],
    ['seven entries', Object.fromEntries([...'abcdefg'].map((name) => [name, 'x']))],
    ['a value of 65 characters', { a: 'x'.repeat(65) }],
    ['an empty value', { a: '' }],
    ['a blank value', { a: '   ' }],
    ['an empty name', { '': 'x' }],
    ['a name of 33 characters', { ['a'.repeat(33)]: 'x' }],
    ['an operator name (I2)', { $gt: 'x' }],
    ['a dotted name', { 'a.b': 'x' }],
    ['a name that breaks the line (I8)', { 'a\nb': 'x' }],
    ['__proto__ (I3)', JSON.parse('{"__proto__": "x"}')],
  ])('is refused with %s', (_, context) => {
    expect(contextFault(context)).not.toBeNull();
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
    ['a filler that shows nothing', 'Ac\u3164me'],
    ['a combining joiner that shows nothing', 'Ac\u034fme'],
    ['a Braille blank', '\u2800'],
  ])('holds nothing that controls, hides or reorders text: %s (I8, I9)', (_, text) => {
    expect(contextFault({ payee: text })).not.toBeNull();
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
  ])('holds no link and no address: %s (I9)', (text) => {
    expect(contextFault({ payee: text })).not.toBeNull();
  });

  it.each(['<a href=//evil>', '{{7*7}}', '${7*7}', '{{#each}}', '&amp;', `"'`])(
    'may hold what templates must show as text: %s (I7)',
    (text) => {
      expect(contextFault({ payee: text })).toBeNull();
    },
  );

  it.each([
    ['letters', { payee: 'a'.repeat(100_000) }],
    ['dots', { payee: 'a.'.repeat(50_000) }],
    ['blanks', { payee: ' '.repeat(100_000) }],
    ['marks in the wrong order, slow to normalise', { payee: '\u0316\u0300'.repeat(50_000) }],
    ['names', Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`a${i}`, 'x']))],
  ])('is judged quickly when it is 100 kB of %s (I5)', (_, context) => {
    expect(quickly(50, () => contextFault(context))).not.toBeNull();
  });
});
