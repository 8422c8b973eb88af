import { TestApp } from '../support/app.js';
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
      expect(body).toMatchObject({ code: 'phone_invalid' });
    },
  );
});
