import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Keyring } from '../../src/common/keyring.js';
import { signUp, type Person } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { Backend } from '../support/backend.js';
import { decode, encode, hmacSigned, signed, withChangedSignature, type Fields } from '../support/jws.js';

const ISSUER = 'https://auth.acme.test';
const AUDIENCE = 'https://api.acme.test';
const APP_SECRET = 'known to this test, so that it can sign what the server never would';
const ACCESS = 'at+jwt';
const PROOF = 'otp-proof+jwt';

const now = () => Math.floor(Date.now() / 1000);

describe('access tokens and proofs', () => {
  let app: TestApp;
  let ada: Person;
  let proof: string;
  let backend: Backend;
  /** What a forged header points to; nobody may ever ask it. */
  let lure: Server;
  let lured = 0;
  /** The server's own key, which its secret opens. */
  let ours: KeyObject;
  let header: Fields;
  let claims: Fields;
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  beforeAll(async () => {
    app = await TestApp.start({
      PUBLIC_URL: ISSUER,
      TOKEN_AUDIENCE: AUDIENCE,
      APP_SECRET,
      BCRYPT_COST: '4',
    });
    ada = await signUp(app, 'ada@example.com');
    await app.post('/otp/generate', { email: 'proof@example.com' }).expect(200);
    const otp = await app.code('proof@example.com');
    proof = (await app.post('/otp/verify', { email: 'proof@example.com', otp }).expect(200)).body.proof;

    const [head, body] = ada.accessToken.split('.');
    [header, claims] = [decode(head), decode(body)];
    const [row] = await app.sql<{ private_sealed: Uint8Array }>(
      'select private_sealed from signing_keys where kid = $1',
      [header.kid],
    );
    const sealed = Buffer.from(row?.private_sealed ?? []);
    const pem = new Keyring(APP_SECRET).open(sealed, 'signing key', header.kid as string);
    ours = createPrivateKey(pem);

    backend = await Backend.start(`${app.url}/.well-known/jwks.json`, ISSUER, AUDIENCE);
    lure = createServer((_, reply) => {
      lured++;
      reply.end(JSON.stringify({ keys: [{ ...jwkOf(stranger.publicKey), kid: 'lure', alg: 'ES256' }] }));
    });
    await once(lure.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(async () => {
    lure.close();
    backend.stop();
    await app?.stop();
  });

  const jwkOf = (key: KeyObject) => key.export({ format: 'jwk' });
  const server = (token: string) => app.get('/users/me').set('authorization', `Bearer ${token}`);
  /** Right but for what is given: signed by the server's own key. */
  const ownSigned = (ofClaims: Fields | string, ofHeader: Fields = {}) =>
    signed(
      { ...header, ...ofHeader },
      typeof ofClaims === 'string' ? ofClaims : { ...claims, ...ofClaims },
      ours,
    );

  async function expectRefusedHere(what: string, token: string): Promise<void> {
    const { status, headers, body } = await server(token);
    expect([what, status, body.code, headers['www-authenticate']]).toEqual([
      what,
      401,
      'token_invalid',
      'Bearer error="invalid_token"',
    ]);
  }

  async function expectRefused(what: string, token: string): Promise<void> {
    await expectRefusedHere(what, token);
    expect([what, await backend.answer('/', token), await backend.answer('/proof', token)]).toEqual([
      what,
      401,
      401,
    ]);
  }

  it('are checked by a backend that knows the published keys alone, each kind as what it is (V26, V27)', async () => {
    await server(ada.accessToken).expect(200);
    expect(await backend.answer('/', ada.accessToken)).toBe(200);
    expect(await backend.answer('/proof', proof)).toBe(200);
    // What this test signs with the server's key is right before it is made wrong.
    await server(ownSigned({})).expect(200);
    expect(await backend.answer('/', ownSigned({}))).toBe(200);
  });

  it('say who, in which session, with which roles, how signed in, for whom and until when (RF5)', () => {
    expect(header).toEqual({ alg: 'ES256', typ: ACCESS, kid: expect.any(String) });
    expect(claims).toEqual({
      sub: ada.user.id,
      sid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      roles: ['user'],
      amr: ['otp', 'email'],
      iss: ISSUER,
      aud: AUDIENCE,
      iat: expect.any(Number),
      exp: (claims.iat as number) + 900,
    });
    expect(Math.abs((claims.iat as number) - now())).toBeLessThan(60);
  });

  it('say how the user signed in: password, code by mail, code by SMS (RFC 8176)', async () => {
    const email = 'amr@example.com';
    const phone = '+14155550171';
    await signUp(app, email, { phone });
    const amrOf = ({ body }: { body: { accessToken: string } }) =>
      decode(body.accessToken.split('.')[1]).amr as string[];
    const { body: first } = await app
      .post('/auth/login', { email, password: 'correct horse battery staple' })
      .expect(200);
    expect(amrOf({ body: first })).toEqual(['pwd']);
    for (const [address, amr] of [
      [{ email }, ['otp', 'email']],
      [{ phone }, ['otp', 'sms']],
    ] as const) {
      const to = Object.values(address)[0] ?? '';
      const { otp } = await app.codeOf(to, () => app.post('/auth/send_otp', address).expect(201));
      const reply = await app.post('/auth/verify_otp', { ...address, otp }).expect(201);
      expect(amrOf(reply)).toEqual(amr);
      // It stays so when the tokens are renewed.
      const { refreshToken } = reply.body as { refreshToken: string };
      expect(amrOf(await app.post('/auth/refresh', { refreshToken }).expect(200))).toEqual(amr);
    }
  });

  it('are refused when nobody, the public key or a stranger signed them (J1, J2)', async () => {
    for (const [typ, token] of [
      [ACCESS, ada.accessToken],
      [PROOF, proof],
    ] as const) {
      const [head = '', body = '', signature = ''] = token.split('.');
      const [ofHeader, ofClaims] = [decode(head), decode(body)];
      const spki = createPublicKey(ours);
      const jwks = (await app.get('/.well-known/jwks.json')).body as { keys: Fields[] };
      const jwk = jwks.keys.find(({ kid }) => kid === ofHeader.kid);
      const pem = spki.export({ type: 'spki', format: 'pem' }) as string;
      const unsigned = (alg: string, tail = '') => `${encode({ ...ofHeader, alg })}.${body}.${tail}`;
      const forgeries: Record<string, string> = {
        'alg none': unsigned('none'),
        'alg none and the true signature': unsigned('none', signature),
        'alg None': unsigned('None'),
        'alg NONE': unsigned('NONE', signature),
        'no alg': `${encode({ typ, kid: ofHeader.kid })}.${body}.${signature}`,
        'an empty signature': `${head}.${body}.`,
        'no signature': `${head}.${body}`,
        'a signature of zeros': `${head}.${body}.${Buffer.alloc(64).toString('base64url')}`,
        'a changed signature': withChangedSignature(token),
        'a changed subject': `${head}.${encode({ ...ofClaims, sub: 'someone else' })}.${signature}`,
        "a stranger's signature under our kid": signed(ofHeader, ofClaims, stranger.privateKey),
        'ES384 by our kid': signed({ ...ofHeader, alg: 'ES384' }, ofClaims, ours, 'sha384'),
        'a DER signature': `${head}.${body}.${sign('sha256', Buffer.from(`${head}.${body}`), ours).toString('base64url')}`,
        'five parts': `${head}.${body}.${signature}.${signature}.${signature}`,
        nothing: '..',
        rubbish: 'rubbish',
      };
      for (const alg of ['HS256', 'HS384', 'HS512'])
        Object.assign(forgeries, {
          [`${alg} by the public key as PEM`]: hmacSigned(alg, ofHeader, ofClaims, pem),
          [`${alg} by the public key as DER`]: hmacSigned(
            alg,
            ofHeader,
            ofClaims,
            spki.export({ type: 'spki', format: 'der' }),
          ),
          [`${alg} by the public key as JWK`]: hmacSigned(alg, ofHeader, ofClaims, JSON.stringify(jwk)),
          [`${alg} by an empty secret`]: hmacSigned(alg, ofHeader, ofClaims, ''),
        });
      for (const [what, forgery] of Object.entries(forgeries))
        await expectRefused(`${typ}: ${what}`, forgery);
    }
  });

  it('name a key of ours or none: kid is no path, no SQL, no address, and nothing else in a header counts (J3, RF6)', async () => {
    const jku = `http://127.0.0.1:${(lure.address() as AddressInfo).port}/jwks.json`;
    const kids = [
      'lure',
      '../../dev/null',
      '/dev/null',
      "' or 1=1 --",
      "' union select public_jwk from signing_keys --",
      jku,
      '__proto__',
      'constructor',
      '',
      0,
      null,
      true,
      ['lure'],
      { kid: header.kid },
      'a'.repeat(4_000),
    ];
    for (const kid of kids) {
      const what = `kid ${JSON.stringify(kid)?.slice(0, 40)}`;
      await expectRefused(`${what}, a stranger`, signed({ ...header, kid }, claims, stranger.privateKey));
      await expectRefused(`${what}, no secret`, hmacSigned('HS256', { ...header, kid }, claims, ''));
      await expectRefused(`${what}, our key`, ownSigned({}, { kid }));
    }
    await expectRefused('no kid', ownSigned({}, { kid: undefined }));

    const additions: Fields[] = [
      { jku },
      { x5u: jku },
      { jwk: jwkOf(stranger.publicKey) },
      { x5c: ['MIIB'] },
      { crit: ['exp'] },
      { crit: ['b64'], b64: false },
      { crit: ['unheard-of'], 'unheard-of': 1 },
    ];
    for (const more of additions) {
      const what = `${Object.keys(more).join()} in the header`;
      const strangers = { ...header, ...more };
      await expectRefused(`${what}, a stranger`, signed(strangers, claims, stranger.privateKey));
      await expectRefused(
        `${what}, a stranger, no kid`,
        signed({ ...strangers, kid: undefined }, claims, stranger.privateKey),
      );
      // Even by our own key: a token of ours never says such a thing.
      await expectRefusedHere(`${what}, our key`, ownSigned({}, more));
    }
    expect(lured).toBe(0);
  });

  it('are refused by whom, for whom and as what they were not made (J6, V27)', async () => {
    const others: [string, string][] = [
      ['another audience', ownSigned({ aud: 'https://other.acme.test' })],
      ['no audience', ownSigned({ aud: undefined })],
      ['another issuer', ownSigned({ iss: 'https://evil.acme.test' })],
      ['the issuer with a slash', ownSigned({ iss: `${ISSUER}/` })],
      ['no issuer', ownSigned({ iss: undefined })],
      ['typ JWT', ownSigned({}, { typ: 'JWT' })],
      ['no typ', ownSigned({}, { typ: undefined })],
      ['typ as a list', ownSigned({}, { typ: [ACCESS] })],
      ['a refresh token', ada.refreshToken],
      ['a device token', ada.deviceToken],
      ['two audiences as JSON keys', ownSigned(duplicateKey(claims, 'aud', 'https://other.acme.test'))],
    ];
    for (const [what, token] of others) await expectRefused(what, token);
    await expectRefusedHere('a proof as an access token', proof);
    expect(await backend.answer('/', proof)).toBe(401);
    expect(await backend.answer('/proof', ada.accessToken)).toBe(401);
    // The user of another session, and a session of nobody.
    const eve = await signUp(app, 'eve@example.com');
    await expectRefusedHere("another user's session", ownSigned({ sub: eve.user.id }));
    await expectRefusedHere('no session', ownSigned({ sid: '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001' }));
  });

  it('end, begin and are dated as numbers (J4)', async () => {
    const late = now() + 900;
    const rests: [string, string][] = [
      ['expired', ownSigned({ iat: now() - 1_000, exp: now() - 100 })],
      ['expired in 1970', ownSigned({ exp: 0 })],
      ['before the beginning of time', ownSigned({ exp: -1 })],
      ['not valid yet', ownSigned({ nbf: now() + 600 })],
      ['no end', ownSigned({ exp: undefined })],
      ['an end of null', ownSigned({ exp: null })],
      ['an end as text', ownSigned({ exp: String(late) })],
      ['an end with a fraction', ownSigned({ exp: late + 0.5 })],
      ['an end in a list', ownSigned({ exp: [late] })],
      ['an end at 1e400', ownSigned(JSON.stringify({ ...claims, exp: 0 }).replace('"exp":0', '"exp":1e400'))],
    ];
    for (const [what, token] of rests) await expectRefused(what, token);
    await expectRefusedHere('not dated', ownSigned({ iat: undefined }));
    await expectRefusedHere('dated tomorrow', ownSigned({ iat: now() + 86_400, exp: now() + 90_000 }));
    await expectRefusedHere('a beginning as text', ownSigned({ nbf: 'soon' }));
  });

  it('bear clocks that differ by half a minute, not by two (J7)', async () => {
    const at = (seconds: number) => ({ iat: now() + seconds, nbf: now() + seconds });
    await server(ownSigned(at(25))).expect(200);
    await server(ownSigned({ exp: now() - 25 })).expect(200);
    await expectRefusedHere('from two minutes ahead', ownSigned(at(120)));
    await expectRefusedHere('dated two minutes ahead', ownSigned({ iat: now() + 120 }));
    await expectRefusedHere('over for two minutes', ownSigned({ exp: now() - 120 }));
    await expectRefusedHere('over for 35 seconds', ownSigned({ exp: now() - 35 }));
  });

  it('come in the Authorization header as Bearer and nowhere else (V26)', async () => {
    const token = ada.accessToken;
    const call = (value: string) => app.get('/users/me').set('authorization', value);
    for (const value of [`bearer ${token}`, `BEARER  ${token}`]) await call(value).expect(200);
    for (const value of [
      token,
      `Basic ${token}`,
      `Token ${token}`,
      `Bearer${token}`,
      `Bearer ${token},${token}`,
      `Bearer "${token}"`,
      `Bearer ${token} ${token}`,
    ])
      await call(value).expect(401);
    await app.get(`/users/me?access_token=${token}`).expect(401);
    await app.get('/users/me').set('cookie', `access_token=${token}; token=${token}`).expect(401);
    const { headers } = await app.get('/users/me').expect(401);
    expect(headers['www-authenticate']).toMatch(/^Bearer/);
    expect(app.log).not.toContain(token);
  });
});

/** The same name twice, the last of which counts for one reader and the first for another. */
function duplicateKey(claims: Fields, name: string, last: string): string {
  return `${JSON.stringify(claims).slice(0, -1)},"${name}":"${last}"}`;
}
