import { readdirSync } from 'node:fs';
import { Config } from '../../config/config.js';
import type { Channel } from '../../common/delivery.js';
import type { MessageContent } from './message-content.js';
import { originBoundCode } from '../../../test/support/origin-bound-code.js';
import { smsSize } from './sms-segments.js';
import { Templates } from './templates.js';

const templates = new Templates(Config.from({ PUBLIC_URL: 'https://auth.example.com:8443/otp/' }));
const ONE_SEGMENT = { encoding: 'GSM-7', segments: 1 };
const context = { amount: '39.99 EUR', payee: 'Müller & <b>Söhne</b> "{{code}}"' };

describe('SMS', () => {
  it('ends with an origin-bound code for the host of PUBLIC_URL, without its port', () => {
    for (const content of [{ code: '012345' }, { code: '0123456789', context }]) {
      const text = templates.sms('code', content, 300);
      expect(originBoundCode(text)).toEqual({ host: 'auth.example.com', code: content.code });
      expect(text.split('\n').at(-2)).toBe('');
      expect(text.indexOf('@')).toBe(text.lastIndexOf('@'));
    }
  });

  it('has an origin-bound code only in the exact format of the specification', () => {
    for (const line of [
      '@example.com  #1',
      ' @example.com #1',
      'x @example.com #1',
      '@example.com #1 x',
      '#1',
    ])
      expect(originBoundCode(`Text.\n\n${line}`)).toBeNull();
  });

  it('fits one GSM-7 segment with a long host and the longest code', () => {
    const longHost = new Templates(Config.from({ PUBLIC_URL: `https://${'a'.repeat(40)}.example.com` }));
    for (const seconds of [600, 300, 60, 59.9, 1])
      expect(smsSize(longHost.sms('code', { code: '0123456789' }, seconds))).toMatchObject(ONE_SEGMENT);
  });

  it('fits one GSM-7 segment with an amount and a payee', () => {
    const text = templates.sms(
      'code',
      { code: '012345', context: { amount: '39.99 EUR', payee: 'Acme Ltd' } },
      300,
    );
    expect(smsSize(text)).toMatchObject(ONE_SEGMENT);
  });

  it('shows the code first, for the preview on a locked screen', () => {
    expect(templates.sms('code', { code: '012345' }, 300)).toMatch(/^012345 /);
    expect(templates.sms('code', { code: '012345', context }, 300)).toMatch(/^012345 /);
  });

  it('shows the context of the code unchanged', () => {
    const text = templates.sms('code', { code: '012345', context }, 300);
    expect(text).toContain('amount: 39.99 EUR\n');
    expect(text).toContain('payee: Müller & <b>Söhne</b> "{{code}}"\n');
  });
});

