import { TestApp } from '../support/app.js';
import { VendorStub } from '../support/vendor-stub.js';

/**
 * The first system that this server replaces. It mails random codes through Postmark and stores
 * them with an expiry. The codes sign people in and verify transactions.
 */
describe('system A: NestJS and Postmark', () => {
  const email = 'ada@example.com';
  let stub: VendorStub;
  let app: TestApp;
  beforeAll(async () => {
    stub = await VendorStub.start();
    app = await TestApp.start(stub.settings);
  });
  afterAll(async () => {
    await app?.stop();
    await stub?.stop();
  });

  it('signs in with a mailed code', async () => {
    await app.post('/auth/send_otp', { email }).expect(201);
    const { vendor, payload } = await stub.message(email);
    expect(vendor).toBe('postmark');
    const otp = await stub.code(email);
    expect(payload).toMatchObject({
      Subject: `${otp} is your code to sign in`,
      TextBody: expect.stringContaining(otp),
      HtmlBody: expect.stringContaining(otp),
    });

    await app.post('/auth/verify_otp', { email, otp }).expect(201, { VerificationStatus: 'approved' });
    await app.post('/auth/verify_otp', { email, otp }).expect(404);
  });

  it('verifies an address with a mailed code', async () => {
    const to = 'grace@example.com';
    await app.post('/otp/generate', { email: to }).expect(200);
    const otp = await stub.code(to);

    const { body } = await app.post('/otp/verify', { email: to, otp }).expect(200);
    expect(body).toMatchObject({ detail: 'OTP verified successfully.' });
  });

  it('shows a transaction in the mail, and its code approves no other transaction', async () => {
    const to = 'payer@example.com';
    const transaction = {
      email: to,
      purpose: 'transaction',
      context: { amount: '39.99 EUR', payee: 'Smith & Sons' },
    };
    await app.post('/otp/generate', transaction).expect(200);
    const otp = await stub.code(to);
    const { payload } = await stub.message(to);
    expect(payload.TextBody).toMatch(/approves this transaction:\s+amount: 39\.99 EUR\s+payee: Smith & Sons/);
    expect(payload.HtmlBody).toMatch(/39\.99 EUR[^]+Smith &amp; Sons/);

    const changed = { ...transaction, context: { amount: '3999 EUR', payee: 'Smith & Sons' } };
    const refused = await app.post('/otp/verify', { ...changed, otp }).expect(400);
    expect(refused.body).toMatchObject({
      detail: 'Invalid OTP. 2 attempt(s) left.',
      code: 'otp_invalid',
    });
    await app.post('/otp/verify', { email: to, purpose: 'transaction', otp }).expect(400);
    await app.post('/otp/verify', { email: to, otp }).expect(404);

    const { body } = await app.post('/otp/verify', { ...transaction, otp }).expect(200);
    const [, claims = ''] = (body.proof as string).split('.');
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      sub: `email:${to}`,
      purpose: 'transaction',
      context_sha256: expect.any(String),
    });
  });

  it('rejects the stored code after its expiry', async () => {
    const to = 'late@example.com';
    await app.post('/auth/send_otp', { email: to }).expect(201);
    const otp = await stub.code(to);

    await app.age(301);
    const { body } = await app.post('/auth/verify_otp', { email: to, otp }).expect(400);
    expect(body).toMatchObject({
      detail: 'OTP expired, please generate a new OTP.',
      code: 'otp_expired',
    });
  });

  it('serves Swagger UI for its endpoints', async () => {
    const page = await app.get('/docs').redirects(1).expect(200).expect('content-type', /html/);
    expect(page.text).toContain('swagger-ui');
    const { body } = await app.get('/openapi.json').expect(200);
    expect(Object.keys(body.paths as object)).toEqual(
      expect.arrayContaining([
        '/auth/send_otp',
        '/auth/verify_otp',
        '/otp/generate',
        '/otp/resend',
        '/otp/verify',
      ]),
    );
  });
});
