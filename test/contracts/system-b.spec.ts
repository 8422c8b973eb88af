import { TestApp } from '../support/app.js';
import { raw } from '../support/raw.js';
import { VendorStub } from '../support/vendor-stub.js';

/** The second system that this server replaces. It texts codes through Twilio. */
describe('system B: NestJS and Twilio', () => {
  const phone = '9445012345';
  const e164 = '+919445012345';
  let stub: VendorStub;
  let app: TestApp;
  beforeAll(async () => {
    stub = await VendorStub.start();
    app = await TestApp.start({ ...stub.settings, PHONE_DEFAULT_COUNTRY: 'IN' });
  });
  afterAll(async () => {
    await app?.stop();
    await stub?.stop();
  });

  it('POST /auth/send_otp sends a code to a national number and returns 201', async () => {
    const { body } = await app.post('/auth/send_otp', { phone }).expect(201);
    expect(body).toEqual({
      message: 'OTP sent successfully.',
      VerificationStatus: 'pending',
      challenge: expect.objectContaining({ channel: 'sms', codeLength: 6 }),
    });

    const { vendor, payload } = await stub.message(e164);
    expect(vendor).toBe('twilio');
    expect(payload).toMatchObject({ To: e164, From: '+15005550006' });
    expect(Number(payload.ValidityPeriod)).toBeGreaterThan(290);
    expect(Number(payload.ValidityPeriod)).toBeLessThanOrEqual(300);
  });

  it('POST /auth/verify_otp returns 400 and stays pending after a wrong code', async () => {
    const right = await stub.code(e164);
    const otp = right.replace(/^./, (digit) => String((Number(digit) + 1) % 10));
    const { body } = await app.post('/auth/verify_otp', { phone, otp }).expect(400);
    expect(body).toMatchObject({ VerificationStatus: 'pending', code: 'otp_invalid' });
    expect(body.msg).toBe('Invalid OTP. 2 attempt(s) left.');
  });

  it('POST /auth/verify_otp approves the right code with 201 in any spelling of the number', async () => {
    const otp = await stub.code(e164);
    await app
      .post('/auth/verify_otp', { phone: '+91 94450 12345', otp })
      .expect(201, { VerificationStatus: 'approved' });
  });

  it.each(['12345', '9445xxxxxx', '+1234567890'])(
    'POST /auth/send_otp returns 400 for the number %s',
    async (invalid) => {
      const { body } = await app.post('/auth/send_otp', { phone: invalid }).expect(400);
      expect(body).toMatchObject({ code: 'phone_invalid', msg: body.detail });
    },
  );

  it.each<[string, string, string | undefined, number]>([
    ['send_otp', 'no number', '{}', 400],
    ['send_otp', 'invalid JSON', '{', 400],
    ['send_otp', 'no body', undefined, 400],
    ['send_otp', 'a number within the cooldown', '{"phone":"9445012346"}', 429],
    ['verify_otp', 'no code', `{"phone":"${phone}"}`, 400],
    ['verify_otp', 'a code that was never sent', '{"phone":"9445012347","otp":"123456"}', 404],
    ['verify_otp', 'a used code', `{"phone":"${phone}","otp":"123456"}`, 404],
    ['verify_otp', 'a body that is too large', `{"phone":"${'1'.repeat(20_000)}"}`, 413],
  ])('POST /auth/%s repeats the detail of the problem as msg: %s', async (call, _, body, status) => {
    if (status === 429) await app.post('/auth/send_otp', { phone: '9445012346' }).expect(201);
    const reply = await rawText(call, body);
    const problem = JSON.parse(reply.text) as { detail: string; msg: string };
    expect([reply.status, problem.msg]).toEqual([status, problem.detail]);
  });

  const rawText = (call: string, body?: string) =>
    raw(app.url, `/auth/${call}`, { headers: { 'content-type': 'application/json' }, body });

  it('adds msg to no successful reply and to no problem of other routes', async () => {
    expect((await app.post('/auth/send_otp', { phone: '9445012348' }).expect(201)).body.msg).toBeUndefined();
    for (const path of ['/auth/login', '/otp/generate', '/auth/send_otp/more'])
      expect((await app.post(path, {})).body.msg).toBeUndefined();
  });

  it('GET / returns 200', async () => {
    await app.get('/').expect(200);
  });
});
