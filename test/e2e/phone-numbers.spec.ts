import { PASSWORD, signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';

const FIXED_LINES = ['+442079460958', '+390612345678', '+55 44 3123-4567'];
const UNREACHABLE = [
  ['personal', '+447012345678'],
  ['personal, US', '+15005550006'],
  ['toll-free', '+448001234567'],
  ['toll-free, US', '+18005550123'],
  ['premium rate', '+449012345678'],
  ['shared cost', '+448712345678'],
  ['pager', '+447640123456'],
  ['voicemail', '+491520551234567'],
  ['company number', '+443301234567'],
  ['VoIP', '+445612345678'],
] as const;

/** Every route that takes a phone number to send to, with the name of its field. */
const SEND_ROUTES = [
  ['/otp/generate', 'phone_number'],
  ['/otp/resend', 'phone_number'],
  ['/auth/send_otp', 'phone'],
] as const;

describe('phone numbers', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({
      BCRYPT_COST: '4',
      PHONE_DEFAULT_COUNTRY: 'AR',
      SMS_ALLOWED_COUNTRIES: 'AR,BR,GB,IT,MX,DE',
      PHONE_EXTRA_RANGES: '+1679,+1457',
      OTP_CHANNELS: 'sms,email,whatsapp',
      TEST_IDENTITIES: '+442079460000=000000,+447012340000=111111,+5215500001111=222222',
    });
  });
  afterAll(() => app?.stop());

  const expectRefused = (response: { status: number; body: unknown }, code: string, field: string) => {
    expect(response.body).toMatchObject({ code, errors: [{ field, detail: expect.any(String) }] });
    expect(response.status).toBe(400);
  };
  const register = (phone: string, email = 'claim@example.com') =>
    app.post('/auth/register', { email, password: PASSWORD, phone });

  it.each([
    ['+52 1 55 1234 5678', '(+52) 55 1234-5678', '+525512345678'],
    ['+54 11 2345-6780', '011 15-2345-6780', '+5491123456780'],
    ['whatsapp:+554491234567', '+55 (44) 99123-4567', '+5544991234567'],
  ])('sends to %s and verifies the code of %s', async (sentTo, verifiedAs, e164) => {
    const send = () => app.post('/otp/generate', { phone_number: sentTo }).expect(200);
    const { otp } = await app.codeOf(e164, send);
    await app.post('/otp/generate', { phone_number: verifiedAs }).expect(429);
    await app.post('/otp/verify', { phone_number: verifiedAs, otp }).expect(200);
  });

  it('sends to a number of an extra range although its country is unknown', async () => {
    const send = () => app.post('/otp/generate', { phone_number: '+1 679 555 0123' }).expect(200);
    const { otp } = await app.codeOf('+16795550123', send);
    await app.post('/otp/verify', { phone_number: '001 (679) 555-0123', otp }).expect(200);

    const tooShort = await app.post('/otp/generate', { phone_number: '+1 679 555 012' });
    expectRefused(tooShort, 'phone_invalid', 'phone_number');
    const notAllowed = await app.post('/otp/generate', { phone_number: '+1 415 555 0123' });
    expectRefused(notAllowed, 'country_not_allowed', 'phone_number');
  });

  describe.each(SEND_ROUTES)('%s', (path, field) => {
    it.each(UNREACHABLE)('refuses a number of the type "%s"', async (_, number) => {
      expectRefused(await app.post(path, { [field]: number }), 'phone_invalid', field);
    });

    it.each(FIXED_LINES)('refuses the fixed line %s while voice is not offered', async (number) => {
      for (const channel of [undefined, 'sms', 'whatsapp', 'voice'])
        expectRefused(await app.post(path, { [field]: number, channel }), 'phone_not_mobile', field);
    });
  });

  it('refuses to register a phone number that no code can reach', async () => {
    for (const number of FIXED_LINES) expectRefused(await register(number), 'phone_not_mobile', 'phone');
    for (const [, number] of UNREACHABLE) expectRefused(await register(number), 'phone_invalid', 'phone');
    expect(await app.sql(`select 1 from registrations where email = 'claim@example.com'`)).toEqual([]);
  });

  it('refuses to change to a phone number that no code can reach, and changes nothing', async () => {
    const ada = await signUp(app, 'ada@example.com');
    const change = (phone: string) =>
      ada.patch('/users/me', { phone, firstName: 'Ada', email: 'new@example.com' });
    for (const number of FIXED_LINES) expectRefused(await change(number), 'phone_not_mobile', 'phone');
    for (const [, number] of UNREACHABLE) expectRefused(await change(number), 'phone_invalid', 'phone');
    expect((await ada.get('/users/me')).body).toMatchObject({ firstName: null, phone: null });
    expect(await app.messages('new@example.com')).toEqual([]);
  });

  it.each([
    ['a fixed line', '+442079460000', '000000'],
    ['a personal number', '+447012340000', '111111'],
    ['a number in another spelling than in the settings', '+52 55 0000 1111', '222222'],
  ])('accepts %s as a test identity', async (_, phone_number, otp) => {
    await app.post('/otp/generate', { phone_number }).expect(200);
    await app.post('/otp/verify', { phone_number, otp }).expect(200);
    await register(phone_number, `review-${otp}@example.com`).expect(201);
  });
});

