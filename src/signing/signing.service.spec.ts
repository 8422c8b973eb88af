import { createHmac, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { Keyring } from '../common/keyring.js';
import { Config } from '../config/config.js';
import { generateKeyPair } from './key-pair.js';
import type { SigningKeyRepository, StoredKey } from './signing-key.repository.js';
import { boundTo, SigningService } from './signing.service.js';

const { jest } = import.meta;

const KIND = { typ: 'at+jwt' };
const keyring = new Keyring('a secret');
const config = Config.from({
  PUBLIC_URL: 'https://auth.example.com',
  TOKEN_AUDIENCE: 'https://api.example.com',
});

/** The table `signing_keys` in memory. */
class FakeKeys {
  rows: StoredKey[] = [];
  period = 700;
  read = (secretIds: string[]) =>
    Promise.resolve({
      currentPeriod: this.period,
      keys: this.rows.filter(({ secretId }) => secretIds.includes(secretId)),
    });
  add = (key: StoredKey, refused?: StoredKey) => {
    const inSlot = ({ period, secretId }: StoredKey) => period === key.period && secretId === key.secretId;
    this.rows = this.rows.filter((row) => row !== refused);
    return Promise.resolve(void (this.rows.some(inSlot) || this.rows.push(key)));
  };
  removeBefore = () => Promise.resolve();
}

const keys = new FakeKeys();
const signing = serviceWith(keys, keyring);

function serviceWith(table: FakeKeys, secrets: Keyring): SigningService {
  return new SigningService(table as unknown as SigningKeyRepository, secrets, new JwtService({}), config);
}

let current: { kid: string; privateKey: KeyObject | string };

beforeAll(async () => {
  Logger.overrideLogger(false);
  await signing.onModuleInit();
  const [row] = keys.rows;
  if (!row) throw new Error('no key');
  current = { kid: row.kid, privateKey: keyring.open(row.privateSealed, ...boundTo(row)) };
});
afterAll(() => signing.onApplicationShutdown());

const now = () => Math.floor(Date.now() / 1000);
const encode = (part: unknown) =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
const goodHeader = () => ({ alg: 'ES256', typ: 'at+jwt', kid: current.kid });
const goodClaims = () => ({
  sub: 'ada',
  iss: 'https://auth.example.com',
  aud: 'https://api.example.com',
  iat: now(),
  exp: now() + 900,
});

/** A token with any header and claims, signed with the server's own key unless another is given. */
function tokenOf(
  header: unknown,
  claims: unknown,
  privateKey: KeyObject | string = current.privateKey,
): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' as const };
  return `${signed}.${sign('sha256', Buffer.from(signed), key as never).toString('base64url')}`;
}

const withHeader = (fields: object) => tokenOf({ ...goodHeader(), ...fields }, goodClaims());
const withClaims = (claims: object) => tokenOf(goodHeader(), { ...goodClaims(), ...claims });

describe('genuine token', () => {
  it('is accepted', () => {
    const token = signing.sign({ sub: 'ada', sid: 's1' }, { ...KIND, expiresInSeconds: 60 });
    expect(signing.verify(token, KIND)).toMatchObject({ sub: 'ada', sid: 's1' });
  });

  it('is accepted if the helper of the attack tests builds it with valid contents', () => {
    expect(signing.verify(withClaims({}), KIND)).toMatchObject({ sub: 'ada' });
  });

  it('is accepted under every published key', () => {
    const [, next] = keys.rows;
    if (!next) throw new Error('no next key');
    const pem = keyring.open(next.privateSealed, ...boundTo(next));
    const token = tokenOf({ ...goodHeader(), kid: next.kid }, goodClaims(), pem);
    expect(signing.verify(token, KIND)).toMatchObject({ sub: 'ada' });
  });
});

