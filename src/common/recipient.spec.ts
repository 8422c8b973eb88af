import { quickly } from '../../test/support/quickly.js';
import {
  addressOf,
  countryOf,
  isFixedLine,
  maskedAddress,
  maskedSearch,
  parseEmail,
  parsePhone,
  type Recipient,
} from './recipient.js';

const INDIAN = 'phone:+919445012345';

/** Even an address of this length must be rejected quickly. */
const LONG = 100_000;
const QUICK_MS = 50;

describe('parsePhone', () => {
  it.each([
    ['plain E.164', '+919445012345'],
    ['the international prefix 00', '00919445012345'],
    ['the international prefix 00 and blanks', '00 91 94450 12345'],
    ['a national prefix 0', '09445012345'],
    ['neither country code nor national prefix', '9445012345'],
    ['a country code without +', '919445012345'],
    ['blanks', '+91 94450 12345'],
    ['dashes', '+91-94450-12345'],
    ['dots', '+91.94450.12345'],
    ['slashes', '+91/94450/12345'],
    ['a redundant (0)', '+91 (0) 94450 12345'],
    ['a redundant (0) after 00', '0091(0)94450 12345'],
    ['brackets around the national prefix', '(0)94450 12345'],
    ['no-break spaces', '+91\u00a094450\u00a012345'],
    ['narrow no-break spaces', '+91\u202f94450\u202f12345'],
    ['typographic dashes', '+91\u201094450\u221212345'],
    ['full-width digits', '＋９１９４４５０１２３４５'],
    ['full-width digits and a national prefix', '０９４４５０１２３４５'],
    ['Arabic-Indic digits', '+٩١٩٤٤٥٠١٢٣٤٥'],
    ['Persian digits', '+۹۱۹۴۴۵۰۱۲۳۴۵'],
    ['a tel: URI', 'tel:+91-94450-12345'],
    ['a tel: URI in capitals', 'TEL:+919445012345'],
    ['a national tel: URI', 'tel:09445012345'],
    ['a whatsapp: address', 'whatsapp:+919445012345'],
    ['left-to-right marks', '\u200e+919445012345\u200e'],
    ['bidi embedding marks of an address book', '\u202a+919445012345\u202c'],
    ['bidi isolate marks', '\u2066+91 94450 12345\u2069'],
    ['surrounding blanks', '  +919445012345\t'],
  ])('accepts %s and returns E.164', (_, text) => {
    expect(parsePhone(text, 'IN')).toEqual({ recipient: INDIAN, country: 'IN' });
  });

  it('needs a default country for national numbers only', () => {
    for (const text of ['+919445012345', '00919445012345', 'tel:+91-94450-12345', 'whatsapp:+919445012345'])
      expect(parsePhone(text)?.recipient).toBe(INDIAN);
    for (const text of ['09445012345', '9445012345', '919445012345', 'tel:09445012345'])
      expect(parsePhone(text)).toBeNull();
  });

  it.each([
    ['an extension parameter', '+919445012345;ext=1'],
    ['an extension', '+919445012345 ext. 1'],
    ['an x-extension', '+919445012345x1'],
    ['a pause', '+919445012345,1'],
    ['a phone-context', 'tel:9445012345;phone-context=+91'],
    ['mixed scripts', '+91 9445\u06600 12345'],
    ['mixed Arabic scripts', '+٩١٩٤٤٥۰۱۲۳٤٥'],
    ['a zero-width space', '+91\u200b9445012345'],
    ['a word joiner', '\u2060+919445012345'],
    ['a line break', '+91 94450\n12345'],
    ['a NUL', '+919445012345\u0000'],
    ['two numbers', '+919445012345+919445012346'],
    ['two plus signs', '++919445012345'],
    ['a list', '+919445012345;+919445012346'],
    ['two schemes', 'tel:tel:+919445012345'],
    ['letters', '+91 94450 CALLME'],
    ['too few digits', '+91944501234'],
    ['too many digits', '+9194450123456'],
    ['the sample of a document', '+1234567890'],
    ['a country that does not exist', '+999123456789'],
    ['an emergency number', '112'],
    ['premium rate', '+19005550123'],
    ['premium rate abroad', '+33899123456'],
    ['shared cost', '+448712345678'],
    ['a personal number', '+447012345678'],
    ['a personal number of the US', '+15005550006'],
    ['toll-free', '+448001234567'],
    ['toll-free in the US', '+18005550123'],
    ['toll-free in Germany', '+498001234567'],
    ['premium rate in the UK', '+449012345678'],
    ['premium rate in Germany', '+499001234567'],
    ['shared cost in France', '+33884012345'],
    ['VoIP', '+445612345678'],
    ['VoIP in France', '+33912345678'],
    ['a pager', '+447640123456'],
    ['voicemail', '+491520551234567'],
    ['a company number', '+443301234567'],
    ['a company number of Germany', '+4918500123456'],
    ['a satellite phone', '+881612345678'],
    ['an international freephone number', '+80012345678'],
    ['an empty string', ''],
    ['a lone plus sign', '+'],
    ['only blanks', '   '],
  ])('rejects %s', (_, text) => {
    expect(parsePhone(text, 'IN')).toBeNull();
  });

  describe('with extra ranges', () => {
    const RANGES = ['+1679', '+4479', '+4420', '+1900', '+448', '+8816', '+979', '+5299'];

    it.each([
      ['a number of an area code that is newer than the library', '+1 679 555 0123', '+16795550123'],
      ['the prefix 00', '001 679 555 0123', '+16795550123'],
      ['a national spelling', '(679) 555-0123', '+16795550123'],
      ['a number that the library knows', '+44 7911 123456', '+447911123456'],
      ['a satellite phone', '+881612345678', '+881612345678'],
      ['a rewritten spelling', '+52 1 99 9123 4567', '+529991234567'],
    ])('accepts %s without a country', (_, text, e164) => {
      expect(parsePhone(text, 'US', RANGES)).toEqual({ recipient: `phone:${e164}` });
    });

    it.each([
      ['too few digits', '+1 679 555 012'],
      ['too few digits, as in a local call', '+1 679 555'],
      ['too many digits', '+1 679 555 01234'],
      ['an extension', '+16795550123 ext. 1'],
      ['another new area code', '+1 457 555 0123'],
      ['premium rate', '+1 900 555 0123'],
      ['shared cost', '+44 871 2345678'],
      ['toll-free', '+44 800 123 4567'],
      ['international premium rate', '+979123456789'],
    ])('rejects %s', (_, text) => {
      expect(parsePhone(text, 'US', RANGES)).toBeNull();
    });

    it('does not know the new number without its range', () => {
      expect(parsePhone('+1 679 555 0123', 'US')).toBeNull();
    });

    it('treats a new number as mobile, in no country', () => {
      expect(countryOf('phone:+16795550123')).toBeUndefined();
      expect(isFixedLine('phone:+16795550123')).toBe(false);
    });

    it('keeps a fixed line that the library knows', () => {
      expect(parsePhone('+442079460958', 'US', RANGES)).toEqual({ recipient: 'phone:+442079460958' });
      expect(isFixedLine('phone:+442079460958')).toBe(true);
    });
  });

  it.each([
    ['a mobile number', '+447911123456', false],
    ['a mobile number of Italy', '+393331234567', false],
    ['a mobile number of India', '+919445012345', false],
    ['a US number, which may be either', '+14155550123', false],
    ['a Mexican number, which may be either', '+525512345678', false],
    ['an Argentine number, which is read as mobile', '+541123456780', false],
    ['a Brazilian mobile number without its ninth digit', '+554491234567', false],
    ['a fixed line of London', '+442079460958', true],
    ['a fixed line of Rome', '+390612345678', true],
    ['a fixed line of Berlin', '+493012345678', true],
    ['a fixed line of Mumbai', '+912224123456', true],
    ['a fixed line of Brazil', '+554431234567', true],
  ])('accepts %s and knows whether it is a fixed line', (_, text, fixed) => {
    const recipient = parsePhone(text)?.recipient as Recipient;
    expect([text, isFixedLine(recipient)]).toEqual([text, fixed]);
  });

  it.each([
    ['+1 1 1…', '+1 '.repeat(LONG / 3)],
    ['plus signs', '+'.repeat(LONG)],
    ['brackets', '('.repeat(LONG)],
    ['digits', '9'.repeat(LONG)],
    ['blanks inside', `+91${' '.repeat(LONG)}9445012345`],
    ['bidi marks', `${'\u200e'.repeat(LONG)}+919445012345`],
    ['marks in the wrong order, slow to normalise', '\u0316\u0300'.repeat(LONG / 2)],
    ['a ligature that grows eighteenfold', '\ufdfa'.repeat(LONG)],
  ])('rejects 100 kB of %s within 50 ms', (_, text) => {
    expect(quickly(QUICK_MS, () => parsePhone(text, 'IN'))).toBeNull();
  });
});

