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

describe('a text message', () => {
  it('ends with an origin-bound code: the host of PUBLIC_URL without its port, below text (RF12)', () => {
    for (const content of [{ code: '012345' }, { code: '0123456789', context }]) {
      const text = templates.sms('code', content, 300);
      expect(originBoundCode(text)).toEqual({ host: 'auth.example.com', code: content.code });
      expect(text.split('\n').at(-2)).toBe('');
      expect(text.indexOf('@')).toBe(text.lastIndexOf('@'));
    }
  });

  it('says nothing to the parser of the specification where it should not (RF12)', () => {
    for (const line of [
      '@example.com  #1',
      ' @example.com #1',
      'x @example.com #1',
      '@example.com #1 x',
      '#1',
    ])
      expect(originBoundCode(`Text.\n\n${line}`)).toBeNull();
  });

  it('fits one segment of 160 GSM-7 characters, with a long host and the longest code too (RF12)', () => {
    const longHost = new Templates(Config.from({ PUBLIC_URL: `https://${'a'.repeat(40)}.example.com` }));
    for (const seconds of [600, 300, 60, 59.9, 1])
      expect(smsSize(longHost.sms('code', { code: '0123456789' }, seconds))).toMatchObject(ONE_SEGMENT);
  });

  it('fits one segment with an amount and a payee (RF12, RF17)', () => {
    const text = templates.sms(
      'code',
      { code: '012345', context: { amount: '39.99 EUR', payee: 'Acme Ltd' } },
      300,
    );
    expect(smsSize(text)).toMatchObject(ONE_SEGMENT);
  });

  it('shows the code first, for the preview of a locked screen', () => {
    expect(templates.sms('code', { code: '012345' }, 300)).toMatch(/^012345 /);
    expect(templates.sms('code', { code: '012345', context }, 300)).toMatch(/^012345 /);
  });

  it('shows what the code approves, as it was written (RF17, I7)', () => {
    const text = templates.sms('code', { code: '012345', context }, 300);
    expect(text).toContain('amount: 39.99 EUR\n');
    expect(text).toContain('payee: Müller & <b>Söhne</b> "{{code}}"\n');
  });
});

