import { PASSWORD } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { VendorStub } from '../support/vendor-stub.js';

/** The third system that this server replaces: its API, in demonstration mode. */
describe('system C: FastAPI', () => {
  let stub: VendorStub;
  let app: TestApp;
  let token: string;
  beforeAll(async () => {
    stub = await VendorStub.start();
    app = await TestApp.start({ ...stub.settings, OTP_LENGTH: '4', OTP_EXPOSE_CODE: 'true' });
    const email = 'signed-in@example.com';
    await app.post('/auth/register', { email, password: PASSWORD }).expect(201);
    const { body } = await app.post('/auth/verify', { email, otp: await stub.code(email) }).expect(200);
    token = body.accessToken as string;
  });
  afterAll(async () => {
    await app?.stop();
    await stub?.stop();
  });

  const call = async (path: string, body: object) => {
    const reply = await app.post(`/otp/${path}`, body);
    const { detail, otp } = reply.body as { detail: string; otp: string };
    return { status: reply.status, detail, otp, body: reply.body, headers: reply.headers };
  };
  const wrongCode = (otp: string) => otp.replace(/.$/, (digit) => String((Number(digit) + 1) % 10));

  it('POST /otp/generate sends a four-digit code and returns it', async () => {
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

  it('POST /otp/generate returns 429 within 60 s of the last send', async () => {
    const phone_number = '+14155550124';
    await call('generate', { phone_number });
    const again = await call('generate', { phone_number });
    expect(again).toMatchObject({
      status: 429,
      detail: 'Please wait before requesting a new OTP.',
    });
    expect(Number(again.headers['retry-after'])).toBeGreaterThan(55);
    expect(again.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(again.otp).toBeUndefined();

    await app.age(60);
    expect(await call('generate', { phone_number })).toMatchObject({
      status: 200,
      detail: 'OTP generated and sent.',
    });
  });

  it('POST /otp/resend returns 429 within 60 s, and afterwards 200 with the live code', async () => {
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

  it('POST /otp/resend returns 404 if no code was generated', async () => {
    expect(await call('resend', { phone_number: '+14155550126' })).toMatchObject({
      status: 404,
      detail: 'OTP not found. Please generate an OTP first.',
    });
  });

  it('POST /otp/verify accepts the right code once, and returns 404 for a missing or used code', async () => {
    const phone_number = '+14155550127';
    const notFound = { status: 404, detail: 'OTP not generated for this number.' };
    expect(await call('verify', { phone_number, otp: '0042' })).toMatchObject(notFound);
    await call('generate', { phone_number });
    const otp = await stub.code(phone_number);

    expect(await call('verify', { phone_number, otp })).toMatchObject({
      status: 200,
      detail: 'OTP verified successfully.',
    });
    expect(await call('verify', { phone_number, otp })).toMatchObject(notFound);
  });

  it.each<[string, string, object, string]>([
    ['POST', '/otp/verify', { phone_number: '+14155550130' }, 'number'],
    ['POST', '/auth/verify_otp', { phone: '+14155550130' }, 'number'],
    ['POST', '/otp/verify', { email: 'ada@example.com' }, 'address'],
    ['POST', '/auth/verify_otp', { email: 'ada@example.com' }, 'address'],
    ['POST', '/auth/verify', { email: 'ada@example.com' }, 'address'],
    ['POST', '/api/verify', { email: 'ada@example.com' }, 'address'],
    ['PATCH', '/auth/reset', { email: 'ada@example.com', password: PASSWORD }, 'address'],
    ['PATCH', '/api/reset', { email: 'ada@example.com', password: PASSWORD }, 'address'],
    ['POST', '/users/me/contact/verify', { phone: '+14155550130' }, 'number'],
    ['POST', '/users/me/contact/verify', { email: 'new@example.com' }, 'address'],
  ])('%s %s without a code for %j names the %s', async (method, path, address, kind) => {
    const body = { ...address, otp: '0042' };
    const request = method === 'POST' ? app.post(path, body) : app.patch(path, body);
    const reply = await request.set('authorization', path.startsWith('/users') ? `Bearer ${token}` : '');
    expect([reply.status, reply.body.detail]).toEqual([404, `OTP not generated for this ${kind}.`]);
  });

  it('POST /otp/verify returns 400 for an expired code, and accepts a new one', async () => {
    const phone_number = '+14155550128';
    const { otp } = await call('generate', { phone_number });
    await app.age(300);
    expect(await call('verify', { phone_number, otp })).toMatchObject({
      status: 400,
      detail: 'OTP expired, please generate a new OTP.',
    });

    const next = await call('generate', { phone_number });
    expect(await call('verify', { phone_number, otp: next.otp })).toMatchObject({ status: 200 });
  });

  it('POST /otp/verify counts wrong codes down to 0, then returns 403 even for the right one', async () => {
    const phone_number = '+14155550129';
    const { otp } = await call('generate', { phone_number });
    for (const left of [2, 1, 0])
      expect(await call('verify', { phone_number, otp: wrongCode(otp) })).toMatchObject({
        status: 400,
        detail: `Invalid OTP. ${left} attempt(s) left.`,
      });
    const exhausted = {
      status: 403,
      detail: 'Too many failed attempts, please generate a new OTP.',
    };
    expect(await call('verify', { phone_number, otp })).toMatchObject(exhausted);
    expect(await call('verify', { phone_number, otp: wrongCode(otp) })).toMatchObject(exhausted);

    await app.age(60);
    const next = await call('generate', { phone_number });
    expect(await call('verify', { phone_number, otp: next.otp })).toMatchObject({ status: 200 });
  });

  it('POST /otp/generate returns 400 for the sample number, which cannot exist', async () => {
    expect(await call('generate', { phone_number: '+1234567890' })).toMatchObject({
      status: 400,
      body: { code: 'phone_invalid' },
    });
  });
});
