import { TestApp } from '../support/app.js';

describe('sending and checking a code', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 30_000);
  afterAll(() => app.stop());

  it('accepts the right code once (N3, R1)', async () => {
    const phone = '+14155550123';
    const sent = await app.post('/auth/send_otp', { phone }).expect(201);
    expect(sent.body).toEqual({
      message: 'OTP sent successfully.',
      VerificationStatus: 'pending',
      challenge: expect.objectContaining({
        channel: 'sms',
        maskedTo: '+14•••••••23',
        codeLength: 6,
        attemptsLeft: 3,
      }),
    });
    const otp = await app.code(phone);

    await app.post('/auth/verify_otp', { phone, otp }).expect(201, { VerificationStatus: 'approved' });
    const again = await app.post('/auth/verify_otp', { phone, otp }).expect(404);
    expect(again.body).toMatchObject({ code: 'otp_not_found' });
  });
});
