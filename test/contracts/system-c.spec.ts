import { TestApp } from '../support/app.js';
import { VendorStub } from '../support/vendor-stub.js';

/** The third of the systems this server replaces: its table, call by call, in demonstration mode. */
describe('system C: FastAPI', () => {
  let stub: VendorStub;
  let app: TestApp;
  beforeAll(async () => {
    stub = await VendorStub.start();
    app = await TestApp.start({ ...stub.settings, OTP_LENGTH: '4', OTP_EXPOSE_CODE: 'true' });
  });
  afterAll(async () => {
    await app?.stop();
    await stub?.stop();
  });

  const call = async (path: string, body: object) => {
    const { status, body: answer, headers } = await app.post(`/otp/${path}`, body);
    return { status, detail: answer.detail as string, otp: answer.otp as string, body: answer, headers };
  };
  const wrong = (otp: string) => otp.replace(/.$/, (digit) => String((Number(digit) + 1) % 10));

  it('POST /otp/generate sends four digits and shows them', async () => {
    const phone_number = '+14155550123';
    const sent = await call('generate', { phone_number });
    expect(sent.status).toBe(200);
    expect(sent.body).toEqual({
      detail: 'OTP generated and sent.',
      otp: expect.stringMatching(/^\d{4}$/),
      challenge: expect.objectContaining({ channel: 'sms', codeLength: 4, attemptsLeft: 3 }),
    });
    expect(await stub.code(phone_number)).toBe(sent.otp);
  });

  it('POST /otp/generate within 60 s is 429', async () => {
    const phone_number = '+14155550124';
    await call('generate', { phone_number });
    const again = await call('generate', { phone_number });
    expect(again).toMatchObject({ status: 429, detail: 'Please wait before requesting a new OTP.' });
    expect(Number(again.headers['retry-after'])).toBeGreaterThan(55);
    expect(again.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(again.otp).toBeUndefined();

    await app.age(60);
    expect(await call('generate', { phone_number })).toMatchObject({
      status: 200,
      detail: 'OTP generated and sent.',
    });
  });

  it('POST /otp/resend within 60 s is 429, and after them 200 with the live code', async () => {
    const phone_number = '+14155550125';
    await call('generate', { phone_number });
    expect(await call('resend', { phone_number })).toMatchObject({
      status: 429,
      detail: 'Please wait before resending OTP.',
    });

    await app.age(60);
    const resent = await call('resend', { phone_number });
    expect(resent).toMatchObject({
      status: 200,
      detail: 'OTP resent.',
      otp: expect.stringMatching(/^\d{4}$/),
    });
    expect(await stub.code(phone_number, 2)).toBe(resent.otp);
    expect(await call('verify', { phone_number, otp: resent.otp })).toMatchObject({ status: 200 });
  });

  it('POST /otp/resend of what was never generated is 404', async () => {
    expect(await call('resend', { phone_number: '+14155550126' })).toMatchObject({
      status: 404,
      detail: 'OTP not found. Please generate an OTP first.',
    });
  });

  it('POST /otp/verify accepts the right code once; none and a used one are 404', async () => {
    const phone_number = '+14155550127';
    const none = { status: 404, detail: 'OTP not generated for this number.' };
    expect(await call('verify', { phone_number, otp: '0042' })).toMatchObject(none);
    await call('generate', { phone_number });
    const otp = await stub.code(phone_number);

    expect(await call('verify', { phone_number, otp })).toMatchObject({
      status: 200,
      detail: 'OTP verified successfully.',
    });
    expect(await call('verify', { phone_number, otp })).toMatchObject(none);
  });

  it('POST /otp/verify of an expired code is 400, and a new one works', async () => {
    const phone_number = '+14155550128';
    const { otp } = await call('generate', { phone_number });
    await app.age(300);
    expect(await call('verify', { phone_number, otp })).toMatchObject({
      status: 400,
      detail: 'OTP expired, please generate a new OTP.',
    });

    const fresh = await call('generate', { phone_number });
    expect(await call('verify', { phone_number, otp: fresh.otp })).toMatchObject({ status: 200 });
  });

  it('POST /otp/verify counts wrong codes 2, 1, 0, then refuses even the right one with 403', async () => {
    const phone_number = '+14155550129';
    const { otp } = await call('generate', { phone_number });
    for (const left of [2, 1, 0])
      expect(await call('verify', { phone_number, otp: wrong(otp) })).toMatchObject({
        status: 400,
        detail: `Invalid OTP. ${left} attempt(s) left.`,
      });
    const ended = { status: 403, detail: 'Too many failed attempts, please generate a new OTP.' };
    expect(await call('verify', { phone_number, otp })).toMatchObject(ended);
    expect(await call('verify', { phone_number, otp: wrong(otp) })).toMatchObject(ended);

    await app.age(60);
    const fresh = await call('generate', { phone_number });
    expect(await call('verify', { phone_number, otp: fresh.otp })).toMatchObject({ status: 200 });
  });

  it("refuses the document's sample number, which cannot exist, with 400", async () => {
    expect(await call('generate', { phone_number: '+1234567890' })).toMatchObject({
      status: 400,
      body: { code: 'phone_invalid' },
    });
  });
});
