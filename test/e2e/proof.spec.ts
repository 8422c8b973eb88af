import { createHash, createPublicKey, type JsonWebKey } from 'node:crypto';
import {
  base64url,
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  generateKeyPair,
  jwtVerify,
  SignJWT,
  UnsecuredJWT,
  type JSONWebKeySet,
} from 'jose';
import { TestApp } from '../support/app.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { withChangedSignature } from '../support/jws.js';

const ISSUER = 'https://auth.acme.test';
const AUDIENCE = 'https://api.acme.test';
const CONTEXT = { payee: 'Acme', amount: '39.99 EUR' };

describe('OTP proof', () => {
  let database: TestDatabase;
  let app: TestApp;
  let keySet: JSONWebKeySet;
  const start = () => TestApp.start({ ...database.env, PUBLIC_URL: `${ISSUER}/`, TOKEN_AUDIENCE: AUDIENCE });
  beforeAll(async () => {
    database = await testDatabase();
    app = await start();
    keySet = await fetchKeySet();
  });
  afterAll(async () => {
    await app?.stop();
    await database?.drop();
  });

  async function fetchKeySet(): Promise<JSONWebKeySet> {
    return (await app.get('/.well-known/jwks.json').expect(200)).body as JSONWebKeySet;
  }

  /** Verifies a proof with the published keys, as a backend does. */
  function verifyProof(proof: string) {
    return jwtVerify(proof, createLocalJWKSet(keySet), {
      issuer: ISSUER,
      audience: AUDIENCE,
      typ: 'otp-proof+jwt',
      algorithms: ['ES256'],
    });
  }

  async function issueProof(
    email: string,
    more: object = {},
  ): Promise<{ proof: string; challengeId: string }> {
    const generated = await app.post('/otp/generate', { email, ...more }).expect(200);
    const otp = await app.code(email);
    const { body } = await app.post('/otp/verify', { email, otp, ...more }).expect(200);
    return { proof: (body as { proof: string }).proof, challengeId: generated.body.challenge.id };
  }

  it('contains the recipient, purpose, challenge id, issuer, audience and lifetime', async () => {
    const before = Math.floor(Date.now() / 1000);
    const { proof, challengeId } = await issueProof('ada@example.com');
    const { payload, protectedHeader } = await verifyProof(proof);
    expect(protectedHeader).toEqual({
      alg: 'ES256',
      typ: 'otp-proof+jwt',
      kid: expect.any(String),
    });
    expect(payload).toEqual({
      sub: 'email:ada@example.com',
      purpose: 'verification',
      jti: challengeId,
      iss: ISSUER,
      aud: AUDIENCE,
      iat: expect.any(Number),
      exp: expect.any(Number),
    });
    const { iat = 0, exp = 0 } = payload;
    expect(exp - iat).toBe(300);
    expect(Math.abs(iat - before)).toBeLessThan(10);
  });

  it('contains a reproducible digest of the approved context', async () => {
    const { proof } = await issueProof('eve@example.com', {
      purpose: 'transaction',
      context: CONTEXT,
    });
    const { payload } = await verifyProof(proof);
    const canonical = '{"amount":"39.99 EUR","payee":"Acme"}';
    expect(payload).toMatchObject({
      purpose: 'transaction',
      context_sha256: createHash('sha256').update(canonical).digest('base64url'),
    });
  });

  it('contains the canonical address regardless of how it was typed', async () => {
    await app.post('/otp/generate', { phone_number: '(415) 555-0199' }).expect(400);
    await app.post('/otp/generate', { phone_number: '001 (415) 555-0199' }).expect(200);
    const otp = await app.code('+14155550199');
    const { body } = await app.post('/otp/verify', { phone_number: 'tel:+1-415-555-0199', otp }).expect(200);
    expect(decodeJwt((body as { proof: string }).proof).sub).toBe('phone:+14155550199');
  });

  it('fails verification after any change to its header, payload or signature', async () => {
    const { proof } = await issueProof('j@example.com');
    const [header = '', payload = '', signature = ''] = proof.split('.');
    const claims = decodeJwt(proof);
    const { kid = '' } = decodeProtectedHeader(proof);
    const jwk = keySet.keys.find((key) => key.kid === kid);
    const publicKey = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
    const foreignKeys = await generateKeyPair('ES256');
    const encode = (value: object) => base64url.encode(JSON.stringify(value));
    const changedClaims = encode({ ...claims, sub: 'email:eve@example.com' });
    const hs256 = (secret: string) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', typ: 'otp-proof+jwt', kid })
        .sign(Buffer.from(secret));
    const es256 = (headerFields: object) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', typ: 'otp-proof+jwt', ...headerFields })
        .sign(foreignKeys.privateKey);

    const forgeries = {
      'alg none': new UnsecuredJWT(claims).encode(),
      'alg none with our header': `${encode({ alg: 'none', typ: 'otp-proof+jwt', kid })}.${payload}.`,
      'alg None': `${encode({ alg: 'None', typ: 'otp-proof+jwt', kid })}.${payload}.${signature}`,
      'no signature': `${header}.${payload}.`,
      'HS256 with the public key as PEM': await hs256(pem),
      'HS256 with the public key as JWK': await hs256(JSON.stringify(jwk)),
      'a foreign key under our kid': await es256({ kid }),
      'a foreign key under a foreign kid': await es256({ kid: '../../dev/null' }),
      'a foreign key under no kid': await es256({}),
      'a changed payload': `${header}.${changedClaims}.${signature}`,
      'a changed type': `${encode({ alg: 'ES256', typ: 'at+jwt', kid })}.${payload}.${signature}`,
      'a changed signature': withChangedSignature(proof),
    };
    await expect(verifyProof(proof)).resolves.toBeDefined();
    for (const [forgery, token] of Object.entries(forgeries))
      await expect(verifyProof(token).then(() => forgery)).rejects.toThrow();
  });

  it('fails verification for another audience, issuer, type or algorithm, and after five minutes', async () => {
    const { proof } = await issueProof('k@example.com');
    const keys = createLocalJWKSet(keySet);
    const later = new Date(Date.now() + 301_000);
    for (const options of [
      { audience: 'https://other.acme.test' },
      { issuer: 'https://other.acme.test' },
      { typ: 'at+jwt' },
      { typ: 'JWT' },
      { currentDate: later },
      { algorithms: ['HS256'] },
    ])
      await expect(jwtVerify(proof, keys, options)).rejects.toThrow();
  });

  it('is verified with public keys that can be cached and name their algorithm', async () => {
    const { headers } = await app.get('/.well-known/jwks.json');
    expect(headers['cache-control']).toMatch(/^public, max-age=\d+$/);
    expect(keySet.keys.length).toBeGreaterThanOrEqual(2);
    for (const key of keySet.keys)
      expect(key).toEqual({
        kty: 'EC',
        crv: 'P-256',
        x: expect.any(String),
        y: expect.any(String),
        kid: expect.any(String),
        alg: 'ES256',
        use: 'sig',
      });
    expect(new Set(keySet.keys.map(({ kid }) => kid)).size).toBe(keySet.keys.length);
  });

  it('is signed with keys that are stored encrypted', async () => {
    const rows = await app.sql<{ private_sealed: Buffer }>('select * from signing_keys');
    expect(rows).toHaveLength(keySet.keys.length);
    for (const { private_sealed } of rows) {
      expect(Buffer.from(private_sealed).toString('latin1')).not.toMatch(/PRIVATE|BEGIN|MIG/);
    }
  });

  it('remains valid after a restart, which keeps the same keys', async () => {
    const { proof } = await issueProof('l@example.com');
    const { kid } = decodeProtectedHeader(proof);
    await app.stop();
    app = await start();
    expect(await fetchKeySet()).toEqual(keySet);
    await expect(verifyProof(proof)).resolves.toBeDefined();
    expect(decodeProtectedHeader((await issueProof('m@example.com')).proof).kid).toBe(kid);
  });
});