describe('expired token', () => {
  const acceptsExpired = (claims: { sub: string }) => claims.sub === 'ada';
  const expired = () => withClaims({ iat: now() - 1_000, exp: now() - 100 });

  it('is refused by default, on the first call and from the cache', () => {
    const token = expired();
    expect([signing.verify(token, KIND), signing.verify(token, KIND)]).toEqual([null, null]);
  });

  it('is accepted only by the callers that accept its claims', () => {
    const token = expired();
    expect(signing.verify(token, { ...KIND, acceptsExpired })).toMatchObject({ sub: 'ada' });
    expect(signing.verify(token, KIND)).toBeNull();
    expect(signing.verify(token, { ...KIND, acceptsExpired: () => false })).toBeNull();
  });

  it.each([
    { iss: 'eve' },
    { aud: 'eve' },
    { exp: undefined },
    { exp: '1' },
    { exp: 1.5 },
    { iat: undefined },
  ])('is refused with %j whatever the caller accepts', (claims) => {
    const token = withClaims({ iat: now() - 1_000, exp: now() - 100, ...claims });
    expect(signing.verify(token, { ...KIND, acceptsExpired: () => true })).toBeNull();
  });

  it('is refused with another key or kind whatever the caller accepts', () => {
    const acceptsAll = { ...KIND, acceptsExpired: () => true };
    const claims = { ...goodClaims(), exp: now() - 100 };
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(signing.verify(tokenOf(goodHeader(), claims, privateKey), acceptsAll)).toBeNull();
    expect(signing.verify(tokenOf({ ...goodHeader(), typ: 'JWT' }, claims), acceptsAll)).toBeNull();
  });
});

describe('forged signature', () => {
  it.each(['none', 'None', 'NONE', 'nOnE', '', 'es256'])('is refused with alg %j', (alg) => {
    const header = { ...goodHeader(), alg };
    expect(signing.verify(`${encode(header)}.${encode(goodClaims())}.`, KIND)).toBeNull();
    expect(signing.verify(tokenOf(header, goodClaims()), KIND)).toBeNull();
  });

  it('is refused when it is empty, absent, truncated or repeated', () => {
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

  it.each(['HS256', 'HS384', 'HS512'])('is refused as %s with the public key as its secret', (alg) => {
    const published = signing.publicKeys().find(({ kid }) => kid === current.kid);
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
    'is refused with the other algorithm %j',
    (alg) => {
      expect(signing.verify(withHeader({ alg }), KIND)).toBeNull();
    },
  );

  it('is refused when another key signed it', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(signing.verify(tokenOf(goodHeader(), goodClaims(), privateKey), KIND)).toBeNull();
  });

  it('is refused when the claims were changed after signing', () => {
    const [header, , signature] = withClaims({}).split('.');
    const claims = encode({ ...goodClaims(), sub: 'eve' });
    expect(signing.verify(`${header}.${claims}.${signature}`, KIND)).toBeNull();
  });
});

describe('token header', () => {
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
  ])('is refused with kid %j', (kid) => {
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
  ])('is refused with the field %s, even with a genuine signature', (name, value) => {
    expect(signing.verify(withHeader({ [name]: value }), KIND)).toBeNull();
  });

  it('is refused with an embedded key that verifies the signature', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const header = { ...goodHeader(), jwk: publicKey.export({ format: 'jwk' }) };
    expect(signing.verify(tokenOf(header, goodClaims(), privateKey), KIND)).toBeNull();
  });

  it('is refused with a duplicate field', () => {
    const [, claims, signature] = withClaims({}).split('.');
    const header = encode(`{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"${current.kid}"}`);
    expect(signing.verify(`${header}.${claims}.${signature}`, KIND)).toBeNull();
  });
});

describe('token times', () => {
  it.each([
    ['has expired', { exp: -120 }],
    ['expired longer ago than the clock tolerance', { exp: -31 }],
    ['is not valid yet', { nbf: 120 }],
    ['was issued in the future', { iat: 120 }],
  ])('refuses a token that %s', (_, offsets: Record<string, number>) => {
    const times = Object.fromEntries(Object.entries(offsets).map(([name, by]) => [name, now() + by]));
    expect(signing.verify(withClaims(times), KIND)).toBeNull();
  });

  it.each([
    ['expired within the clock tolerance', { exp: -25 }],
    ['becomes valid within the clock tolerance', { nbf: 25 }],
    ['was issued in the future, within the clock tolerance', { iat: 25 }],
  ])('accepts a token that %s', (_, offsets: Record<string, number>) => {
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
  ])('refuses a token with %s', (_, claims) => {
    expect(signing.verify(withClaims(claims), KIND)).toBeNull();
  });

  it('refuses a token with exp 1e400', () => {
    const claims = JSON.stringify({ ...goodClaims(), exp: 0 }).replace('"exp":0', '"exp":1e400');
    expect(signing.verify(tokenOf(goodHeader(), claims), KIND)).toBeNull();
  });
});