describe('a mail', () => {
  const mail = templates.mail('code', { code: '012345', context }, 300);

  it('holds the code in subject, text and HTML', () => {
    expect(mail.subject).toContain('012345');
    expect(mail.subject).not.toMatch(/[\r\n]/);
    expect(mail.text).toContain('012345');
    expect(mail.html).toContain('>012345<');
  });

  it('shows what the code approves, escaped in HTML and not in text (RF17, I7)', () => {
    expect(mail.text).toContain('amount: 39.99 EUR');
    expect(mail.text).toContain('payee: Müller & <b>Söhne</b> "{{code}}"');
    expect(mail.html).toContain('Müller &amp; &lt;b&gt;Söhne&lt;/b&gt; &quot;{{code}}&quot;');
    expect(mail.html).not.toContain('<b>');
  });

  it('evaluates nothing of what it shows (I7)', () => {
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

  it('says nothing of approving where there is nothing to approve', () => {
    const plain = templates.mail('code', { code: '012345' }, 300);
    expect(plain.text + plain.html).not.toContain('approves');
    expect(plain.text).not.toMatch(/\n{3}/);
  });

  it('links nowhere and loads nothing (I9)', () => {
    expect(mail.html).not.toMatch(/<a |href|src=|url\(|<img|<link|<script/i);
    expect(mail.text).not.toMatch(/https?:/);
  });
});

describe('every template', () => {
  const LINK = 'https://app.example.com/undo?token=aB-_9&from=mail';
  const AT = '2026-11-21T10:05:00.000Z';
  const HOSTILE = '<a href="https://evil.example">{{7*7}}</a>\r\n${7*7} {{#each details}}';
  const OPTIONAL = ['context', 'device'];
  /** What each needs; where people had a say, with the worst they could have said. */
  const EVERY: [string, MessageContent, Channel[]][] = [
    ['address_taken', {}, ['email']],
    ['code', { code: '012345', context: { note: HOSTILE } }, ['email', 'sms']],
    ['contact_changed', { field: 'phone', to: HOSTILE, link: LINK, undoHours: 72 }, ['email', 'sms']],
    ['many_failures', { at: AT, ip: HOSTILE }, ['email']],
    ['new_sign_in', { at: AT, device: HOSTILE, ip: '203.0.113.7' }, ['email']],
    ['no_account', {}, ['email']],
    ['password_changed', {}, ['email']],
    ['password_reset', { code: '012345', link: LINK }, ['email']],
    ['phone_linked', { phone: HOSTILE }, ['email']],
  ];
  const rendered = ([template, content, channels]: (typeof EVERY)[number]) => ({
    ...templates.mail(template, content, 300),
    ...(channels.includes('sms') && { sms: templates.sms(template, content, 300) }),
  });

  it('is in this list', () => {
    const files = readdirSync(new URL('./templates/', import.meta.url)).filter(
      (file) => !file.startsWith('_'),
    );
    const listed = EVERY.flatMap(([template, , channels]) => [
      ...['html', 'subject', 'text'].map((part) => `${template}.${part}.hbs`),
      ...(channels.includes('sms') ? [`${template}.sms.hbs`] : []),
    ]);
    expect(files.sort()).toEqual(listed.sort());
  });

  it.each(EVERY)('%s says something in every part, and nothing that is missing', (...one) => {
    const [template, , channels] = one;
    for (const channel of ['email', 'sms'] as const)
      expect(templates.has(template, channel)).toBe(channels.includes(channel));
    for (const part of Object.values(rendered(one))) {
      expect(part.trim()).not.toBe('');
      expect(part).not.toMatch(/undefined|null|\[object|function/);
      expect(part).not.toMatch(/\n{3}/);
    }
  });

  it.each(EVERY)('%s has a subject of one line, without blanks around it', (...one) => {
    expect(rendered(one).subject).toMatch(/^\S[^\r\n]{0,76}\S$/);
  });

  it.each(EVERY)('%s stands in the layout, once', (...one) => {
    const { html } = rendered(one);
    expect(html).toMatch(/^<!doctype html>\n<html lang="en" dir="ltr">[^]*<\/html>$/);
    for (const tag of ['<html', '<title>', '<body', '</body>', '</html>'])
      expect(html.split(tag)).toHaveLength(2);
    expect(html).not.toMatch(/<title><\/title>/);
  });

  it.each(EVERY)('%s evaluates nothing of what it shows, and escapes it in HTML only (I7)', (...one) => {
    const { html, ...plain } = rendered(one);
    expect(html + Object.values(plain).join()).not.toContain('49');
    expect(html).not.toContain('<a href="https://evil');
    if (
      !Object.values(one[1])
        .concat(Object.values(one[1].context ?? {}))
        .includes(HOSTILE)
    )
      return;
    expect(html).toContain('&lt;a href&#x3D;&quot;https://evil.example&quot;&gt;{{7*7}}&lt;/a&gt;');
    expect(plain.text).toContain(HOSTILE);
  });

  it.each(EVERY)('%s links to our page, with the address in view, or nowhere (I7, I9)', (...one) => {
    const { html, ...plain } = rendered(one);
    const link = one[1].link;
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

  it.each(EVERY)('%s is an error without one of the things it shows', (template, content, channels) => {
    for (const field of Object.keys(content).filter((name) => !OPTIONAL.includes(name))) {
      const without = { ...content, [field]: undefined };
      const missing = { field: 'subject', at: 'when', undoHours: 'undoWithin' }[field] ?? field;
      expect(() => templates.mail(template, JSON.parse(JSON.stringify(without)), 300)).toThrow(missing);
      if (channels.includes('sms'))
        expect(() => templates.sms(template, JSON.parse(JSON.stringify(without)), 300)).toThrow();
    }
  });

  it('that is a notice is no origin-bound code to a phone (RF12)', () => {
    const content: MessageContent = { field: 'phone', to: '+14155550123', link: LINK, undoHours: 72 };
    const text = templates.sms('contact_changed', content, 300);
    expect(originBoundCode(text)).toBeNull();
    expect(smsSize(text)).toMatchObject(ONE_SEGMENT);
  });

  it('shows a code before a link, whose digits could be taken for one', () => {
    const { text } = templates.mail('password_reset', { code: '012345', link: LINK }, 300);
    expect(text.indexOf('012345')).toBeLessThan(text.indexOf(LINK));
  });

  it.each(['constructor', '../notifier', 'layout', ''])('named %j does not exist', (template) => {
    expect(templates.has(template, 'email')).toBe(false);
    expect(() => templates.mail(template, {}, 300)).toThrow('no template');
  });
});

describe('the stated lifetime', () => {
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
  ])('is what is left of %d seconds, and never more than half a second too much: %s', (seconds, words) => {
    expect(templates.sms('code', { code: '012345' }, seconds)).toContain(`Valid for ${words}.`);
    const { text, html } = templates.mail('code', { code: '012345' }, seconds);
    expect(text).toContain(`valid for ${words} `);
    expect(html).toContain(`valid for ${words} `);
  });
});
