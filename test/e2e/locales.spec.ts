import request from 'supertest';
import { LOCALES } from '../../src/common/locale.js';
import { logIn, PASSWORD, signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { until } from '../support/until.js';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';

let app: TestApp;
let people = 0;
const someone = () => `person-${++people}@example.com`;

const newest = async (to: string, count = 1) => {
  const messages = await until(`message ${count} to ${to}`, async () => {
    const all = await app.messages(to);
    return all.length >= count && all;
  });
  return messages[0]!;
};
const send = (path: string, body: object, accept?: string) => {
  const sending = app.post(path, body);
  return accept === undefined ? sending : sending.set('accept-language', accept);
};

beforeAll(async () => {
  app = await TestApp.start({ OTP_RESEND_SECONDS: '0', BCRYPT_COST: '4' });
});
afterAll(() => app?.stop());

describe('the language of a message', () => {
  it.each([
    ['/otp/generate', {}],
    ['/auth/send_otp', {}],
    ['/auth/register', { password: PASSWORD }],
    ['/auth/forgot', {}],
  ])('is that of the body, of Accept-Language or the default: %s', async (path, more) => {
    for (const [locale, accept, lang] of [
      ['pt-BR', 'de', 'pt'],
      [undefined, 'de-CH,en;q=0.8', 'de'],
      ['fi', 'fr', 'fr'],
      ['fi', '*', 'en'],
      [undefined, undefined, 'en'],
    ] as const) {
      const email = someone();
      await send(path, { email, ...more, ...(locale && { locale }) }, accept).expect((res) => {
        expect(res.status).toBeLessThan(300);
      });
      expect((await newest(email)).html).toContain(`<html lang="${lang}"`);
    }
  });

  it('is that of the country of a phone number, where nothing else says one', async () => {
    for (const [phone_number, accept, words] of [
      ['+5511961234567', undefined, 'é o seu codigo'],
      ['+966501234567', undefined, 'رمزك'],
      ['+966501234568', 'hi-IN', 'आपका कोड'],
      ['+919876543210', undefined, 'is your code'],
    ] as const) {
      await send('/otp/generate', { phone_number }, accept).expect(200);
      expect((await newest(phone_number)).text).toContain(words);
    }
  });

  it('stays that of the first message when the code is sent again', async () => {
    const email = someone();
    await send('/otp/generate', { email, locale: 'it' }).expect(200);
    await newest(email);
    await send('/otp/resend', { email, locale: 'de' }).expect(200);
    expect((await newest(email, 2)).subject).toMatch(/^\d{6} è il suo codice$/);
  });

  it.each(['/otp/generate', '/otp/resend', '/auth/send_otp', '/auth/register', '/auth/forgot'])(
    'is refused by %s when it is no language tag (I8)',
    async (path) => {
      for (const locale of ['en_US', 'de\r\nBcc: evil@example.com', '', null, 7, ['de'], 'a'.repeat(100)]) {
        const password = path === '/auth/register' ? { password: PASSWORD } : {};
        const { body } = await app.post(path, { email: someone(), ...password, locale }).expect(400);
        expect(body.errors).toEqual([expect.objectContaining({ field: 'locale' })]);
      }
    },
  );

  it('says nothing of whether an address has an account (E1)', async () => {
    const known = await signUp(app, someone());
    const stranger = someone();
    const replies = [];
    for (const email of [known.email, stranger]) {
      const earlier = (await app.messages(email)).length;
      const { body, status } = await send('/auth/forgot', { email }, 'tr');
      replies.push({ body, status });
      expect((await newest(email, earlier + 1)).html).toContain('<html lang="tr"');
    }
    expect(replies[0]).toEqual(replies[1]);
  });

  it('is that of the request which a notice tells of', async () => {
    const ada = await signUp(app, someone());
    await ada
      .patch('/auth/reset', { password: 'another horse battery' })
      .set('accept-language', 'zh')
      .expect(200);
    expect((await newest(ada.email, 2)).subject).toBe('您的密码已更改');
  });
});

describe('the owner of an account', () => {
  const signIn = (email: string, { token = '', password = PASSWORD, accept = 'en' } = {}) =>
    request(app.url)
      .post('/auth/login')
      .set({ 'x-device-token': token, 'user-agent': FIREFOX, 'accept-language': accept })
      .send({ email, password });
  const noticesTo = async (email: string) =>
    (
      await app.sql<{ template: string }>(
        `select template from messages where recipient = $1 and purpose = 'notice' order by created_at`,
        [`email:${email}`],
      )
    ).map(({ template }) => template);

  it('is told of a sign-in on another device: when, on what and from where', async () => {
    const ada = await signUp(app, someone());
    expect(await noticesTo(ada.email)).toEqual([]);
    await signIn(ada.email).expect(200);
    const { subject, text, html } = await newest(ada.email, 2);
    expect(subject).toBe('New sign-in to your account');
    expect(text).toMatch(/When: \w+ \d+, 20\d\d at \d\d:\d\d \(UTC\)\n/);
    expect(text).toContain('Device: Firefox, Linux\n');
    expect(text).toContain('IP address: 127.0.0.1\n');
    expect(html).toContain('Firefox, Linux');
  });

  it('is not told of a device that is known, nor of the first', async () => {
    const ada = await signUp(app, someone());
    await logIn(app, ada.email, { deviceToken: ada.deviceToken });
    expect(await noticesTo(ada.email)).toEqual([]);
  });

  it('is told in the language of the sign-in, with nothing of what the browser calls itself (I9)', async () => {
    const ada = await signUp(app, someone());
    await signIn(ada.email, { accept: 'de' }).set(
      'user-agent',
      'Call +1-900-555-0100 or https://evil.example',
    );
    const { subject, text, html } = await newest(ada.email, 2);
    expect(subject).toBe('Neue Anmeldung bei Ihrem Konto');
    expect(text).toContain('Gerät: unbekannt\n');
    expect(text + html).not.toMatch(/900|evil/);
  });

  it('is told once of a sign-in after five that were refused', async () => {
    const ada = await signUp(app, someone());
    const token = ada.deviceToken;
    for (let guess = 0; guess < 5; guess++) await signIn(ada.email, { token, password: `wrong ${guess}` });
    await signIn(ada.email, { token }).expect(200);
    expect(await noticesTo(ada.email)).toEqual(['many_failures']);
    expect((await newest(ada.email, 2)).text).toContain('after several attempts that failed');
    await signIn(ada.email, { token }).expect(200);
    expect(await noticesTo(ada.email)).toEqual(['many_failures']);
  });

  it('gets one mail of it when that is on another device as well', async () => {
    const ada = await signUp(app, someone());
    for (let guess = 0; guess < 5; guess++) await signIn(ada.email, { password: `wrong ${guess}` });
    await signIn(ada.email).expect(200);
    expect(await noticesTo(ada.email)).toEqual(['many_failures']);
  });

  it('is not told after four, nor of what was more than a day ago', async () => {
    const [ada, grace] = [await signUp(app, someone()), await signUp(app, someone())];
    const fail = async ({ email, deviceToken: token }: typeof ada, times: number) => {
      for (let guess = 0; guess < times; guess++) await signIn(email, { token, password: `wrong ${guess}` });
    };
    await fail(ada, 4);
    await signIn(ada.email, { token: ada.deviceToken }).expect(200);
    await fail(grace, 5);
    await app.sql(`update account_events set at = at - interval '25 hours' where user_id = $1`, [
      grace.user.id,
    ]);
    await signIn(grace.email, { token: grace.deviceToken }).expect(200);
    for (const { email } of [ada, grace]) expect(await noticesTo(email)).toEqual([]);
  });
});

describe('the preview', () => {
  it('shows every message in every language, in development', async () => {
    const { text } = await app.get('/inbox/preview').expect(200).expect('content-type', /html/);
    const links = [...text.matchAll(/href="(\/inbox\/preview\/(\w+)\/(\w+))"/g)];
    expect(links).toHaveLength(9 * LOCALES.length);
    for (const [, path = '', template = '', locale = ''] of links) {
      const { text: page } = await app.get(path).expect(200);
      expect(page).toContain(`${template}, ${locale}`);
      expect(page).toContain(`&lt;html lang&#x3D;&quot;${locale}&quot;`);
      expect(page.includes('<h2>SMS</h2>')).toBe(['code', 'contact_changed'].includes(template));
    }
  });

  it.each(['/inbox/preview/code/xx', '/inbox/preview/constructor/en', '/inbox/preview/code'])(
    'has nothing at %s',
    (path) => app.get(path).expect(404),
  );
});

describe('who a message is from', () => {
  let branded: TestApp;
  beforeAll(async () => {
    branded = await TestApp.start({
      BRAND_NAME: 'Acme',
      BRAND_COLOR: '#0f62fe',
      SUPPORT_EMAIL: 'help@example.com',
      DEFAULT_LOCALE: 'fr',
      ANDROID_APP_HASH: 'FA+9qCX9VSu',
    });
  });
  afterAll(() => branded?.stop());

  it('stands in subject, mail and SMS, where the settings name it', async () => {
    const [email, phone_number] = [someone(), '+32470123456'];
    await branded.post('/otp/generate', { email }).expect(200);
    await branded.post('/otp/generate', { phone_number }).expect(200);
    await branded.code(email);
    await branded.code(phone_number);
    const [mail] = await branded.messages(email);
    expect(mail?.subject).toMatch(/^\d{6} est votre code Acme$/);
    expect(mail?.html).toContain('#0f62fe');
    expect(mail?.text).toMatch(/help@example\.com\n\nAcme$/);
    const [sms] = await branded.messages(phone_number);
    expect(sms?.text).toMatch(/^\d{6} est votre code Acme\.\n[^@]*\n\nFA\+9qCX9VSu$/);
  });
});
