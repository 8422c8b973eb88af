import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { originBoundCode } from '../../../test/support/origin-bound-code.js';
import { LOCALES, type Locale } from '../../common/locale.js';
import { maskedAddress } from '../../common/recipient.js';
import { Config } from '../../config/config.js';
import { smsSize } from './sms-segments.js';
import { EXAMPLES } from './template-examples.js';
import { Templates } from './templates.js';
import { catalogueFaults, readTextFiles, type Catalogue } from './text-files.js';

const PUBLIC_URL = 'https://auth.example.com';
const { templates: files, catalogues } = readTextFiles();
const english = catalogues.get('en') as Catalogue;
const templates = new Templates(Config.from({ PUBLIC_URL }));
const branded = new Templates(
  Config.from({
    PUBLIC_URL,
    BRAND_NAME: 'Müller & Co',
    BRAND_COLOR: '#0f62fe',
    SUPPORT_EMAIL: 'help@example.com',
  }),
);
const names = [...files.keys()]
  .filter((file) => file.endsWith('.subject.hbs'))
  .map((file) => file.split('.')[0] ?? '');
const EVERY = names.flatMap((name) => LOCALES.map((locale) => [name, locale] as const));
const mail = (name: string, locale: Locale, from = templates) =>
  from.mail(name, { ...EXAMPLES[name], locale }, 300);

