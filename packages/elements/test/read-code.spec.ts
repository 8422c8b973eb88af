import { readCode as serverReadsCode } from '../../../src/common/code.js';
import { digitsOf, readCode } from '../src/read-code.js';

const SPELLINGS: [string, string | null][] = [
  ['123456', '123456'],
  ['123 456', '123456'],
  ['123\u00a0456', '123456'],
  ['123-456', '123456'],
  ['123–456', '123456'],
  ['123\u2212456', '123456'],
  ['#123456', '123456'],
  ['\uff03１２３４５６', '123456'],
  ['\u2068123456\u2069', '123456'],
  ['1\u200b2\u200d3\ufeff456', '123456'],
  ['١٢٣٤٥٦', '123456'],
  ['۱۲۳۴۵۶', '123456'],
  ['१२३४५६', '123456'],
  ['𝟏𝟐𝟑𝟜𝟝𝟞', '123456'],
  ['0000', '0000'],
  ['1234567890', '1234567890'],
  ['123', null],
  ['12345678901', null],
  ['12a456', null],
  ['Your code is 123456', null],
  ['12#3456', null],
  ['', null],
  [' '.repeat(70) + '123456', null],
];

describe('reading a code', () => {
  it.each(SPELLINGS)('reads %j as %j, as the server does', (text, code) => {
    expect(readCode(text)).toBe(code);
    expect(serverReadsCode(text)).toBe(code);
  });

  it('keeps the digits of a text, in ASCII', () => {
    expect(digitsOf('Code: ١٢ and 3-4')).toBe('1234');
    expect(digitsOf('none')).toBe('');
  });
});
