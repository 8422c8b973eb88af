import { createHmac, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { JwtService } from '@nestjs/jwt';
import { Keyring } from '../common/keyring.js';
import { Config } from '../config/config.js';
import type { SigningKey } from './signing-key.entity.js';
import type { SigningKeyRepository } from './signing-key.repository.js';
import { SigningService } from './signing.service.js';

const KIND = { typ: 'at+jwt' };
const keyring = new Keyring('a secret');
const config = Config.from({
  PUBLIC_URL: 'https://auth.example.com',
  TOKEN_AUDIENCE: 'https://api.example.com',
});

/** The table of keys, in memory. */
class FakeKeys {
  readonly rows: SigningKey[] = [];
  currentPeriod = () => Promise.resolve(700);
  list = () => Promise.resolve([...this.rows]);
  add = (key: Omit<SigningKey, 'createdAt'>) =>
    Promise.resolve(void this.rows.push({ ...key, createdAt: new Date() }));
  removeBefore = () => Promise.resolve();
}

const keys = new FakeKeys();
const signing = new SigningService(
  keys as unknown as SigningKeyRepository,
  keyring,
  new JwtService({}),
  config,
);
let ours: { kid: string; privateKey: KeyObject | string };

beforeAll(async () => {
  await signing.onModuleInit();
  const [row] = keys.rows;
  if (!row) throw new Error('no key');
  ours = { kid: row.kid, privateKey: keyring.open(row.privateSealed, 'signing key', row.kid) };
});
afterAll(() => signing.onApplicationShutdown());

const now = () => Math.floor(Date.now() / 1000);
const encode = (part: unknown) =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
const goodHeader = () => ({ alg: 'ES256', typ: 'at+jwt', kid: ours.kid });
const goodClaims = () => ({
  sub: 'ada',
  iss: 'https://auth.example.com',
  aud: 'https://api.example.com',
  iat: now(),
  exp: now() + 900,
});

/** A token with our own signature, as if our key had been made to sign this. */
function forged(header: unknown, claims: unknown, privateKey: KeyObject | string = ours.privateKey): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' as const };
  return `${signed}.${sign('sha256', Buffer.from(signed), key as never).toString('base64url')}`;
}

const withHeader = (fields: object) => forged({ ...goodHeader(), ...fields }, goodClaims());
const withClaims = (claims: object) => forged(goodHeader(), { ...goodClaims(), ...claims });

describe('a token of ours', () => {
  it('is read', () => {
    const token = signing.sign({ sub: 'ada', sid: 's1' }, { ...KIND, expiresInSeconds: 60 });
    expect(signing.verify(token, KIND)).toMatchObject({ sub: 'ada', sid: 's1' });
  });

  it('is read as the attacks below build it, without their attack', () => {
    expect(signing.verify(withClaims({}), KIND)).toMatchObject({ sub: 'ada' });
  });

  it('is read under every published key', () => {
    const [, next] = keys.rows;
    const pem = keyring.open(next?.privateSealed ?? Buffer.alloc(0), 'signing key', next?.kid ?? '');
    const token = forged({ ...goodHeader(), kid: next?.kid }, goodClaims(), pem);
    expect(signing.verify(token, KIND)).toMatchObject({ sub: 'ada' });
  });
});

describe('a forged signature', () => {
  it.each(['none', 'None', 'NONE', 'nOnE', '', 'es256'])('is refused as alg %j (J1)', (alg) => {
    const header = { ...goodHeader(), alg };
    expect(signing.verify(`${encode(header)}.${encode(goodClaims())}.`, KIND)).toBeNull();
    expect(signing.verify(forged(header, goodClaims()), KIND)).toBeNull();
  });

  it('is refused when empty, absent or cut (J1)', () => {
    const [header, claims, signature] = withClaims({}).split('.');
    for (const token of [
      `${header}.${claims}.`,
      `${header}.${claims}`,
      `${header}.${claims}.${signature?.slice(0, 40)}`,
      `${header}.${claims}.${encode(Buffer.alloc(64).toString('latin1'))}`,
      `${header}.${claims}.${signature}.${signature}`,
    ])
      expect(signing.verify(token, KIND)).toBeNull();
  });

  it.each(['HS256', 'HS384', 'HS512'])('is refused as %s with the public key as secret (J2)', (alg) => {
    const published = signing.publicKeys().find(({ kid }) => kid === ours.kid);
    const publicKey = createPublicKey({ key: { ...published }, format: 'jwk' });
    const secrets = [
      publicKey.export({ type: 'spki', format: 'pem' }),
      publicKey.export({ type: 'spki', format: 'der' }),
      JSON.stringify(published),
    ];
    const signed = `${encode({ ...goodHeader(), alg })}.${encode(goodClaims())}`;
    for (const secret of secrets) {
      const mac = createHmac(alg.replace('HS', 'sha'), secret).update(signed).digest('base64url');
      expect(signing.verify(`${signed}.${mac}`, KIND)).toBeNull();
    }
  });

  it.each(['RS256', 'PS256', 'ES384', 'ES512', 'EdDSA', null, 256, ['ES256']])(
    'is refused as alg %j (J2)',
    (alg) => {
      expect(signing.verify(withHeader({ alg }), KIND)).toBeNull();
    },
  );

  it('is refused when another key made it', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(signing.verify(forged(goodHeader(), goodClaims(), privateKey), KIND)).toBeNull();
  });

  it('is refused when the claims were changed after it', () => {
    const [header, , signature] = withClaims({}).split('.');
    const claims = encode({ ...goodClaims(), sub: 'eve' });
    expect(signing.verify(`${header}.${claims}.${signature}`, KIND)).toBeNull();
  });
});