describe('issuer, audience and kind of a token', () => {
  it.each([
    ['another issuer', { iss: 'https://evil.example' }],
    ['no issuer', { iss: undefined }],
    ['another audience', { aud: 'https://other.example.com' }],
    ['no audience', { aud: undefined }],
  ])('refuses %s', (_, claims) => {
    expect(signing.verify(withClaims(claims), KIND)).toBeNull();
  });

  it.each(['otp-proof+jwt', 'JWT', 'AT+JWT', '', undefined, null])('refuses typ %j', (typ) => {
    expect(signing.verify(withHeader({ typ }), KIND)).toBeNull();
  });

  it('refuses a proof as an access token', () => {
    const proof = signing.sign({ sub: 'ada' }, { typ: 'otp-proof+jwt', expiresInSeconds: 60 });
    expect(signing.verify(proof, KIND)).toBeNull();
  });
});

describe('malformed token', () => {
  it.each([
    ['an empty string', ''],
    ['only dots', '..'],
    ['a word', 'token'],
    ['JSON', '{}'],
    ['a header that is a list', `${encode([])}.${encode({})}.x`],
    ['a header that is null', `${encode('null')}.${encode({})}.x`],
    ['a header that is a string', `${encode('"ES256"')}.${encode({})}.x`],
    ['100 kB', 'a'.repeat(100_000)],
  ])('is refused without an exception: %s', (_, token) => {
    expect(signing.verify(token, KIND)).toBeNull();
  });

  it.each(['null', '"a string"', '[]', '1', 'no json'])(
    'is refused without an exception: claims %s',
    (claims) => {
      expect(signing.verify(tokenOf(goodHeader(), claims), KIND)).toBeNull();
    },
  );
});

describe('row that this server has not written', () => {
  const attacker = generateKeyPair();
  const own = () => keys.rows.find(({ kid }) => kid === current.kid) as StoredKey;
  /** A row whose key the attacker knows, sealed as well as it can be without the secret. */
  const foreign = (slot: object): StoredKey => {
    const row = { ...own(), ...slot, kid: attacker.kid };
    return { ...row, privateSealed: new Keyring('a guess').seal(attacker.privatePem, ...boundTo(row)) };
  };
  /** Sealed under the right key id, because the beginning of the value is not secret. */
  const withOurKeyId = (row: StoredKey): StoredKey => ({
    ...row,
    privateSealed: Buffer.concat([own().privateSealed.subarray(0, 4), row.privateSealed.subarray(4)]),
  });

  it.each<[string, () => StoredKey]>([
    ['with a key of somebody else', () => foreign({ period: 699 })],
    ['with a key of somebody else and our key id', () => withOurKeyId(foreign({ period: 699 }))],
    ['copied to another period', () => ({ ...own(), period: 699 })],
    ['with the kid of another key', () => ({ ...own(), period: 699, kid: attacker.kid })],
    ['copied to another secret', () => ({ ...own(), secretId: new Keyring('b').keyId })],
    ['with an empty private key', () => ({ ...own(), period: 699, privateSealed: Buffer.alloc(0) })],
  ])('is neither trusted nor published: %s', async (_, plant) => {
    const table = Object.assign(new FakeKeys(), { rows: [...keys.rows, plant()] });
    const service = serviceWith(table, new Keyring('a secret', 'b'));
    await service.refresh();
    expect(service.publicKeys().map(({ kid }) => kid)).toEqual(keys.rows.map(({ kid }) => kid));
    const forged = tokenOf({ ...goodHeader(), kid: attacker.kid }, goodClaims(), attacker.privatePem);
    expect(service.verify(forged, KIND)).toBeNull();
    expect(service.verify(withClaims({}), KIND)).toMatchObject({ sub: 'ada' });
  });

  it('is replaced if it takes the place of the current key, and never signs', async () => {
    const table = new FakeKeys();
    table.rows = [foreign({ period: 700 }), withOurKeyId(foreign({ period: 701 }))];
    const service = serviceWith(table, keyring);
    await service.refresh();
    expect(service.publicKeys().map(({ kid }) => kid)).toEqual(table.rows.map(({ kid }) => kid));
    expect(table.rows.map(({ kid }) => kid)).not.toContain(attacker.kid);
    const token = service.sign({ sub: 'ada' }, { ...KIND, expiresInSeconds: 60 });
    expect(service.verify(token, KIND)).toMatchObject({ sub: 'ada' });
  });

  it('is logged once, without its content', async () => {
    const planted = { ...own(), period: 699, kid: 'x'.repeat(10_000) };
    const service = serviceWith(Object.assign(new FakeKeys(), { rows: [...keys.rows, planted] }), keyring);
    const lines: unknown[] = [];
    Object.assign(service, { logger: { error: (line: unknown) => lines.push(line) } });
    for (let reads = 0; reads < 3; reads++) await service.refresh();
    expect(lines).toHaveLength(1);
    expect(JSON.stringify(lines).length).toBeLessThan(300);
  });
});

