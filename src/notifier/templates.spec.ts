import { Config } from '../config/config.js';
import { Templates } from './templates.js';

/** GSM 03.38, basic set and extension (which costs two). */
const GSM7 =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
const GSM7_EXTENSION = '^{}\\[~]|€';

function gsm7Length(text: string): number {
  return [...text].reduce((sum, char) => {
    if (GSM7.includes(char)) return sum + 1;
    if (GSM7_EXTENSION.includes(char)) return sum + 2;
    throw new Error(`not in GSM-7: ${char}`);
  }, 0);
}

/**
 * "Parse an origin-bound one-time code message" of the WICG's "Origin-bound one-time codes delivered via SMS":
 * https://wicg.github.io/sms-one-time-codes/#parsing
 */
function originBoundCode(message: string): { host: string; code: string; embedded?: string } | null {
  const line = message.slice(message.lastIndexOf('\n') + 1);
  let position = 0;
  const collect = (stop: RegExp) => {
    const start = position;
    while (position < line.length && !stop.test(line.charAt(position))) position++;
    return line.slice(start, position);
  };
  const token = (sigil: string) => {
    if (line.charAt(position) !== sigil) return null;
    position++;
    return collect(/\s/) || null;
  };
  const separator = () => line.charAt(position++) === ' ';

  const host = token('@');
  if (!host || !/^[a-z0-9.-]+$/i.test(host) || !separator()) return null;
  const code = token('#');
  if (!code) return null;
  if (position === line.length) return { host, code };
  if (!separator()) return null;
  const embedded = token('@');
  return embedded ? { host, code, embedded } : null;
}

const templates = new Templates(Config.from({ PUBLIC_URL: 'https://auth.example.com:8443/otp/' }));
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
      expect(gsm7Length(longHost.sms('code', { code: '0123456789' }, seconds))).toBeLessThanOrEqual(160);
  });

  it('fits one segment with an amount and a payee (RF12, RF17)', () => {
    const text = templates.sms(
      'code',
      { code: '012345', context: { amount: '39.99 EUR', payee: 'Acme Ltd' } },
      300,
    );
    expect(gsm7Length(text)).toBeLessThanOrEqual(160);
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

describe('the stated lifetime', () => {
  it.each([
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