describe('fixed lines while voice is offered', () => {
  let app: TestApp;
  let lineCount = 0;
  beforeAll(async () => {
    app = await TestApp.start({
      BCRYPT_COST: '4',
      OTP_CHANNELS: 'sms,email,whatsapp,voice,shopping:sms,shopping:email',
    });
  });
  afterAll(() => app?.stop());

  const newLine = () => `+4420794600${10 + lineCount++}`;

  it('calls a fixed line, whether or not the request names the channel', async () => {
    for (const channel of [undefined, 'voice']) {
      const phone_number = newLine();
      const { body } = await app.post('/otp/generate', { phone_number, channel }).expect(200);
      expect(body.challenge).toMatchObject({ channel: 'voice' });
      const otp = await app.code(phone_number);
      await app.post('/otp/verify', { phone_number, otp }).expect(200);
    }
  });

  it('sends no SMS and no WhatsApp message to a fixed line', async () => {
    for (const channel of ['sms', 'whatsapp']) {
      const { status, body } = await app.post('/otp/generate', { phone_number: newLine(), channel });
      expect([status, body]).toMatchObject([400, { code: 'channel_not_available' }]);
    }
  });

  it('refuses a fixed line for a purpose without voice', async () => {
    const { status, body } = await app.post('/otp/generate', {
      phone_number: newLine(),
      purpose: 'shopping',
    });
    expect([status, body]).toMatchObject([400, { code: 'phone_not_mobile' }]);
  });

  it('refuses the other types of numbers', async () => {
    for (const [, phone_number] of UNREACHABLE) {
      const { status, body } = await app.post('/otp/generate', { phone_number, channel: 'voice' });
      expect([phone_number, status, body]).toMatchObject([phone_number, 400, { code: 'phone_invalid' }]);
    }
  });

  it('accepts a fixed line as the number of an account', async () => {
    const phone = newLine();
    const ada = await signUp(app, 'ada@example.com', { phone });
    expect((await ada.get('/users/me')).body).toMatchObject({ phone, phoneVerified: false });
    const changed = await ada.patch('/users/me', { phone: newLine() }).expect(200);
    expect(changed.body.pending).toMatchObject([{ channel: 'voice' }]);
  });

  it('prefers SMS for a mobile phone', async () => {
    const { body } = await app.post('/otp/generate', { phone_number: '+447911123456' }).expect(200);
    expect(body.challenge).toMatchObject({ channel: 'sms' });
  });
});
