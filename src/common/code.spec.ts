import { quickly } from '../../test/support/quickly.js';
import { readCode, readDigits } from './code.js';

/** The digits of a script that has its zero at this code point. */
const inScript = (zero: number) =>
  '012345'.replace(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit)));

describe('readCode', () => {
  it.each([
    ['plain digits', '012345'],
    ['surrounding blanks', '  012345  '],
    ['a blank inside', '012 345'],
    ['a blank after each digit', '0 1 2 3 4 5 '],
    ['tabs', '\t012\t345\t'],
    ['a line feed', '012345\n'],
    ['carriage return and line feed', '\r\n012\r\n345\r\n'],
    ['vertical tab, form feed and next line', '\u000b012\u000c345\u0085'],
    ['line and paragraph separators', '\u2028012345\u2029'],
    ['no-break spaces', '\u00a0012\u00a0345\u00a0'],
    ['a narrow no-break space', '012\u202f345'],
    ['a thin space', '012\u2009345'],
    ['a figure space', '012\u2007345'],
    ['en and em spaces', '012\u2002345\u2003'],
    ['an ideographic space', '\u3000012\u3000345'],
    ['a hyphen', '012-345'],
    ['a hyphen after each digit', '0-1-2-3-4-5'],
    ['a non-breaking hyphen', '012\u2011345'],
    ['an en dash', '012\u2013345'],
    ['an em dash with blanks', '012 \u2014 345'],
    ['a figure dash', '012\u2012345'],
    ['a full-width hyphen', '012\uff0d345'],
    ['a wave dash', '012\u301c345'],
    ['a minus sign', '012\u2212345'],
    ['a soft hyphen', '012\u00ad345'],
    ['zero-width spaces', '\u200b012\u200b345\u200b'],
    ['a zero-width joiner and non-joiner', '012\u200c\u200d345'],
    ['a word joiner', '012\u2060345'],
    ['a byte order mark', '\ufeff012345'],
    ['left-to-right and right-to-left marks', '\u200e012345\u200f'],
    ['an Arabic letter mark', '\u061c012345'],
    ['embedding marks', '\u202a012345\u202c'],
    ['isolate marks', '\u2068012345\u2069'],
    ['a variation selector', '012345\ufe0f'],
    ['a Mongolian vowel separator', '012\u180e345'],
    ['a leading number sign', '#012345'],
    ['a number sign between blanks', ' # 012 345'],
    ['a full-width number sign', '\uff03012345'],
    ['full-width digits', inScript(0xff10)],
    ['Arabic-Indic digits', inScript(0x660)],
    ['Persian digits', inScript(0x6f0)],
    ['Devanagari digits', inScript(0x966)],
    ['Bengali digits', inScript(0x9e6)],
    ['Thai digits', inScript(0xe50)],
    ['Myanmar digits', inScript(0x1040)],
    ['mathematical bold digits', inScript(0x1d7ce)],
    ['mathematical double-struck digits', inScript(0x1d7d8)],
    ['mathematical monospace digits', inScript(0x1d7f6)],
    ['Adlam digits', inScript(0x1e950)],
    ['digits of several scripts', '0\u0661\u06f2\u0969\uff14\u{1d7d3}'],
    [
      'Persian digits with a dash and isolate marks',
      '\u2067\u06f0\u06f1\u06f2\u2013\u06f3\u06f4\u06f5\u2069',
    ],
  ])('reads %s', (_, text) => {
    expect(readCode(text)).toBe('012345');
  });

  it.each([4, 5, 6, 7, 8, 9, 10])('reads %i digits', (length) => {
    expect(readCode('0'.repeat(length))).toBe('0'.repeat(length));
    expect(readCode(` ${'\u0660'.repeat(length)}`)).toBe('0'.repeat(length));
  });

  it('folds every decimal digit of Unicode to a value from 0 to 9, each equally often', () => {
    const counts = new Map<string, number>();
    for (let point = 0; point <= 0x10ffff; point++) {
      if (point >= 0xd800 && point <= 0xdfff) continue;
      const character = String.fromCodePoint(point);
      if (!/\p{Nd}/u.test(character)) continue;
      const value = readCode(`000${character}`)?.slice(3) ?? 'refused';
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    expect([...counts.keys()].sort().join('')).toBe('0123456789');
    expect(new Set(counts.values()).size).toBe(1);
  });

  it.each([
    ['an empty string', ''],
    ['blanks only', ' \u00a0\u200b'],
    ['dashes only', '------'],
    ['a number sign only', '#'],
    ['three digits', '012'],
    ['eleven digits', '01234567890'],
    ['two number signs', '##012345'],
    ['a number sign inside', '012#345'],
    ['a number sign at the end', '012345#'],
    ['a dot', '012.345'],
    ['a comma', '012,345'],
    ['an Arabic thousands separator', '\u0660\u0661\u0662\u066c\u0663\u0664\u0665'],
    ['a slash', '012/345'],
    ['an underscore', '012_345'],
    ['a colon', '012:345'],
    ['a plus sign', '+012345'],
    ['an exponent', '012345e0'],
    ['a fraction', '012345.0'],
    ['hexadecimal digits', '0x12345'],
    ['quotes', '"012345"'],
    ['brackets', '[012345]'],
    ['words', 'code 012345'],
    ['the letter O as a zero', 'O12345'],
    ['superscript digits', '\u2070\u00b9\u00b2\u00b3\u2074\u2075'],
    ['subscript digits', '\u2080\u2081\u2082\u2083\u2084\u2085'],
    ['circled digits', '\u24ea\u2460\u2461\u2462\u2463\u2464'],
    ['Roman numerals', '\u2160\u2161\u2162\u2163\u2164\u2165'],
    ['Chinese numerals', '\u3007\u4e00\u4e8c\u4e09\u56db\u4e94'],
    ['keycap digits', '0\ufe0f\u20e31\ufe0f\u20e32\ufe0f\u20e33\ufe0f\u20e3'],
    ['a combining mark', '012345\u0301'],
    ['a NUL', '012345\u0000'],
    ['an escape character', '\u001b012345'],
    ['a lone surrogate', '012345\ud800'],
    ['more than 64 characters', `${' '.repeat(60)}012345`],
  ])('refuses %s', (_, text) => {
    expect(readCode(text)).toBeNull();
  });

  it.each([
    ['digits', '0'],
    ['blanks', ' '],
    ['dashes', '-'],
    ['mathematical digits', '\u{1d7ff}'],
  ])('refuses 100 kB of %s within 50 ms', (_, character) => {
    expect(quickly(50, () => readCode(character.repeat(100_000)))).toBeNull();
  });
});

describe('readDigits', () => {
  it.each([
    ['7320', '7320'],
    ['42', '42'],
    [' #٤٢ ', '42'],
    ['0', '0'],
    ['1234567890', '1234567890'],
    ['12345678901', null],
    ['', null],
    ['4.2', null],
    ['x42', null],
  ])('reads %j as %j', (text, digits) => {
    expect(readDigits(text)).toBe(digits);
  });
});