describe('mail', () => {
  const mail = templates.mail('code', { code: '012345', context }, 300);

  it('shows the code in subject, text and HTML', () => {
    expect(mail.subject).toContain('012345');
    expect(mail.subject).not.toMatch(/[\r\n]/);
    expect(mail.text).toContain('012345');
    expect(mail.html).toContain('>012345<');
  });

  it('shows the context of the code, escaped in HTML only', () => {
    expect(mail.text).toContain('amount: 39.99 EUR');
    expect(mail.text).toContain('payee: Müller & <b>Söhne</b> "{{code}}"');
    expect(mail.html).toContain('Müller &amp; &lt;b&gt;Söhne&lt;/b&gt; &quot;{{code}}&quot;');
    expect(mail.html).not.toContain('<b>');
  });

  it('does not evaluate expressions in the context', () => {
    for (const value of [
      '{{7*7}}',
      '${7*7}',
      '{{#each details}}x{{/each}}',
      '{{lookup this "constructor"}}',
    ]) {
      const { text, html } = templates.mail('code', { code: '012345', context: { note: value } }, 300);
      expect(text).toContain(value);
      expect(html).toContain(value.split('"')[0]);
      expect(text + html).not.toContain('49');
    }
  });

  it('mentions no approval if the code has no context', () => {
    const plain = templates.mail('code', { code: '012345' }, 300);
    expect(plain.text + plain.html).not.toContain('approves');
    expect(plain.text).not.toMatch(/\n{3}/);
  });

  it('contains no links and loads nothing', () => {
    expect(mail.html).not.toMatch(/<a |href|src=|url\(|<img|<link|<script/i);
    expect(mail.text).not.toMatch(/https?:/);
  });
});

describe('mail with a code and a link', () => {
  const content = { code: '012345', purpose: 'login' };
  const mailWith = (link: string) => templates.mail('code', { ...content, link }, 300);

  it('has each link unchanged, escaped in HTML only, although its text is cached', () => {
    for (const link of ['https://a.example/?a=1&b=$&#token=1', 'https://b.example/#token=2']) {
      const { subject, text, html } = mailWith(link);
      const escaped = link.replaceAll('&', '&amp;').replaceAll('=', '&#x3D;');
      expect(html).toContain(`<a dir="ltr" href="${escaped}">${escaped}</a>`);
      expect(text).toContain(`\n${link}\n`);
      expect(text.indexOf('012345')).toBeLessThan(text.indexOf(link));
      expect(subject).not.toMatch(/https?:/);
      expect(text + html).not.toMatch(/\n{3}|[\ue000\ue001]/);
    }
  });

  it('states that code and link work once together, and a mail without a link does not', () => {
    const without = templates.mail('code', content, 300);
    expect(mailWith('https://a.example/').text).toContain('The code or the link works once');
    expect(without.text).not.toMatch(/link|page|https?:/);
    expect(without.html).not.toMatch(/<a |link/);
  });

  it('has no link in the SMS', () => {
    expect(templates.sms('code', { ...content, link: 'https://a.example/' }, 300)).not.toContain('https:');
  });
});

describe('every template', () => {
  const LINK = 'https://app.example.com/undo?token=aB-_9&from=mail';
  const AT = '2026-11-21T10:05:00.000Z';
  const HOSTILE = '<a href="https://evil.example">{{7*7}}</a>\r\n${7*7} {{#each details}}';
  const OPTIONAL = ['context', 'device'];
  /** The fields of each template. Fields that users control have hostile values. */
  const EVERY: [string, MessageContent, Channel[]][] = [
    ['account_deleted', { link: LINK, undoHours: 72 }, ['email', 'sms']],
    ['address_taken', {}, ['email']],
    ['code', { code: '012345', context: { note: HOSTILE } }, ['email', 'sms']],
    ['contact_changed', { field: 'phone', to: HOSTILE, link: LINK, undoHours: 72 }, ['email', 'sms']],
    ['invitation', { link: LINK }, ['email']],
    ['many_failures', { at: AT, ip: HOSTILE }, ['email']],
    ['new_sign_in', { at: AT, device: HOSTILE, ip: '203.0.113.7' }, ['email']],
    ['no_account', {}, ['email']],
    ['password_changed', {}, ['email']],
    ['password_reset', { code: '012345', link: LINK }, ['email']],
    ['phone_linked', { phone: HOSTILE }, ['email']],
    ['roles_changed', { whose: 'other', to: HOSTILE, roles: 'user, admin' }, ['email']],
  ];
  const rendered = ([template, content, channels]: (typeof EVERY)[number]) => ({
    ...templates.mail(template, content, 300),
    ...(channels.includes('sms') && { sms: templates.sms(template, content, 300) }),
  });

  it('is listed in this test', () => {
    const files = readdirSync(new URL('./templates/', import.meta.url)).filter(
      (file) => !file.startsWith('_'),
    );
    const listed = EVERY.flatMap(([template, , channels]) => [
      ...['html', 'subject', 'text'].map((part) => `${template}.${part}.hbs`),
      ...(channels.includes('sms') ? [`${template}.sms.hbs`] : []),
    ]);
    expect(files.sort()).toEqual(listed.sort());
  });

  it.each(EVERY)('%s has text in every part and shows no missing values', (...entry) => {
    const [template, , channels] = entry;
    for (const channel of ['email', 'sms'] as const)
      expect(templates.has(template, channel)).toBe(channels.includes(channel));
    for (const part of Object.values(rendered(entry))) {
      expect(part.trim()).not.toBe('');
      expect(part).not.toMatch(/undefined|null|\[object|function/);
      expect(part).not.toMatch(/\n{3}/);
    }
  });

  it.each(EVERY)('%s has a subject of one line without surrounding spaces', (...entry) => {
    expect(rendered(entry).subject).toMatch(/^\S[^\r\n]{0,76}\S$/);
  });

  it.each(EVERY)('%s is wrapped in the layout exactly once', (...entry) => {
    const { html } = rendered(entry);
    expect(html).toMatch(/^<!doctype html>\n<html lang="en" dir="ltr">[^]*<\/html>$/);
    for (const tag of ['<html', '<title>', '<body', '</body>', '</html>'])
      expect(html.split(tag)).toHaveLength(2);
    expect(html).not.toMatch(/<title><\/title>/);
  });

  it.each(EVERY)('%s does not evaluate its fields, and escapes them in HTML only', (...entry) => {
    const { html, ...plain } = rendered(entry);
    expect(html + Object.values(plain).join()).not.toContain('49');
    expect(html).not.toContain('<a href="https://evil');
    if (
      !Object.values(entry[1])
        .concat(Object.values(entry[1].context ?? {}))
        .includes(HOSTILE)
    )
      return;
    expect(html).toContain('&lt;a href&#x3D;&quot;https://evil.example&quot;&gt;{{7*7}}&lt;/a&gt;');
    expect(plain.text).toContain(HOSTILE);
  });

  it.each(EVERY)('%s links only to our page and shows the full URL', (...entry) => {
    const { html, ...plain } = rendered(entry);
    const link = entry[1].link;
    const anchors = [...html.matchAll(/<a dir="ltr" href="([^"]*)">([^<]*)<\/a>/g)].map(([, href, shown]) => [
      href,
      shown,
    ]);
    const escaped = link?.replaceAll('&', '&amp;').replaceAll('=', '&#x3D;');
    expect(anchors).toEqual(link ? [[escaped, escaped]] : []);
    expect(html.split(/<a\b/)).toHaveLength(anchors.length + 1);
    expect(html).not.toMatch(/src=|url\(|<img|<link|<script|<form/i);

    expect(plain.subject).not.toMatch(/https?:/);
    for (const text of [plain.text, plain.sms ?? plain.text]) {
      const urls = text.replaceAll(HOSTILE, '').match(/https?:\S+/g) ?? [];
      expect(urls).toEqual(link ? [link] : []);
    }
  });

  it.each(EVERY)('%s cannot be rendered if a required field is missing', (template, content, channels) => {
    for (const field of Object.keys(content).filter((name) => !OPTIONAL.includes(name))) {
      const without = { ...content, [field]: undefined };
      const missing =
        { field: 'subject', whose: 'subject', at: 'when', undoHours: 'undoWithin' }[field] ?? field;
      expect(() => templates.mail(template, JSON.parse(JSON.stringify(without)), 300)).toThrow(missing);
      if (channels.includes('sms'))
        expect(() => templates.sms(template, JSON.parse(JSON.stringify(without)), 300)).toThrow();
    }
  });

  it('contains no origin-bound code if it is a notice', () => {
    const content: MessageContent = { field: 'phone', to: '+14155550123', link: LINK, undoHours: 72 };
    const text = templates.sms('contact_changed', content, 300);
    expect(originBoundCode(text)).toBeNull();
    expect(smsSize(text)).toMatchObject(ONE_SEGMENT);
  });

  it('shows the code before a link, because digits in the link look like a code', () => {
    const { text } = templates.mail('password_reset', { code: '012345', link: LINK }, 300);
    expect(text.indexOf('012345')).toBeLessThan(text.indexOf(LINK));
  });

  it.each(['constructor', '../notifier', 'layout', ''])(
    'does not include a template named %j',
    (template) => {
      expect(templates.has(template, 'email')).toBe(false);
      expect(() => templates.mail(template, {}, 300)).toThrow('no template');
    },
  );
});

describe('stated lifetime', () => {
  it.each([
    [259_199, '71 hours'],
    [7_200, '2 hours'],
    [7_199, '119 minutes'],
    [3_600, '60 minutes'],
    [600, '10 minutes'],
    [300, '5 minutes'],
    [299.98, '5 minutes'],
    [299, '4 minutes'],
    [150, '2 minutes'],
    [119.2, '1 minute'],
    [60, '1 minute'],
    [59, '59 seconds'],
    [30.7, '30 seconds'],
    [1.2, '1 second'],
  ])('states %d seconds as %s, never more than half a second too long', (seconds, words) => {
    expect(templates.sms('code', { code: '012345' }, seconds)).toContain(`Valid for ${words}.`);
    const { text, html } = templates.mail('code', { code: '012345' }, seconds);
    expect(text).toContain(`valid for ${words} `);
    expect(html).toContain(`valid for ${words} `);
  });
});
