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

describe('a proof, checked with the published keys alone', () => {
  let database: TestDatabase;
  let app: TestApp;
  let keySet: JSONWebKeySet;
  const start = () => TestApp.start({ ...database.env, PUBLIC_URL: `${ISSUER}/`, TOKEN_AUDIENCE: AUDIENCE });
  beforeAll(async () => {
    database = await testDatabase();
    app = await start();
    keySet = await published();
  });
  afterAll(async () => {
    await app?.stop();
    await database?.drop();
  });

  async function published(): Promise<JSONWebKeySet> {
    return (await app.get('/.well-known/jwks.json').expect(200)).body as JSONWebKeySet;
  }

  /** What a backend does that takes our proofs. */
  function check(proof: string) {
    return jwtVerify(proof, createLocalJWKSet(keySet), {
      issuer: ISSUER,
      audience: AUDIENCE,
      typ: 'otp-proof+jwt',
      algorithms: ['ES256'],
    });
  }

  async function prove(email: string, more: object = {}): Promise<{ proof: string; challengeId: string }> {
    const sent = await app.post('/otp/generate', { email, ...more }).expect(200);
    const otp = await app.code(email);
    const { body } = await app.post('/otp/verify', { email, otp, ...more }).expect(200);
    return { proof: (body as { proof: string }).proof, challengeId: sent.body.challenge.id };
  }

  it('says who entered what for what, until when, and from whom to whom (RF5)', async () => {
    const before = Math.floor(Date.now() / 1000);
    const { proof, challengeId } = await prove('ada@example.com');
    const { payload, protectedHeader } = await check(proof);
    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'otp-proof+jwt', kid: expect.any(String) });
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

  it('covers what was approved by a digest that anybody can compute (RF17)', async () => {
    const { proof } = await prove('eve@example.com', { purpose: 'transaction', context: CONTEXT });
    const { payload } = await check(proof);
    const canonical = '{"amount":"39.99 EUR","payee":"Acme"}';
    expect(payload).toMatchObject({
      purpose: 'transaction',
      context_sha256: createHash('sha256').update(canonical).digest('base64url'),
    });
  });

  it('has the canonical address, however it was typed (I0)', async () => {
    await app.post('/otp/generate', { phone_number: '(415) 555-0199' }).expect(400);
    await app.post('/otp/generate', { phone_number: '001 (415) 555-0199' }).expect(200);
    const otp = await app.code('+14155550199');
    const { body } = await app.post('/otp/verify', { phone_number: 'tel:+1-415-555-0199', otp }).expect(200);
    expect(decodeJwt((body as { proof: string }).proof).sub).toBe('phone:+14155550199');
  });

  it('is refused when anything of it is changed (J1, J2, J3, J6)', async () => {
    const { proof } = await prove('j@example.com');
    const [header = '', payload = '', signature = ''] = proof.split('.');
    const claims = decodeJwt(proof);
    const { kid = '' } = decodeProtectedHeader(proof);
    const jwk = keySet.keys.find((key) => key.kid === kid);
    const publicKey = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
    const stranger = await generateKeyPair('ES256');
    const encode = (value: object) => base64url.encode(JSON.stringify(value));
    const changedClaims = encode({ ...claims, sub: 'email:eve@example.com' });
    const hs256 = (secret: string) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', typ: 'otp-proof+jwt', kid })
        .sign(Buffer.from(secret));
    const es256 = (ofHeader: object) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', typ: 'otp-proof+jwt', ...ofHeader })
        .sign(stranger.privateKey);

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
    await expect(check(proof)).resolves.toBeDefined();
    for (const [forgery, token] of Object.entries(forgeries))
      await expect(check(token).then(() => forgery)).rejects.toThrow();
  });

  it('is refused by another audience, as another kind of token, and after five minutes (V27, J4)', async () => {
    const { proof } = await prove('k@example.com');
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

  it('needs keys that are public, name their algorithm and may be cached', async () => {
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

  it('is made with keys that lie sealed in the database (L1)', async () => {
    const rows = await app.sql<{ private_sealed: Buffer; public_jwk: object }>('select * from signing_keys');
    expect(rows).toHaveLength(keySet.keys.length);
    for (const { private_sealed, public_jwk } of rows) {
      expect(Object.keys(public_jwk).sort()).toEqual(['crv', 'kty', 'x', 'y']);
      expect(Buffer.from(private_sealed).toString('latin1')).not.toMatch(/PRIVATE|BEGIN|MIG/);
    }
  });

  it('still holds after a restart, by the same keys', async () => {
    const { proof } = await prove('l@example.com');
    const { kid } = decodeProtectedHeader(proof);
    await app.stop();
    app = await start();
    expect(await published()).toEqual(keySet);
    await expect(check(proof)).resolves.toBeDefined();
    expect(decodeProtectedHeader((await prove('m@example.com')).proof).kid).toBe(kid);
  });
});