describe('a header that chooses', () => {
  it.each([
    '../../dev/null',
    '/dev/null',
    "' OR 1=1 --",
    'https://evil.example/key',
    '__proto__',
    'constructor',
    '',
    null,
    1,
    [],
    {},
    undefined,
  ])('kid %j is refused (J3)', (kid) => {
    expect(signing.verify(withHeader({ kid }), KIND)).toBeNull();
  });

  it.each([
    ['jku', 'https://evil.example/jwks.json'],
    ['x5u', 'https://evil.example/cert.pem'],
    ['x5c', ['MIIB']],
    ['x5t', 'abc'],
    ['crit', ['b64']],
    ['b64', false],
    ['zip', 'DEF'],
    ['cty', 'JWT'],
    ['anything', 1],
  ])('%s is refused, even over our signature (J3)', (name, value) => {
    expect(signing.verify(withHeader({ [name]: value }), KIND)).toBeNull();
  });

  it('a key of its own is refused (J3)', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const header = { ...goodHeader(), jwk: publicKey.export({ format: 'jwk' }) };
    expect(signing.verify(forged(header, goodClaims(), privateKey), KIND)).toBeNull();
  });

  it('a doubled field is refused (J6)', () => {
    const [, claims, signature] = withClaims({}).split('.');
    const header = encode(`{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"${ours.kid}"}`);
    expect(signing.verify(`${header}.${claims}.${signature}`, KIND)).toBeNull();
  });
});

describe('the times of a token', () => {
  it.each([
    ['has expired', { exp: -120 }],
    ['expired by more than our clocks may differ (J7)', { exp: -31 }],
    ['is not valid yet', { nbf: 120 }],
    ['was made in the future', { iat: 120 }],
  ])('it %s: refused (J4)', (_, offsets: Record<string, number>) => {
    const times = Object.fromEntries(Object.entries(offsets).map(([name, by]) => [name, now() + by]));
    expect(signing.verify(withClaims(times), KIND)).toBeNull();
  });

  it.each([
    ['expired just now', { exp: -25 }],
    ['is valid in a moment', { nbf: 25 }],
    ['was made by a clock that is ahead', { iat: 25 }],
  ])('it %s: accepted, for clocks differ (J7)', (_, offsets: Record<string, number>) => {
    const times = Object.fromEntries(Object.entries(offsets).map(([name, by]) => [name, now() + by]));
    expect(signing.verify(withClaims(times), KIND)).not.toBeNull();
  });

  it.each([
    ['no exp', { exp: undefined }],
    ['exp null', { exp: null }],
    ['exp as a string', { exp: '9999999999' }],
    ['exp as a fraction', { exp: 9999999999.5 }],
    ['no iat', { iat: undefined }],
    ['iat as a string', { iat: '1' }],
    ['nbf as a string', { nbf: '1' }],
  ])('%s is refused (J4)', (_, claims) => {
    expect(signing.verify(withClaims(claims), KIND)).toBeNull();
  });

  it('exp 1e400 is refused (J4)', () => {
    const claims = JSON.stringify({ ...goodClaims(), exp: 0 }).replace('"exp":0', '"exp":1e400');
    expect(signing.verify(forged(goodHeader(), claims), KIND)).toBeNull();
  });
});

describe('a token that is not for this', () => {
  it.each([
    ['another issuer', { iss: 'https://evil.example' }],
    ['no issuer', { iss: undefined }],
    ['another audience', { aud: 'https://other.example.com' }],
    ['no audience', { aud: undefined }],
  ])('%s is refused (J6)', (_, claims) => {
    expect(signing.verify(withClaims(claims), KIND)).toBeNull();
  });

  it.each(['otp-proof+jwt', 'JWT', 'AT+JWT', '', undefined, null])('typ %j is refused (J6)', (typ) => {
    expect(signing.verify(withHeader({ typ }), KIND)).toBeNull();
  });

  it('a proof of ours lets nobody in (V27)', () => {
    const proof = signing.sign({ sub: 'ada' }, { typ: 'otp-proof+jwt', expiresInSeconds: 60 });
    expect(signing.verify(proof, KIND)).toBeNull();
  });
});

describe('what is no token', () => {
  it.each([
    ['nothing', ''],
    ['dots', '..'],
    ['a word', 'token'],
    ['JSON', '{}'],
    ['a header that is a list', `${encode([])}.${encode({})}.x`],
    ['a header that is null', `${encode('null')}.${encode({})}.x`],
    ['a header that is a string', `${encode('"ES256"')}.${encode({})}.x`],
    ['100 kB', 'a'.repeat(100_000)],
  ])('is refused without an error: %s', (_, token) => {
    expect(signing.verify(token, KIND)).toBeNull();
  });

  it.each(['null', '"a string"', '[]', '1', 'no json'])('neither are claims that are %s', (claims) => {
    expect(signing.verify(forged(goodHeader(), claims), KIND)).toBeNull();
  });
});
