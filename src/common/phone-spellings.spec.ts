import { parsePhone } from './recipient.js';

/** The number as its owner may write it in any country. */
const MEXICAN = [
  '+52 55 1234 5678',
  '+525512345678',
  '+52 1 55 1234 5678',
  '+5215512345678',
  '+52 (1) 55-1234-5678',
  '+52-1-55-1234-5678',
  '+52.1.55.1234.5678',
  '+52/1/55/1234/5678',
  '(+52) 1 55 1234 5678',
  '(+52) 55 1234 5678',
  '0052 1 55 1234 5678',
  '00 52 55 1234 5678',
  '(00) 52 1 55 1234 5678',
  '(0052) 55 1234 5678',
  '+52 044 55 1234 5678',
  '+52 045 55 1234 5678',
  '+52 01 55 1234 5678',
  'tel:+52-1-55-1234-5678',
  'TEL: +52 55 1234 5678',
  'whatsapp:+5215512345678',
  'whatsapp: +525512345678',
  '＋５２１５５１２３４５６７８',
  '+52\u00a01\u00a055\u00a01234\u00a05678',
  '+52‐1‐55‐1234‐5678',
  '\u202a+5215512345678\u202c',
  '+٥٢١٥٥١٢٣٤٥٦٧٨',
];
const MEXICAN_NATIONAL = [
  '55 1234 5678',
  '(55) 1234-5678',
  '1 55 1234 5678',
  '01 55 1234 5678',
  '(01 55) 1234 5678',
  '044 55 1234 5678',
  '045-55-1234-5678',
  '044 1 55 1234 5678',
  '52 1 55 1234 5678',
  '525512345678',
  '０４４５５１２３４５６７８',
  'tel:0445512345678',
];

const BUENOS_AIRES = [
  '+54 9 11 2345-6780',
  '+5491123456780',
  '+54 11 2345-6780',
  '+541123456780',
  '+54 11 15 2345 6780',
  '+54 11 15-2345-6780',
  '+54 9 11 15 2345 6780',
  '+54 (11) 15.2345.6780',
  '+54 (9) 11 2345 6780',
  '+54 (0) 11 2345 6780',
  '+54 011 15 2345 6780',
  '+54 9 011 2345 6780',
  '+54 9 011 15 2345 6780',
  '(+54) 9 11 2345-6780',
  '(+54 9) 11 2345-6780',
  '0054 9 11 2345 6780',
  '00 54 11 15 2345 6780',
  'tel:+54-11-2345-6780',
  'whatsapp:+5491123456780',
  '＋５４１１２３４５６７８０',
  '+54/11/15/2345/6780',
];
const BUENOS_AIRES_NATIONAL = [
  '011 15-2345-6780',
  '(011) 15-2345-6780',
  '011 2345-6780',
  '11 2345 6780',
  '11 15 2345 6780',
  '9 11 2345 6780',
  '0 9 11 2345 6780',
  '9 011 15 2345 6780',
  '0 9 11 15 2345 6780',
  '541123456780',
  '5491123456780',
  '０１１１５２３４５６７８０',
];

const BRAZILIAN = [
  '+55 44 99123-4567',
  '+5544991234567',
  '+55 44 9123-4567',
  '+554491234567',
  '+55 (44) 9123-4567',
  '+55 (044) 9123-4567',
  '+55 0 44 9123.4567',
  '+55 0 15 44 9123-4567',
  '+55 0 15 44 99123-4567',
  '(+55) 44 9123 4567',
  '0055 44 9123 4567',
  '00 55 44 99123 4567',
  'tel:+55-44-9123-4567',
  'whatsapp:+554491234567',
  '＋５５４４９１２３４５６７',
];
const BRAZILIAN_NATIONAL = [
  '44 9123-4567',
  '(44) 9123-4567',
  '(44) 99123-4567',
  '(044) 9123-4567',
  '0 44 99123 4567',
  '015 44 9123-4567',
  '554491234567',
  '5544991234567',
];

