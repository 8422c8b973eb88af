import request from 'supertest';
import { LOCALES } from '../../src/common/locale.js';
import { logIn, PASSWORD, signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { until } from '../support/until.js';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';

let app: TestApp;
let emailCount = 0;
const newEmail = () => `person-${++emailCount}@example.com`;

const newestMessage = async (to: string, count = 1) => {
  const messages = await until(`message ${count} to ${to}`, async () => {
    const all = await app.messages(to);
    return all.length >= count && all;
  });
  return messages[0]!;
};
const postAccepting = (path: string, body: object, acceptLanguage?: string) => {
  const call = app.post(path, body);
  return acceptLanguage === undefined ? call : call.set('accept-language', acceptLanguage);
};

beforeAll(async () => {
  app = await TestApp.start({ OTP_RESEND_SECONDS: '0', BCRYPT_COST: '4' });
});
afterAll(() => app?.stop());

describe('message language', () => {
  it.each([
    ['/otp/generate', {}],
    ['/auth/send_otp', {}],
    ['/auth/register', { password: PASSWORD }],
    ['/auth/forgot', {}],
  ])('comes from the body, then Accept-Language, then the default: %s', async (path, extraFields) => {
    for (const [locale, acceptLanguage, lang] of [
      ['pt-BR', 'de', 'pt'],
      [undefined, 'de-CH,en;q=0.8', 'de'],
      ['fi', 'fr', 'fr'],
      ['fi', '*', 'en'],
      [undefined, undefined, 'en'],
    ] as const) {
      const email = newEmail();
      await postAccepting(path, { email, ...extraFields, ...(locale && { locale }) }, acceptLanguage).expect(
        (res) => {
          expect(res.status).toBeLessThan(300);
        },
      );
      expect((await newestMessage(email)).html).toContain(`<html lang="${lang}"`);
    }
  });

  it('follows the country of a phone number if the request names no language', async () => {
    for (const [phone_number, acceptLanguage, expectedText] of [
      ['+5511961234567', undefined, 'é o seu codigo'],
      ['+966501234567', undefined, 'رمز التحقق'],
      ['+966501234568', 'hi-IN', 'सत्यापन कोड'],
      ['+919876543210', undefined, 'is your verification code'],
    ] as const) {
      await postAccepting('/otp/generate', { phone_number }, acceptLanguage).expect(200);
      expect((await newestMessage(phone_number)).text).toContain(expectedText);
    }
  });

  it('stays the same when the code is sent again', async () => {
    const email = newEmail();
    await postAccepting('/otp/generate', { email, locale: 'it' }).expect(200);
    await newestMessage(email);
    await postAccepting('/otp/resend', { email, locale: 'de' }).expect(200);
    expect((await newestMessage(email, 2)).subject).toMatch(/^\d{6} è il suo codice di verifica$/);
  });

  it.each(['/otp/generate', '/otp/resend', '/auth/send_otp', '/auth/register', '/auth/forgot'])(
    'rejects a locale that is not a language tag: %s',
    async (path) => {
      for (const locale of ['en_US', 'de\r\nBcc: evil@example.com', '', null, 7, ['de'], 'a'.repeat(100)]) {
        const password = path === '/auth/register' ? { password: PASSWORD } : {};
        const { body } = await app.post(path, { email: newEmail(), ...password, locale }).expect(400);
        expect(body.errors).toEqual([expect.objectContaining({ field: 'locale' })]);
      }
    },
  );

  it('does not reveal whether an address has an account', async () => {
    const knownUser = await signUp(app, newEmail());
    const unknownEmail = newEmail();
    const replies = [];
    for (const email of [knownUser.email, unknownEmail]) {
      const messagesBefore = (await app.messages(email)).length;
      const { body, status } = await postAccepting('/auth/forgot', { email }, 'tr');
      replies.push({ body, status });
      expect((await newestMessage(email, messagesBefore + 1)).html).toContain('<html lang="tr"');
    }
    expect(replies[0]).toEqual(replies[1]);
  });

  it('follows the request that caused a notice', async () => {
    const ada = await signUp(app, newEmail());
    await ada
      .patch('/auth/reset', { password: 'another horse battery' })
      .set('accept-language', 'zh')
      .expect(200);
    expect((await newestMessage(ada.email, 2)).subject).toBe('您的密码已更改');
  });
});

describe('purpose of a code', () => {
  const context = { amount: '39.99 EUR', payee: 'Acme' };
  const VERIFICATION = 'is your verification code';

  it.each<[string, string, object, string]>([
    ['a sign-in', '/auth/send_otp', {}, 'is your code to sign in'],
    ['a verification', '/otp/generate', {}, VERIFICATION],
    ['a named verification', '/otp/generate', { purpose: 'verification' }, VERIFICATION],
    ['a purpose without sentences', '/otp/generate', { purpose: 'checkout' }, VERIFICATION],
    ['a purpose that is named like a property', '/otp/generate', { purpose: 'constructor' }, VERIFICATION],
  ])('is named by mail and by SMS: %s', async (_, path, fields, sentence) => {
    const [email, phone_number] = [newEmail(), `+1415555${1000 + ++emailCount}`];
    const phoneField = path === '/otp/generate' ? { phone_number } : { phone: phone_number };
    await app.post(path, { email, ...fields }).expect(({ status }) => expect(status).toBeLessThan(300));
    await app
      .post(path, { ...phoneField, ...fields })
      .expect(({ status }) => expect(status).toBeLessThan(300));
    expect((await newestMessage(email)).subject).toMatch(new RegExp(`^\\d{6} ${sentence}$`));
    expect((await newestMessage(phone_number)).text).toMatch(new RegExp(`^\\d{6} ${sentence}\\.\n`));
  });

  it('is named when the code is sent again', async () => {
    const phone = `+1415555${1000 + ++emailCount}`;
    for (const count of [1, 2]) {
      await app.post('/auth/send_otp', { phone }).expect(201);
      expect((await newestMessage(phone, count)).text).toMatch(/^\d{6} is your code to sign in\.\n/);
    }
  });

  it('is named in the mail of a registration', async () => {
    const email = newEmail();
    await app.post('/auth/register', { email, password: PASSWORD, locale: 'de' }).expect(201);
    const { subject, text } = await newestMessage(email);
    expect(subject).toMatch(/^\d{6} ist Ihr Bestätigungscode$/);
    expect(text).toMatch(/^Ihr Bestätigungscode lautet\n\d{6}\n/);
  });

  it('is named above the context of a transaction', async () => {
    const [email, phone_number] = [newEmail(), `+1415555${1000 + ++emailCount}`];
    for (const address of [{ email }, { phone_number }])
      await app.post('/otp/generate', { ...address, purpose: 'transaction', context }).expect(200);
    const mail = await newestMessage(email);
    expect(mail.subject).toMatch(/^\d{6} is your code to approve a transaction$/);
    expect(mail.text).toContain('It approves this transaction:\n  amount: 39.99 EUR\n');
    expect((await newestMessage(phone_number)).text).toMatch(
      /^\d{6} approves this transaction:\namount: 39\.99 EUR\npayee: Acme\n/,
    );
  });

  it.each([
    ['en', 'adds this number to an account.', 'adds this e-mail address to an account', 'ignore'],
    [
      'de',
      'fügt diese Nummer einem Konto hinzu.',
      'fügt diese E-Mail-Adresse einem Konto hinzu',
      'ignorieren',
    ],
  ])(
    'warns the owner of an address that is added to an account: %s',
    async (language, sms, subject, ignore) => {
      const ada = await signUp(app, newEmail());
      const [email, phone] = [newEmail(), `+1415555${1000 + ++emailCount}`];
      for (const address of [{ phone }, { email }])
        await ada.patch('/users/me', address).set('accept-language', language).expect(200);
      const message = await newestMessage(phone);
      expect(message.text.split('\n')[0]?.replace(/^\d{6} /, '')).toBe(sms);
      expect(message.text.split('\n')[1]).toContain(ignore);
      const mail = await newestMessage(email);
      expect(mail.subject?.replace(/^\d{6} /, '')).toBe(subject);
      expect(mail.text).toContain(ignore);
    },
  );
});

describe('sign-in notices', () => {
  const signIn = (email: string, { token = '', password = PASSWORD, acceptLanguage = 'en' } = {}) =>
    request(app.url)
      .post('/auth/login')
      .set({ 'x-device-token': token, 'user-agent': FIREFOX, 'accept-language': acceptLanguage })
      .send({ email, password });
  const noticeTemplates = async (email: string) =>
    (
      await app.sql<{ template: string }>(
        `select template from messages where recipient = $1 and purpose = 'notice' order by created_at`,
        [`email:${email}`],
      )
    ).map(({ template }) => template);

  it('reports time, device and IP address of a sign-in on another device', async () => {
    const ada = await signUp(app, newEmail());
    expect(await noticeTemplates(ada.email)).toEqual([]);
    await signIn(ada.email).expect(200);
    const { subject, text, html } = await newestMessage(ada.email, 2);
    expect(subject).toBe('New sign-in to your account');
    expect(text).toMatch(/When: \w+ \d+, 20\d\d at \d\d:\d\d \(UTC\)\n/);
    expect(text).toContain('Device: Firefox, Linux\n');
    expect(text).toContain('IP address: 127.0.0.1\n');
    expect(html).toContain('Firefox, Linux');
  });

  it('sends nothing for a known device or for the first device', async () => {
    const ada = await signUp(app, newEmail());
    await logIn(app, ada.email, { deviceToken: ada.deviceToken });
    expect(await noticeTemplates(ada.email)).toEqual([]);
  });

  it('uses the language of the sign-in and does not quote the User-Agent', async () => {
    const ada = await signUp(app, newEmail());
    await signIn(ada.email, { acceptLanguage: 'de' }).set(
      'user-agent',
      'Call +1-900-555-0100 or https://evil.example',
    );
    const { subject, text, html } = await newestMessage(ada.email, 2);
    expect(subject).toBe('Neue Anmeldung bei Ihrem Konto');
    expect(text).toContain('Gerät: unbekannt\n');
    expect(text + html).not.toMatch(/900|evil/);
  });

  it('reports a sign-in after five refused ones, once', async () => {
    const ada = await signUp(app, newEmail());
    const token = ada.deviceToken;
    for (let guess = 0; guess < 5; guess++) await signIn(ada.email, { token, password: `wrong ${guess}` });
    await signIn(ada.email, { token }).expect(200);
    expect(await noticeTemplates(ada.email)).toEqual(['many_failures']);
    expect((await newestMessage(ada.email, 2)).text).toContain('after several attempts that failed');
    await signIn(ada.email, { token }).expect(200);
    expect(await noticeTemplates(ada.email)).toEqual(['many_failures']);
  });

  it('sends one mail if a sign-in after five failures is also on another device', async () => {
    const ada = await signUp(app, newEmail());
    for (let guess = 0; guess < 5; guess++) await signIn(ada.email, { password: `wrong ${guess}` });
    await signIn(ada.email).expect(200);
    expect(await noticeTemplates(ada.email)).toEqual(['many_failures']);
  });

  it('sends nothing after four failures, or for failures more than a day old', async () => {
    const [ada, grace] = [await signUp(app, newEmail()), await signUp(app, newEmail())];
    const failSignIn = async ({ email, deviceToken: token }: typeof ada, times: number) => {
      for (let guess = 0; guess < times; guess++) await signIn(email, { token, password: `wrong ${guess}` });
    };
    await failSignIn(ada, 4);
    await signIn(ada.email, { token: ada.deviceToken }).expect(200);
    await failSignIn(grace, 5);
    await app.sql(`update account_events set at = at - interval '25 hours' where user_id = $1`, [
      grace.user.id,
    ]);
    await signIn(grace.email, { token: grace.deviceToken }).expect(200);
    for (const { email } of [ada, grace]) expect(await noticeTemplates(email)).toEqual([]);
  });
});

describe('message preview', () => {
  it('lists and shows every message in every language, in development', async () => {
    await app.get('/inbox/preview').expect(200).expect('content-type', /html/);
    const { messages, locales } = (await app.get('/inbox/templates').expect(200)).body as {
      messages: string[];
      locales: string[];
    };
    expect(messages).toHaveLength(15);
    expect(locales).toEqual(LOCALES);
    for (const message of messages)
      for (const locale of locales) {
        const previews = await previewsOf(message, locale);
        expect(previews.length).toBeGreaterThan(0);
        for (const { subject, text, html, sms } of previews) {
          expect(html).toContain(`<html lang="${locale}"`);
          expect(subject.length * text.length).toBeGreaterThan(0);
          expect(sms !== undefined).toBe(/^(code|contact_changed|account_deleted)\b/.test(message));
        }
      }
  });

  it.each([
    ['code', ['123456 is your verification code.', '123456 approves:\n']],
    ['code.login', ['123456 is your code to sign in.']],
    ['code.transaction', ['123456 approves this transaction:\n']],
    ['code.contact_change', ['123456 adds this number to an account.']],
  ])('shows the sentences of each purpose: %s', async (message, openings) => {
    const previews = await previewsOf(message, 'en');
    expect(previews.map(({ sms }, index) => sms?.text.slice(0, openings[index]?.length))).toEqual(openings);
    for (const { sms } of previews)
      expect(sms).toMatchObject({ encoding: 'GSM-7', length: sms?.text.length, segments: 1 });
  });

  it.each([
    '/inbox/templates/code/xx',
    '/inbox/templates/constructor/en',
    '/inbox/templates/code',
    '/inbox/templates/code.checkout/en',
    '/inbox/templates/code.constructor/en',
    '/inbox/templates/notice.login/en',
    '/inbox/templates/code./en',
  ])('returns 404 for %s', (path) => app.get(path).expect(404));

  interface Preview {
    subject: string;
    text: string;
    html: string;
    sms?: { text: string; encoding: string; length: number; segments: number };
  }

  async function previewsOf(message: string, locale: string): Promise<Preview[]> {
    return (await app.get(`/inbox/templates/${message}/${locale}`).expect(200)).body as Preview[];
  }
});

describe('branding', () => {
  let brandedApp: TestApp;
  beforeAll(async () => {
    brandedApp = await TestApp.start({
      BRAND_NAME: 'Acme',
      BRAND_COLOR: '#0f62fe',
      SUPPORT_EMAIL: 'help@example.com',
      DEFAULT_LOCALE: 'fr',
      ANDROID_APP_HASH: 'FA+9qCX9VSu',
    });
  });
  afterAll(() => brandedApp?.stop());

  it('shows name, colour, support address and app hash in messages if configured', async () => {
    const [email, phone_number] = [newEmail(), '+32470123456'];
    await brandedApp.post('/otp/generate', { email }).expect(200);
    await brandedApp.post('/otp/generate', { phone_number }).expect(200);
    await brandedApp.code(email);
    await brandedApp.code(phone_number);
    const [mail] = await brandedApp.messages(email);
    expect(mail?.subject).toMatch(/^\d{6} est votre code de vérification Acme$/);
    expect(mail?.html).toContain('#0f62fe');
    expect(mail?.text).toMatch(/help@example\.com\n\nAcme$/);
    const [sms] = await brandedApp.messages(phone_number);
    expect(sms?.text).toMatch(/^\d{6} est votre code de vérification Acme\.\n[^@]*\n\nFA\+9qCX9VSu$/);
  });
});