describe('keys of a secret', () => {
  const signedBy = (service: SigningService) =>
    service.sign({ sub: 'ada' }, { ...KIND, expiresInSeconds: 60 });
  const kidsOf = (service: SigningService) => service.publicKeys().map(({ kid }) => kid);

  it('are published before it is the current one, and are gone once it is not configured', async () => {
    const table = new FakeKeys();
    const services = [
      new Keyring('old'),
      new Keyring('old', undefined, 'new'),
      new Keyring('new', 'old'),
      new Keyring('new'),
    ].map((secrets) => serviceWith(table, secrets));
    const [old, oldWithNext, newWithOld, onlyNew] = services as [
      SigningService,
      SigningService,
      SigningService,
      SigningService,
    ];
    for (const service of services) await service.refresh();
    expect(kidsOf(oldWithNext)).toEqual(expect.arrayContaining([...kidsOf(old), ...kidsOf(onlyNew)]));
    expect(new Set(kidsOf(newWithOld))).toEqual(new Set(kidsOf(oldWithNext)));
    expect(table.rows).toHaveLength(4);

    const [oldToken, newToken] = [signedBy(oldWithNext), signedBy(newWithOld)];
    for (const service of [oldWithNext, newWithOld])
      for (const token of [oldToken, newToken]) expect(service.verify(token, KIND)).not.toBeNull();
    expect(onlyNew.verify(newToken, KIND)).not.toBeNull();
    expect(onlyNew.verify(oldToken, KIND)).toBeNull();
    expect(old.verify(newToken, KIND)).toBeNull();
  });

  it('are read again within ten seconds, also after the database could not be read', async () => {
    jest.useFakeTimers();
    try {
      const table = new FakeKeys();
      const service = serviceWith(table, keyring);
      await service.onModuleInit();
      const token = signedBy(service);
      const { read } = table;
      table.read = () => Promise.reject(new Error('no database'));
      await jest.advanceTimersByTimeAsync(60_000);
      expect(service.verify(token, KIND)).not.toBeNull();
      Object.assign(table, { read, rows: [] });
      await jest.advanceTimersByTimeAsync(10_000);
      expect(service.verify(token, KIND)).toBeNull();
      service.onApplicationShutdown();
      const after = signedBy(service);
      table.rows = [];
      await jest.advanceTimersByTimeAsync(10_000);
      expect(service.verify(after, KIND)).not.toBeNull();
    } finally {
      jest.useRealTimers();
    }
  });

  it('are replaced after a revocation, and their tokens are refused although they were cached', async () => {
    const table = new FakeKeys();
    const service = serviceWith(table, keyring);
    await service.refresh();
    const before = kidsOf(service);
    const token = signedBy(service);
    expect(service.verify(token, KIND)).not.toBeNull();
    table.rows = [];
    await service.refresh();
    expect(service.verify(token, KIND)).toBeNull();
    expect(kidsOf(service)).toHaveLength(2);
    expect(kidsOf(service)).not.toEqual(expect.arrayContaining([before[0]]));
    expect(service.verify(signedBy(service), KIND)).not.toBeNull();
  });
});