describe('canonicalNumber', () => {
  it.each([
    ['MX', '+525512345678', MEXICAN, MEXICAN_NATIONAL],
    ['AR', '+5491123456780', BUENOS_AIRES, BUENOS_AIRES_NATIONAL],
    ['BR', '+5544991234567', BRAZILIAN, BRAZILIAN_NATIONAL],
  ] as const)(
    'gives one recipient for every spelling of a number of %s',
    (country, e164, anywhere, atHome) => {
      const expected = { recipient: `phone:${e164}`, country };
      for (const text of anywhere) {
        expect([text, parsePhone(text)]).toEqual([text, expected]);
        expect([text, parsePhone(text, 'US')]).toEqual([text, expected]);
      }
      for (const text of [...anywhere, ...atHome])
        expect([text, parsePhone(text, country)]).toEqual([text, expected]);
      for (const text of atHome) expect([text, parsePhone(text)]).toEqual([text, null]);
    },
  );

  it.each([
    ['an area code of two digits', '+5491143311234', ['+54 11 4331 1234', '011 15 4331-1234']],
    ['an area code of three digits', '+5492214567890', ['+54 221 456 7890', '0221 15-456-7890']],
    [
      'a subscriber number that begins with 15',
      '+5491115315929',
      ['+54 11 1531-5929', '011 15 1531-5929', '+54 9 011 1531 5929', '011 1531 5929'],
    ],
    ['an area code of four digits', '+5492966421234', ['+54 2966 42 1234', '02966 15-42-1234']],
    ['an area code that begins like a shorter one', '+5492202421234', ['+54 2202 42-1234', '2202 15 421234']],
  ])('finds the 15 of an Argentine number after %s', (_, e164, spellings) => {
    const nationalNumber = e164.slice(4);
    for (const text of [
      ...spellings,
      e164,
      `+54${nationalNumber}`,
      `9${nationalNumber}`,
      `0${nationalNumber}`,
    ])
      expect([text, parsePhone(text, 'AR')?.recipient]).toEqual([text, `phone:${e164}`]);
  });

  it.each(['6', '7', '8', '9'])('adds the ninth digit to a Brazilian number that begins with %s', (digit) => {
    for (const area of ['11', '21', '44', '55', '91'])
      for (const text of [`+55${area}${digit}1234567`, `+55 ${area} 9 ${digit}123-4567`])
        expect([text, parsePhone(text)?.recipient]).toEqual([text, `phone:+55${area}9${digit}1234567`]);
  });

  it.each(['2', '3', '4', '5'])('keeps a Brazilian fixed line that begins with %s', (digit) => {
    for (const text of [`+55 44 ${digit}123-4567`, `+55 0 44 ${digit}123 4567`])
      expect(parsePhone(text)?.recipient).toBe(`phone:+5544${digit}1234567`);
  });

  it.each([
    ['another Mexican number', '+52 1 55 1234 5679', '+525512345679'],
    ['a Mexican number of another area', '+52 81 1234 5678', '+528112345678'],
    ['a US number whose area code begins with 52', '+1 520 555 0123', '+15205550123'],
    ['a US number with the digits of a Mexican one', '+1 551 234 5678', '+15512345678'],
    ['a number of Chile, whose numbers begin with 9', '+56 9 6123 4567', '+56961234567'],
    ['a number of Colombia', '+57 321 1234567', '+573211234567'],
  ])('does not touch %s', (_, text, e164) => {
    expect(parsePhone(text)?.recipient).toBe(`phone:${e164}`);
  });

  it.each([
    ['a Mexican number with one digit too many', '+52 1 55 1234 56789'],
    ['a Mexican number with one digit too few', '+52 1 55 1234 567'],
    ['an Argentine number without its area code', '+54 15 2345 6780'],
    ['an Argentine number with one digit too few', '+54 9 11 2345 678'],
    ['a Brazilian number without its area code', '+55 9123-4567'],
    ['a Brazilian number with an area code that does not exist', '+55 20 9123-4567'],
    ['a premium-rate number of Mexico', '+52 1 900 123 4567'],
    ['a premium-rate number of Argentina', '+54 9 600 222 3333'],
    ['a premium-rate number of Brazil', '+55 900 123 4567'],
  ])('rejects %s', (_, text) => {
    expect(parsePhone(text)).toBeNull();
  });

  it('parses a canonical number to itself', () => {
    for (const e164 of [
      '+525512345678',
      '+5491123456780',
      '+5492966421234',
      '+5544991234567',
      '+554431234567',
    ])
      expect(parsePhone(e164)?.recipient).toBe(`phone:${e164}`);
  });
});
