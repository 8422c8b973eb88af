import { generateKeyPair, SignJWT } from 'jose';
import { logIn, signUp, type Person } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { createApplication, type ApplicationClient } from '../support/applications.js';
import { withChangedSignature } from '../support/jws.js';
import { agedToken, signingKeyOf } from '../support/signing-key.js';
import { until } from '../support/until.js';

const PUBLIC_URL = 'https://auth.acme.test';
const APP_SECRET = 'known to this test, so that it can make tokens older';
const AUDIENCE = 'https://api.acme.test';

type Caller = Pick<TestApp, 'post'>;

async function startWithAdmin(settings: Record<string, string>) {
  const app = await TestApp.start({ BCRYPT_COST: '4', PUBLIC_URL, APP_SECRET, ...settings });
  await signUp(app, 'admin@example.com');
  await app.sql(`update users set roles = '{user,admin}'`);
  return { app, admin: await logIn(app, 'admin@example.com') };
}

describe('POST /proofs/redeem', () => {
  let app: TestApp;
  let admin: Person;
  let shop: ApplicationClient;
  let people = 0;
  beforeAll(async () => {
    ({ app, admin } = await startWithAdmin({ TEST_IDENTITIES: 'review@example.com=222222' }));
    shop = await createApplication(app, admin, { audience: AUDIENCE });
  });
  afterAll(() => app?.stop());

  async function prove(caller: Caller = app, more: object = {}, on: TestApp = app): Promise<string> {
    const email = `somebody-${++people}@example.com`;
    const { otp } = await on.codeOf(email, () =>
      caller.post('/otp/generate', { email, ...more }).expect(200),
    );
    const { body } = await caller
      .post('/otp/verify', { email, otp, ...more, metadata: undefined })
      .expect(200);
    return (body as { proof: string }).proof;
  }

  async function expectRefused(proof: unknown, status: number, code: string, caller: Caller = app) {
    const { body } = await caller.post('/proofs/redeem', { proof }).expect(status);
    expect(body).toMatchObject({ code });
  }

  it('returns the claims once', async () => {
    const proof = await prove();
    const { body } = await app.post('/proofs/redeem', { proof }).expect(200);
    expect(body).toEqual({
      sub: `email:somebody-${people}@example.com`,
      purpose: 'verification',
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      iss: PUBLIC_URL,
      aud: PUBLIC_URL,
      iat: expect.any(Number),
      exp: expect.any(Number),
    });
    await expectRefused(proof, 409, 'proof_already_redeemed');
    await expectRefused(proof, 409, 'proof_already_redeemed');
  });

  it('returns context digest and metadata', async () => {
    const more = {
      purpose: 'transaction',
      context: { amount: '39.99 EUR', payee: 'Acme' },
      metadata: { order: '4711' },
    };
    const { body } = await shop.post('/proofs/redeem', { proof: await prove(shop, more) }).expect(200);
    expect(body).toMatchObject({
      aud: AUDIENCE,
      purpose: 'transaction',
      metadata: { order: '4711' },
      context_sha256: expect.stringMatching(/^[\w-]{43}$/),
    });
  });

  it('marks the proof of a test identity', async () => {
    const email = 'review@example.com';
    await app.post('/otp/generate', { email }).expect(200);
    const { body } = await app.post('/otp/verify', { email, otp: '222222' }).expect(200);
    const redeemed = await app.post('/proofs/redeem', body as object).expect(400);
    expect(redeemed.body).toMatchObject({ code: 'validation_failed' });
    const { proof } = body as { proof: string };
    expect((await app.post('/proofs/redeem', { proof }).expect(200)).body).toMatchObject({ test: true });
  });

  it('accepts only proofs of the audience of the caller', async () => {
    const other = await createApplication(app, admin, { audience: 'https://other.acme.test' });
    const twin = await createApplication(app, admin, { audience: AUDIENCE });
    const plain = await createApplication(app, admin, {});
    const proof = await prove(shop);
    for (const caller of [app, other, plain]) await expectRefused(proof, 400, 'proof_invalid', caller);
    await twin.post('/proofs/redeem', { proof }).expect(200);
    await expectRefused(proof, 409, 'proof_already_redeemed', shop);

    const ofServer = await prove(plain);
    await expectRefused(ofServer, 400, 'proof_invalid', shop);
    await app.post('/proofs/redeem', { proof: ofServer }).expect(200);
  });

  it('refuses everything that is not a valid proof', async () => {
    const proof = await prove();
    const key = await generateKeyPair('ES256');
    const forged = await new SignJWT({ purpose: 'verification' })
      .setProtectedHeader({ alg: 'ES256', typ: 'otp-proof+jwt' })
      .setIssuer(PUBLIC_URL)
      .setAudience(PUBLIC_URL)
      .setJti('0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001')
      .setIssuedAt()
      .setExpirationTime('5 minutes')
      .sign(key.privateKey);
    const invalid = ['', 'x', 'a.b.c', withChangedSignature(proof), forged, `${proof}x`, admin.accessToken];
    for (const text of invalid) await expectRefused(text, 400, 'proof_invalid');
    for (const value of [undefined, null, 1, {}, 'x'.repeat(10_000)])
      await expectRefused(value, 400, 'validation_failed');
    await app.post('/proofs/redeem', { proof }).expect(200);
  });

  it('refuses a proof that has expired', async () => {
    const proof = await prove();
    const key = await signingKeyOf(app, APP_SECRET, proof);
    await expectRefused(agedToken(proof, key, 400), 400, 'proof_invalid');
    await app.post('/proofs/redeem', { proof: agedToken(proof, key, 200) }).expect(200);
    await expectRefused(proof, 409, 'proof_already_redeemed');
  });

  it('remembers a proof until it has expired', async () => {
    await app.post('/proofs/redeem', { proof: await prove() }).expect(200);
    expect(await app.sql('select from redeemed_proofs')).not.toEqual([]);
    await app.ageWhenSent(3_600 + 301);
    await until(
      'the removal of expired proofs',
      async () => (await app.sql('select from redeemed_proofs')).length === 0,
    );
  });

  describe('with API_ACCESS=applications', () => {
    let closed: TestApp;
    let server: ApplicationClient;
    let browser: ApplicationClient;
    beforeAll(async () => {
      const started = await startWithAdmin({ API_ACCESS: 'applications' });
      closed = started.app;
      server = await createApplication(closed, started.admin, {});
      browser = await createApplication(closed, started.admin, {
        kind: 'browser',
        origins: ['https://shop.acme.test'],
      });
    });
    afterAll(() => closed?.stop());

    it('is for server applications only', async () => {
      const proof = await prove(browser, {}, closed);
      await expectRefused(proof, 401, 'application_required', closed);
      await expectRefused(proof, 403, 'server_application_required', browser);
      await closed
        .post('/proofs/redeem', { proof })
        .set('authorization', `Basic ${Buffer.from(`${server.id}:wrong`).toString('base64')}`)
        .expect(401);
      await server.post('/proofs/redeem', { proof }).expect(200);
    });
  });
});