describe('parseEmail', () => {
  it.each([
    ['a canonical address', 'ada@example.com', 'ada@example.com'],
    ['capitals', 'ADA@EXAMPLE.COM', 'ada@example.com'],
    ['surrounding blanks', '  ada@example.com  ', 'ada@example.com'],
    ['tabs around it', '\tada@example.com\t', 'ada@example.com'],
    ['a line feed behind it', 'ada@example.com\n', 'ada@example.com'],
    ['line ends around it', '\r\nada@example.com\r\n', 'ada@example.com'],
    ['no-break spaces around it', '\u00a0ada@example.com\u202f', 'ada@example.com'],
    ['thin and ideographic spaces around it', '\u2009ada@example.com\u3000', 'ada@example.com'],
    ['next line and line separators around it', '\u0085\u2028ada@example.com\u2029', 'ada@example.com'],
    ['zero-width spaces around it', '\u200bada@example.com\u200b', 'ada@example.com'],
    ['a byte order mark before it', '\ufeffada@example.com', 'ada@example.com'],
    ['a word joiner and a soft hyphen behind it', 'ada@example.com\u2060\u00ad', 'ada@example.com'],
    ['direction marks around it', '\u200eada@example.com\u200f', 'ada@example.com'],
    ['an override mark before it', '\u202eada@example.com', 'ada@example.com'],
    ['isolate marks and blanks around it', ' \u2068ada@example.com\u2069 ', 'ada@example.com'],
    ['mailto: before it', 'mailto:ada@example.com', 'ada@example.com'],
    ['mailto: in capitals', 'MAILTO:Ada@Example.com', 'ada@example.com'],
    ['mailto: in mixed case and a line end', 'MailTo:ada@example.com\r\n', 'ada@example.com'],
    ['mailto: between blanks', ' mailto: ada@example.com ', 'ada@example.com'],
    ['mailto: before an IDN', 'mailto:ada@b\u00fccher.de', 'ada@xn--bcher-kva.de'],
    ['a percent sign without mailto:', 'ada%2btag@example.com', 'ada%2btag@example.com'],
    ['a tag, which is kept', 'ada+tag@example.com', 'ada+tag@example.com'],
    ['dots in the mailbox, which are kept', 'a.d.a@example.com', 'a.d.a@example.com'],
    ['an apostrophe', "o'brien@example.com", "o'brien@example.com"],
    ['an IDN', 'ada@bücher.de', 'ada@xn--bcher-kva.de'],
    ['an IDN in capitals', 'ada@BÜCHER.DE', 'ada@xn--bcher-kva.de'],
    ['a decomposed IDN', 'ada@bu\u0308cher.de', 'ada@xn--bcher-kva.de'],
    ['punycode', 'ada@xn--bcher-kva.de', 'ada@xn--bcher-kva.de'],
    ['punycode in capitals', 'ada@XN--BCHER-KVA.de', 'ada@xn--bcher-kva.de'],
    ['a full-width domain', 'ada@ｅｘａｍｐｌｅ.com', 'ada@example.com'],
    ['a Kelvin sign in the domain, which IDNA folds', 'ada@\u212aayak.com', 'ada@kayak.com'],
    ['a dotless i in the domain, which IDNA keeps', 'ada@\u0131o.com', 'ada@xn--o-eka.com'],
    ['ß in the domain, which IDNA keeps', 'ada@faß.de', 'ada@xn--fa-hia.de'],
    ['a Cyrillic domain that looks Latin', 'ada@\u0430pple.com', 'ada@xn--pple-43d.com'],
  ])('canonicalises %s', (_, text, canonical) => {
    expect(parseEmail(text)).toBe(`email:${canonical}`);
  });

  it.each([
    ['a Kelvin sign, which toLowerCase() would make a k', '\u212aelvin@example.com'],
    ['a dotless i', '\u0131da@example.com'],
    ['a dotted capital I', '\u0130da@example.com'],
    ['a long s', 'u\u017fer@example.com'],
    ['a zero-width space', 'a\u200bda@example.com'],
    ['a zero-width space in the domain', 'ada@exa\u200bmple.com'],
    ['a soft hyphen in the domain', 'ada@exa\u00admple.com'],
    ['a full-width mailbox', 'ａda@example.com'],
    ['a full-width at sign', 'ada＠example.com'],
    ['an ideographic full stop', 'ada@example\u3002com'],
    ['a non-ASCII mailbox', 'jörg@example.com'],
    ['bidi marks inside', 'a\u202eda@example.com'],
    ['a direction mark before the at sign', 'ada\u200e@example.com'],
    ['a direction mark after the at sign', 'ada@\u200eexample.com'],
    ['a no-break space inside', 'a\u00a0da@example.com'],
    ['a line end before the at sign', 'ada\n@example.com'],
    ['a tab in the domain', 'ada@exa\tmple.com'],
    ['an escape character at the end', 'ada@example.com\u001b'],
    ['a unit separator at the start', '\u001fada@example.com'],
    ['mailto: twice', 'mailto:mailto:ada@example.com'],
    ['mailto: with a subject', 'mailto:ada@example.com?subject=x'],
    ['mailto: with an empty query', 'mailto:ada@example.com?'],
    ['mailto: with the address in the query', 'mailto:?to=ada@example.com'],
    ['mailto: with an address in the subject', 'mailto:ada@example.com?subject=a@example.com'],
    ['mailto: with a fragment', 'mailto:ada@example.com#x'],
    ['mailto: with a percent-encoded tag', 'mailto:ada%2Btag@example.com'],
    ['mailto: with a list', 'mailto:ada@example.com,eve@example.com'],
    ['mailto: with a display name', 'mailto:Ada <ada@example.com>'],
    ['mailto: without an address', 'mailto:'],
    ['a blank before the colon of mailto:', 'mailto :ada@example.com'],
    ['mailto: in angle brackets', '<mailto:ada@example.com>'],
    ['another scheme', 'smtp:ada@example.com'],
    ['a trailing dot', 'ada@example.com.'],
    ['a leading dot', '.ada@example.com'],
    ['a dot before the at sign', 'ada.@example.com'],
    ['two dots', 'a..da@example.com'],
    ['quotes', '"ada"@example.com'],
    ['quotes around an at sign', '"ada@x"@example.com'],
    ['a comment', 'ada(x)@example.com'],
    ['a comment in the domain', 'ada@example.com(x)'],
    ['a backslash', 'a\\da@example.com'],
    ['a blank', 'a da@example.com'],
    ['a blank before the domain', 'ada@ example.com'],
    ['a header', 'ada@example.com\r\nBcc: eve@example.com'],
    ['a header in the mailbox', 'ada\r\nBcc:eve@example.com'],
    ['a NUL', 'ada@example.com\u0000'],
    ['no domain', 'ada@'],
    ['no mailbox', '@example.com'],
    ['no at sign', 'ada.example.com'],
    ['two at signs', 'ada@eve@example.com'],
    ['a host without a dot', 'ada@localhost'],
    ['an IP literal', 'ada@[127.0.0.1]'],
    ['an IP address', 'ada@127.0.0.1'],
    ['a port', 'ada@example.com:25'],
    ['a percent-encoded domain', 'ada@ex%61mple.com'],
    ['an underscore in the domain', 'ada@ex_ample.com'],
    ['invalid punycode', 'ada@xn--a.com'],
    ['a mailbox of 65 characters', `${'a'.repeat(65)}@example.com`],
    ['a label of 64 characters', `ada@${'a'.repeat(64)}.com`],
    ['an empty string', ''],
  ])('rejects %s', (_, text) => {
    expect(parseEmail(text)).toBeNull();
  });

  it.each([
    'a@x.io,b@y.io',
    'a@x.io;b@y.io',
    'a@x.io b@y.io',
    'a@x.io,',
    ',a@x.io',
    'A <b@y.io>',
    '<b@y.io>',
    'a@x.io<b@y.io>',
    'friends: a@x.io;',
  ])('rejects the list or named address %s', (text) => {
    expect(parseEmail(text)).toBeNull();
  });

  it('parses a canonical address to itself', () => {
    for (const text of [
      ' mailto:ADA@BÜCHER.DE\n',
      'ADA@BÜCHER.DE',
      'ada+tag@example.com',
      'ada@faß.de',
      "o'brien@example.com",
    ]) {
      const recipient = parseEmail(text) as Recipient;
      expect(parseEmail(addressOf(recipient))).toBe(recipient);
    }
  });

  it.each([
    ['labels', `a@${'a.'.repeat(LONG / 2)}`],
    ['dots', `${'a.'.repeat(LONG / 2)}@x.io`],
    ['at signs', 'a@'.repeat(LONG / 2)],
    ['blanks before', `${' '.repeat(LONG)}a@x.io`],
    ['blanks after', `a@x.io${' '.repeat(LONG)}`],
    ['no-break spaces before', `${'\u00a0'.repeat(LONG)}a@x.io`],
    ['zero-width spaces before a letter', `${'\u200b'.repeat(LONG)}a`],
    ['mailto:', 'mailto:'.repeat(LONG / 7)],
    ['blanks inside the domain', `a@x.io${' '.repeat(LONG)}b`],
    ['an IDN', `a@${'ü.'.repeat(LONG / 2)}de`],
  ])('rejects 100 kB of %s within 50 ms', (_, text) => {
    expect(quickly(QUICK_MS, () => parseEmail(text))).toBeNull();
  });
});

it('maskedAddress shows only the start and the end of an address', () => {
  expect(maskedAddress('phone:+14155550123')).toBe('+14•••••••23');
  expect(maskedAddress('email:ada@example.com')).toBe('a•••@example.com');
  expect(maskedAddress('email:a@example.com')).toBe('a•••@example.com');
});

it.each([
  ['ada@example.com', 'a•••@example.com'],
  ['ada@exam', 'a•••@exam'],
  ['ada lovelace', 'a•••'],
  ['@ada', '@•••'],
  ['+14155550123', '+14•••'],
  ['+1', '+1•••'],
  ['4155550123', '4•••'],
  ['😀 ada', '😀•••'],
])('maskedSearch turns %j into %j', (search, masked) => {
  expect(maskedSearch(search)).toBe(masked);
});