describe('every language', () => {
  it.each(LOCALES)('has exactly the sentences and fields of the English catalogue: %s', (locale) => {
    expect(catalogueFaults(catalogues.get(locale) as Catalogue, english)).toEqual([]);
  });

  it.each(LOCALES.slice(1))('has no English sentences: %s', (locale) => {
    const same = Object.entries(english).flatMap(([section, sentences]) =>
      Object.entries(sentences).filter(([name, text]) => catalogues.get(locale)?.[section]?.[name] === text),
    );
    expect(same).toEqual([]);
  });

  it.each(EVERY)('renders %s in %s completely, with and without a brand', (name, locale) => {
    for (const { subject, text, html } of [mail(name, locale), mail(name, locale, branded)]) {
      for (const part of [subject, text, html]) {
        expect(part.trim()).not.toBe('');
        expect(part).not.toMatch(/undefined|\bnull\b|\[object|\{\{|\}\}/);
      }
      expect(subject + text).not.toMatch(/\n{3}|\S {2,}\S|[^\n] +\n/);
      expect(subject).toMatch(/^\S[^\r\n]{0,76}\S$/);
      expect(html).toContain(`<html lang="${locale}" dir="${locale === 'ar' ? 'rtl' : 'ltr'}">`);
    }
  });

  it.each(EVERY)('signs %s in %s with brand and support address, escaped in HTML only', (name, locale) => {
    const { text, html } = mail(name, locale, branded);
    expect(html).toContain('Müller &amp; Co');
    expect(html).toContain('border-top:4px solid #0f62fe');
    expect(text).toMatch(/help@example\.com\u2069?\n\n\u2068?Müller & Co\u2069?$/);
    expect(html).toContain('help@example.com');
    expect(html.match(/<a /g) ?? []).toHaveLength(EXAMPLES[name]?.link ? 1 : 0);
  });

  it.each(LOCALES)('uses different sentences for an e-mail address and a phone number in %s', (locale) => {
    const content = { ...EXAMPLES.contact_changed, locale, to: 'a•••@example.com' };
    const [email, phone] = (['email', 'phone'] as const).map((field) =>
      templates.mail('contact_changed', { ...content, field }, 300),
    );
    expect(email?.subject).not.toBe(phone?.subject);
    expect(email?.text).not.toBe(phone?.text);
    expect(email?.text).toContain('a•••@example.com');
  });

  it('has an example of every template', () => {
    expect(Object.keys(EXAMPLES).sort()).toEqual(names.sort());
  });

  it.each([
    ['en', '5 minutes'],
    ['de', '5 Minuten'],
    ['fr', '5 minutes'],
    ['ar', '5 دقائق'],
    ['hi', '5 मिनट'],
    ['zh', '5分钟'],
  ] as const)('states lifetimes in the plural of the language, with Latin digits: %s', (locale, words) => {
    expect(mail('code', locale).text).toContain(words);
    expect(templates.sms('code', { code: '012345', locale }, 300)).toContain(words);
  });

  it('uses DEFAULT_LOCALE when a message names no language', () => {
    const german = new Templates(Config.from({ DEFAULT_LOCALE: 'de' }));
    expect(german.mail('code', { code: '012345' }, 300).subject).toBe('012345 ist Ihr Code');
  });
});

describe('SMS with a code', () => {
  it.each(LOCALES)('fits one segment in %s, with a host of 16 characters and a code of 6', (locale) => {
    for (const seconds of [600, 300, 120, 60, 59, 1])
      expect(smsSize(templates.sms('code', { code: '012345', locale }, seconds))).toMatchObject({
        segments: 1,
      });
  });

  it.each(['en', 'de', 'fr', 'es', 'pt', 'it', 'tr'] as const)(
    'uses only GSM-7 in %s and fits one segment with a long host, the longest code and a brand',
    (locale) => {
      const long = new Templates(
        Config.from({ PUBLIC_URL: `https://${'a'.repeat(28)}.example.com`, BRAND_NAME: 'Acme' }),
      );
      const size = smsSize(long.sms('code', { code: '0123456789', locale }, 600));
      expect(size).toMatchObject({ encoding: 'GSM-7', segments: 1 });
    },
  );

  it.each(['hi', 'ar'] as const)('takes two segments in %s with a long host', (locale) => {
    const long = new Templates(Config.from({ PUBLIC_URL: `https://${'a'.repeat(28)}.example.com` }));
    expect(smsSize(long.sms('code', { code: '0123456789', locale }, 600)).segments).toBe(2);
  });

  it.each(LOCALES)('starts with the code and ends with an origin-bound code in %s', (locale) => {
    for (const context of [undefined, { note: 'Müller' }]) {
      const text = branded.sms('code', { code: '012345', context, locale }, 300);
      expect(text).toMatch(/^012345 /);
      expect(originBoundCode(text)).toEqual({ host: 'auth.example.com', code: '012345' });
      expect(text.match(/@/g)).toHaveLength(1);
      expect(text).not.toMatch(/https?:|www\./);
    }
  });

  it.each(LOCALES)('ends with the hash of an Android app in %s and fits one segment', (locale) => {
    const app = new Templates(Config.from({ PUBLIC_URL, ANDROID_APP_HASH: 'FA+9qCX9VSu' }));
    const text = app.sms('code', { code: '012345', locale }, 300);
    expect(text).toMatch(/\n\nFA\+9qCX9VSu$/);
    expect(text).not.toContain('@');
    expect(smsSize(text).segments).toBe(1);
  });
});

describe('every SMS', () => {
  const smsTemplates = [...files.keys()]
    .filter((file) => file.endsWith('.sms.hbs'))
    .map((file) => file.split('.')[0] ?? '');
  const latin = ['en', 'de', 'fr', 'es', 'pt', 'it', 'tr'] as const;

  it.each(smsTemplates.flatMap((name) => latin.map((locale) => [name, locale] as const)))(
    'uses only GSM-7 characters: %s in %s',
    (name, locale) => {
      for (const field of ['email', 'phone'] as const) {
        const to = maskedAddress(field === 'email' ? 'email:ada@example.com' : 'phone:+14155550123');
        const text = templates.sms(name, { ...EXAMPLES[name], field, to, locale }, 300);
        expect([text, smsSize(text).encoding]).toEqual([text, 'GSM-7']);
        if (name === 'contact_changed') expect(text).toContain(to.replaceAll('•', '*'));
      }
    },
  );

  it('keeps dots in the context of a code', () => {
    const content = { code: '012345', context: { card: '•••• 4242' } };
    expect(templates.sms('code', content, 300)).toContain('card: •••• 4242');
  });
});

describe('Arabic', () => {
  it('isolates foreign words and keeps the code and links unchanged', () => {
    const { text, html } = mail('contact_changed', 'ar');
    expect(text).toContain('\u2068+14•••••••23\u2069');
    expect(html).toContain('<a dir="ltr" href="https://auth.example.com/page#token&#x3D;aB-_9">');
    expect(text).toContain('\nhttps://auth.example.com/page#token=aB-_9');
    expect(mail('code', 'ar').html).toContain('<bdi dir="ltr">123456</bdi>');
    expect(mail('code', 'ar').text).toContain('\u2068amount\u2069: \u206839.99 EUR\u2069');
    expect(mail('code', 'en').text).toContain('amount: 39.99 EUR');
  });
});

describe('TEMPLATES_DIR', () => {
  const folderWith = (files: Record<string, string>) => {
    const folder = mkdtempSync(join(tmpdir(), 'otp-texts-'));
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
    return folder;
  };
  const templatesWith = (files: Record<string, string>) =>
    new Templates(Config.from({ PUBLIC_URL, TEMPLATES_DIR: folderWith(files) }));
  const german = JSON.parse(readFileSync(new URL('./locales/de.json', import.meta.url), 'utf8')) as Catalogue;
  const germanWith = (code: Record<string, string>) =>
    JSON.stringify({ ...german, code: { ...german.code, ...code } });

  it('replaces templates and catalogues with files of the same name', () => {
    const custom = templatesWith({
      'code.subject.hbs': 'Acme: {{say "subject"}}',
      'de.json': germanWith({ subject: '{{code}} & mehr' }),
      'README.md': 'Our texts.',
    });
    expect(custom.mail('code', { code: '012345', locale: 'de' }, 300).subject).toBe('Acme: 012345 & mehr');
    expect(custom.mail('code', { code: '012345', locale: 'de' }, 300).html).toContain('012345 &amp; mehr');
    expect(custom.mail('code', { code: '012345', locale: 'fr' }, 300).subject).toBe(
      'Acme: 012345 est votre code',
    );
  });

  it.each<[string, Record<string, string>, RegExp]>([
    [
      'a template with an unknown name',
      { 'kode.sms.hbs': 'x' },
      /kode\.sms\.hbs has a name that no template/,
    ],
    ['an unsupported language', { 'xx.json': '{}' }, /xx\.json is not named after a supported language/],
    ['a syntax error', { 'code.sms.hbs': '{{#if code}}' }, /code\.sms\.hbs: Parse error/],
    ['a field that does not exist', { 'code.sms.hbs': '{{kode}}' }, /code\.sms\.hbs: "kode" not defined/],
    [
      'a sentence that does not exist',
      { 'code.sms.hbs': '{{say "x"}}' },
      /code\.sms\.hbs: no sentence code\.x/,
    ],
    ['invalid JSON', { 'de.json': '{' }, /de\.json .*JSON/],
    ['a list', { 'de.json': '[]' }, /de\.json must be an object/],
    ['missing sentences', { 'de.json': '{}' }, /de\.json lacks common\.support/],
    [
      'an unknown sentence',
      { 'de.json': germanWith({ x: 'y' }) },
      /de\.json has code\.x, which no template uses/,
    ],
    [
      'a sentence without its field',
      { 'de.json': germanWith({ subject: 'Code' }) },
      /fields in code\.subject: code$/,
    ],
    [
      'code in a sentence',
      { 'de.json': germanWith({ ignore: '{{lookup x "y"}}' }) },
      /may only use .* in code\.ignore/,
    ],
    ['an empty sentence', { 'de.json': germanWith({ ignore: ' ' }) }, /one line of text for code\.ignore/],
    ['a sentence of two lines', { 'de.json': germanWith({ subject: '{{code}}\nBcc: x' }) }, /one line/],
  ])('rejects %s at start and names the file', (_, files, reason) => {
    expect(() => templatesWith(files)).toThrow(reason);
    expect(() => templatesWith(files)).toThrow('TEMPLATES_DIR is invalid');
  });

  it('rejects a folder that does not exist', () => {
    expect(() => new Templates(Config.from({ TEMPLATES_DIR: '/nowhere/texts' }))).toThrow(
      'TEMPLATES_DIR is invalid: the folder',
    );
  });
});
