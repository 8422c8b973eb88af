import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { originBoundCode } from '../../../test/support/origin-bound-code.js';
import { LOCALES, type Locale } from '../../common/locale.js';
import { maskedAddress } from '../../common/recipient.js';
import { Config } from '../../config/config.js';
import { smsSize } from './sms-segments.js';
import { examplesOf, MESSAGES } from './template-examples.js';
import { Templates } from './templates.js';
import { catalogueFaults, readTextFiles, templateOf, type Catalogue } from './text-files.js';

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
const EVERY = MESSAGES.flatMap((message) => LOCALES.map((locale) => [message, locale] as const));
const mails = (message: string, locale: Locale, from = templates) =>
  examplesOf(message).map((example) => from.mail(templateOf(message), { ...example, locale }, 300));
/** The mail of the last example, which has a context if the message can have one. */
const mail = (message: string, locale: Locale, from = templates) => mails(message, locale, from).at(-1)!;

describe('every language', () => {
  it.each(LOCALES)('has exactly the sentences and fields of the English catalogue: %s', (locale) => {
    const catalogue = catalogues.get(locale) as Catalogue;
    expect(catalogueFaults(catalogue, english)).toEqual([]);
    const names = (all: Catalogue) =>
      Object.entries(all).map(([section, sentences]) => [section, Object.keys(sentences).sort()]);
    expect(names(catalogue)).toEqual(names(english));
  });

  it.each(LOCALES.slice(1))('has no English sentences: %s', (locale) => {
    const same = Object.entries(english).flatMap(([section, sentences]) =>
      Object.entries(sentences).filter(([name, text]) => catalogues.get(locale)?.[section]?.[name] === text),
    );
    expect(same).toEqual([]);
  });

  it.each(EVERY)('renders %s in %s completely, with and without a brand', (name, locale) => {
    for (const { subject, text, html } of [...mails(name, locale), ...mails(name, locale, branded)]) {
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
    expect(html.match(/<a /g) ?? []).toHaveLength(examplesOf(name).at(-1)?.link ? 1 : 0);
  });

  it.each(LOCALES)('uses different sentences for an e-mail address and a phone number in %s', (locale) => {
    const content = { ...examplesOf('contact_changed')[0], locale, to: 'a•••@example.com' };
    const [email, phone] = (['email', 'phone'] as const).map((field) =>
      templates.mail('contact_changed', { ...content, field }, 300),
    );
    expect(email?.subject).not.toBe(phone?.subject);
    expect(email?.text).not.toBe(phone?.text);
    expect(email?.text).toContain('a•••@example.com');
  });

  it('has an example of every template', () => {
    const names = [...files.keys()]
      .filter((file) => file.endsWith('.subject.hbs'))
      .map((file) => file.split('.')[0] ?? '');
    expect([...new Set(MESSAGES.map(templateOf))].sort()).toEqual(names.sort());
    expect(templates.messages).toEqual(MESSAGES);
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
    expect(german.mail('code', { code: '012345' }, 300).subject).toBe('012345 ist Ihr Bestätigungscode');
  });
});

const PURPOSES = ['verification', 'email_verification', 'login', 'contact_change', 'transaction', 'checkout'];

describe('SMS with a code', () => {
  it.each(LOCALES)('fits one segment in %s, with a host of 16 characters and a code of 6', (locale) => {
    for (const purpose of PURPOSES)
      for (const seconds of [3600, 900, 660, 600, 300, 180, 120, 60, 59, 11, 3, 2, 1]) {
        const text = templates.sms('code', { code: '012345', purpose, locale }, seconds);
        expect([text, smsSize(text)]).toEqual([text, expect.objectContaining({ segments: 1 })]);
      }
  });

  it.each(['en', 'de', 'fr', 'es', 'pt', 'it', 'tr'] as const)(
    'uses only GSM-7 in %s and fits one segment with a long host, the longest code and a brand',
    (locale) => {
      const long = new Templates(
        Config.from({ PUBLIC_URL: `https://${'a'.repeat(28)}.example.com`, BRAND_NAME: 'Acme' }),
      );
      for (const purpose of ['verification', 'login']) {
        const size = smsSize(long.sms('code', { code: '0123456789', purpose, locale }, 600));
        expect(size).toMatchObject({ encoding: 'GSM-7', segments: 1 });
      }
    },
  );

  it.each(['hi', 'ar'] as const)('takes two segments in %s with a long host', (locale) => {
    const long = new Templates(Config.from({ PUBLIC_URL: `https://${'a'.repeat(28)}.example.com` }));
    expect(smsSize(long.sms('code', { code: '0123456789', locale }, 600)).segments).toBe(2);
  });

  it.each(LOCALES)('starts with the code and ends with an origin-bound code in %s', (locale) => {
    for (const purpose of PURPOSES)
      for (const context of [undefined, { note: 'Müller' }]) {
        const text = branded.sms('code', { code: '012345', purpose, context, locale }, 300);
        expect(text).toMatch(/^012345 /);
        expect(originBoundCode(text)).toEqual({ host: 'auth.example.com', code: '012345' });
        expect(text.match(/@/g)).toHaveLength(1);
        expect(text).not.toMatch(/https?:|www\./);
      }
  });

  it.each(LOCALES)('names the host of the application in %s, in place of an app hash', (locale) => {
    const hosts = [undefined, 'shop.example.org', 'pay.example.org', undefined];
    const app = new Templates(Config.from({ PUBLIC_URL, ANDROID_APP_HASH: 'FA+9qCX9VSu' }));
    for (const context of [undefined, { note: 'Müller' }]) {
      const texts = (from: Templates) =>
        hosts.map((host) => from.sms('code', { code: '012345', host, context, locale }, 300));
      const shown = texts(branded).map((text) => originBoundCode(text)?.host);
      expect(shown).toEqual(hosts.map((host) => host ?? 'auth.example.com'));
      expect(texts(app).map((text) => originBoundCode(text)?.host)).toEqual(hosts);
      expect(texts(app)[1]).not.toContain('FA+9qCX9VSu');
    }
  });

  it.each(LOCALES)('ends with the hash of an Android app in %s and fits one segment', (locale) => {
    const app = new Templates(Config.from({ PUBLIC_URL, ANDROID_APP_HASH: 'FA+9qCX9VSu' }));
    for (const purpose of PURPOSES) {
      const text = app.sms('code', { code: '012345', purpose, locale }, 300);
      expect(text).toMatch(/\n\nFA\+9qCX9VSu$/);
      expect(text).not.toContain('@');
      expect(smsSize(text).segments).toBe(1);
    }
  });
});

describe('message with a code', () => {
  const content = (purpose: string, locale: Locale) => ({
    code: '012345',
    purpose,
    locale,
    ...(purpose === 'transaction' && { context: { amount: '39.99 EUR', payee: 'Acme' } }),
  });
  const parts = (purpose: string, locale: Locale) => {
    const { subject, text, html } = templates.mail('code', content(purpose, locale), 300);
    const sms = templates.sms('code', content(purpose, locale), 300).split('\n\n')[0];
    return { subject, text, html, sms };
  };

  it.each(LOCALES)(
    'states its purpose in subject, mail and SMS, and differs for each purpose: %s',
    (locale) => {
      const purposes = ['verification', 'login', 'contact_change', 'transaction'];
      const rendered = purposes.map((purpose) => parts(purpose, locale));
      for (const part of ['subject', 'text', 'html', 'sms'] as const) {
        const texts = rendered.map((message) => message[part]);
        expect([part, new Set(texts).size]).toEqual([part, purposes.length]);
        for (const text of texts) expect(text).toContain('012345');
      }
      const openings = rendered.map(({ text }) => text.split('\n')[0]);
      expect(new Set(openings).size).toBe(purposes.length);
    },
  );

  it.each(LOCALES)('has other words for an approval with a context than for a transaction: %s', (locale) => {
    const { context } = content('transaction', locale);
    const [custom, transaction] = ['checkout', 'transaction'].map((purpose) =>
      templates.sms('code', { ...content(purpose, locale), context }, 300),
    );
    expect(custom).toContain('39.99 EUR');
    expect(custom).not.toBe(transaction);
  });

  it.each(LOCALES)('has the sentences of `verification` for every other purpose: %s', (locale) => {
    const verification = parts('verification', locale);
    for (const purpose of ['email_verification', 'checkout', 'constructor', '__proto__', 'x'])
      expect(parts(purpose, locale)).toEqual(verification);
    const { subject, text, html } = templates.mail('code', { code: '012345', locale }, 300);
    expect({ ...verification, subject, text, html }).toEqual(verification);
  });

  it.each<[Locale, Record<string, [string, string]>]>([
    [
      'en',
      {
        verification: ['is your verification code', 'is your verification code.'],
        login: ['is your code to sign in', 'is your code to sign in.'],
        transaction: ['is your code to approve a transaction', 'approves this transaction:'],
        contact_change: ['adds this e-mail address to an account', 'adds this number to an account.'],
      },
    ],
    [
      'de',
      {
        verification: ['ist Ihr Bestätigungscode', 'ist Ihr Bestätigungscode.'],
        login: ['ist Ihr Code zum Anmelden', 'ist Ihr Code zum Anmelden.'],
        transaction: ['ist Ihr Code zum Bestätigen einer Transaktion', 'bestätigt diese Transaktion:'],
        contact_change: [
          'fügt diese E-Mail-Adresse einem Konto hinzu',
          'fügt diese Nummer einem Konto hinzu.',
        ],
      },
    ],
  ])('says in plain words what the code is for: %s', (locale, sentences) => {
    for (const [purpose, [subject, sms]] of Object.entries(sentences)) {
      const message = parts(purpose, locale);
      expect(message.subject).toBe(`012345 ${subject}`);
      expect(message.sms?.split('\n')[0]).toBe(`012345 ${sms}`);
    }
  });

  it('tells the recipient to ignore a code that adds an address to an account', () => {
    const { text, sms } = parts('contact_change', 'en');
    expect(text).toContain('If you did not ask for this, ignore this message: without the code, ');
    expect(sms).toContain('Do not share it. If you did not ask for this, ignore it.');
  });

  it('keeps texts of different purposes, codes and lifetimes apart in the cache', () => {
    const sms = (purpose: string, code: string, seconds: number) =>
      templates.sms('code', { code, purpose }, seconds).split('\n\n')[0];
    for (let round = 0; round < 2; round++) {
      expect(sms('login', '111111', 300)).toBe(
        '111111 is your code to sign in.\nValid for 5 minutes. Do not share it.',
      );
      expect(sms('verification', '222222', 300)).toMatch(/^222222 is your verification code\.\nValid for 5/);
      expect(sms('login', '333333', 60)).toMatch(/^333333 is your code to sign in\.\nValid for 1 minute\./);
    }
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
        for (const message of MESSAGES.filter((message) => templateOf(message) === name))
          for (const example of examplesOf(message)) {
            const text = templates.sms(name, { ...example, field, to, locale }, 300);
            expect([text, smsSize(text).encoding]).toEqual([text, 'GSM-7']);
            if (name === 'contact_changed') expect(text).toContain(to.replaceAll('•', '*'));
          }
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
  const germanWith = (code: Record<string, string>, sections: Catalogue = {}) =>
    JSON.stringify({ ...german, code: { ...german.code, ...code }, ...sections });

  it('replaces templates and catalogues with files of the same name', () => {
    const custom = templatesWith({
      'code.subject.hbs': 'Acme: {{say "subject"}}',
      'de.json': germanWith({ subject: '{{code}} & mehr' }),
      'README.md': 'Our texts.',
    });
    expect(custom.mail('code', { code: '012345', locale: 'de' }, 300).subject).toBe('Acme: 012345 & mehr');
    expect(custom.mail('code', { code: '012345', locale: 'de' }, 300).html).toContain('012345 &amp; mehr');
    expect(custom.mail('code', { code: '012345', locale: 'fr' }, 300).subject).toBe(
      'Acme: 012345 est votre code de vérification',
    );
  });

  it('applies sentences for a purpose, and those of `code` for the others of that section', () => {
    const checkout = { subject: '{{code}} & Einkauf', sms: '{{code}} für Ihren Einkauf.' };
    const custom = templatesWith({ 'de.json': germanWith({}, { 'code.checkout': checkout }) });
    const message = { code: '012345', purpose: 'checkout', locale: 'de' } as const;
    const { subject, text, html } = custom.mail('code', message, 300);
    expect(subject).toBe('012345 & Einkauf');
    expect(html).toContain('<title>012345 &amp; Einkauf</title>');
    expect(text).toMatch(/^Ihr Bestätigungscode lautet\n012345\n/);
    expect(custom.sms('code', message, 300)).toMatch(/^012345 für Ihren Einkauf\.\n5 Minuten gültig/);
    expect(custom.sms('code', { ...message, locale: 'fr' }, 300)).toMatch(/^012345 est votre code de vér/);
    expect(custom.sms('code', { ...message, purpose: 'login' }, 300)).toMatch(/^012345 ist Ihr Code zum A/);
    expect(custom.messages).toEqual([...MESSAGES, 'code.checkout']);
    expect(examplesOf('code.checkout')).toHaveLength(2);
  });

  it('uses a catalogue without sentences for purposes, and a template with a fixed text, for all', () => {
    const older = Object.fromEntries(Object.entries(german).filter(([section]) => !section.includes('.')));
    const custom = templatesWith({
      'de.json': JSON.stringify({ ...older, code: { ...older.code, sms: '{{code}} von uns.' } }),
      'code.subject.hbs': 'Acme {{code}}',
    });
    for (const purpose of PURPOSES) {
      const message = { code: '012345', purpose, locale: 'de' } as const;
      expect(custom.sms('code', message, 300)).toMatch(/^012345 von uns\.\n/);
      expect(custom.mail('code', message, 300).subject).toBe('Acme 012345');
    }
  });

  it.each([
    ['checkout', true],
    ['login', true],
    ['email_verification', true],
    ['chekout', false],
    ['password_reset', false],
    ['notice', false],
  ])('accepts sentences for a purpose that exists only: %s', (purpose, accepted) => {
    const folder = folderWith({ 'de.json': germanWith({}, { [`code.${purpose}`]: { sms: '{{code}}' } }) });
    const start = () => new Templates(Config.from({ TEMPLATES_DIR: folder, OTP_PURPOSES: 'checkout' }));
    if (accepted) expect(start).not.toThrow();
    else expect(start).toThrow(`de.json has code.${purpose}, but no purpose ${purpose} exists`);
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
    [
      'an unknown sentence for a purpose',
      { 'de.json': germanWith({}, { 'code.login': { x: 'y' } }) },
      /de\.json has code\.login\.x, which no template uses/,
    ],
    [
      'a sentence for a purpose without its field',
      { 'de.json': germanWith({}, { 'code.checkout': { sms: 'Code' } }) },
      /fields in code\.checkout\.sms: code$/,
    ],
    [
      'code in a sentence for a purpose',
      { 'de.json': germanWith({}, { 'code.checkout': { ignore: '{{lookup x "y"}}' } }) },
      /may only use .* in code\.checkout\.ignore/,
    ],
    [
      'an empty sentence for a purpose',
      { 'de.json': germanWith({}, { 'code.checkout': { ignore: '' } }) },
      /one line of text for code\.checkout\.ignore/,
    ],
    [
      'a purpose with an invalid name',
      { 'de.json': germanWith({}, { 'code.Checkout': { ignore: 'y' } }) },
      /de\.json has code\.Checkout\.ignore, which no template uses/,
    ],
    [
      'a dot in the name of a sentence',
      { 'de.json': germanWith({ 'login.sms': '{{code}}' }) },
      /de\.json has code\.login\.sms, which no template uses/,
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
