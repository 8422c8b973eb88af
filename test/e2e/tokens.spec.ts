import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { signUp, type Person } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { Backend } from '../support/backend.js';
import { decode, encode, hmacSigned, signed, withChangedSignature, type Fields } from '../support/jws.js';
import { signingKeyOf } from '../support/signing-key.js';

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
  /** The key server that forged headers point to. It must never receive a request. */
  let decoy: Server;
  let decoyRequests = 0;
  /** The server's private key, decrypted with APP_SECRET. */
  let serverKey: KeyObject;
  let header: Fields;
  let claims: Fields;
  const foreignKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });

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
    serverKey = await signingKeyOf(app, APP_SECRET, ada.accessToken);

    backend = await Backend.start(`${app.url}/.well-known/jwks.json`, ISSUER, AUDIENCE);
    decoy = createServer((_, reply) => {
      decoyRequests++;
      reply.end(JSON.stringify({ keys: [{ ...jwkOf(foreignKey.publicKey), kid: 'lure', alg: 'ES256' }] }));
    });
    await once(decoy.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(async () => {
    decoy.close();
    backend.stop();
    await app?.stop();
  });

  const jwkOf = (key: KeyObject) => key.export({ format: 'jwk' });
  const callServer = (token: string) => app.get('/users/me').set('authorization', `Bearer ${token}`);
  /** A token with the given changes, signed with the server's own key. */
  const signedByServer = (claimChanges: Fields | string, headerChanges: Fields = {}) =>
    signed(
      { ...header, ...headerChanges },
      typeof claimChanges === 'string' ? claimChanges : { ...claims, ...claimChanges },
      serverKey,
    );

  async function expectRefusedByServer(label: string, token: string): Promise<void> {
    const { status, headers, body } = await callServer(token);
    expect([label, status, body.code, headers['www-authenticate']]).toEqual([
      label,
      401,
      'token_invalid',
      'Bearer error="invalid_token"',
    ]);
  }

  async function expectRefused(label: string, token: string): Promise<void> {
    await expectRefusedByServer(label, token);
    expect([label, await backend.answer('/', token), await backend.answer('/proof', token)]).toEqual([
      label,
      401,
      401,
    ]);
  }

  it('lets a backend verify both kinds with only the published keys', async () => {
    await callServer(ada.accessToken).expect(200);
    expect(await backend.answer('/', ada.accessToken)).toBe(200);
    expect(await backend.answer('/proof', proof)).toBe(200);
    // An unchanged token signed by this test is valid, so the tests below fail for their changes.
    await callServer(signedByServer({})).expect(200);
    expect(await backend.answer('/', signedByServer({}))).toBe(200);
  });

  it('includes subject, session, roles, authentication method, issuer, audience and lifetime', () => {
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

  it('states the authentication method: password, code by mail or code by SMS (RFC 8176)', async () => {
    const email = 'amr@example.com';
    const phone = '+14155550171';
    await signUp(app, email, { phone });
    const amrOf = ({ body }: { body: { accessToken: string } }) =>
      decode(body.accessToken.split('.')[1]).amr as string[];
    const { body: first } = await app
      .post('/auth/login', { email, password: 'correct horse battery staple' })
      .expect(200);
    expect(amrOf({ body: first })).toEqual(['pwd']);
    // The device token is evidence of the account that claims the number.
    for (const [address, amr, device] of [
      [{ email }, ['otp', 'email'], ''],
      [{ phone }, ['otp', 'sms'], first.deviceToken as string],
    ] as const) {
      const to = Object.values(address)[0] ?? '';
      const { otp } = await app.codeOf(to, () => app.post('/auth/send_otp', address).expect(201));
      const reply = await app
        .post('/auth/verify_otp', { ...address, otp })
        .set('x-device-token', device)
        .expect(201);
      expect(amrOf(reply)).toEqual(amr);
      // A refresh keeps the authentication method.
      const { refreshToken } = reply.body as { refreshToken: string };
      expect(amrOf(await app.post('/auth/refresh', { refreshToken }).expect(200))).toEqual(amr);
    }
  });

  it("rejects tokens without a valid signature by the server's key", async () => {
    for (const [typ, token] of [
      [ACCESS, ada.accessToken],
      [PROOF, proof],
    ] as const) {
      const [head = '', body = '', signature = ''] = token.split('.');
      const [originalHeader, originalClaims] = [decode(head), decode(body)];
      const spki = createPublicKey(serverKey);
      const jwks = (await app.get('/.well-known/jwks.json')).body as { keys: Fields[] };
      const jwk = jwks.keys.find(({ kid }) => kid === originalHeader.kid);
      const pem = spki.export({ type: 'spki', format: 'pem' }) as string;
      const unsigned = (alg: string, tail = '') => `${encode({ ...originalHeader, alg })}.${body}.${tail}`;
      const forgeries: Record<string, string> = {
        'alg none': unsigned('none'),
        'alg none and the true signature': unsigned('none', signature),
        'alg None': unsigned('None'),
        'alg NONE': unsigned('NONE', signature),
        'no alg': `${encode({ typ, kid: originalHeader.kid })}.${body}.${signature}`,
        'an empty signature': `${head}.${body}.`,
        'no signature': `${head}.${body}`,
        'a signature of zeros': `${head}.${body}.${Buffer.alloc(64).toString('base64url')}`,
        'a changed signature': withChangedSignature(token),
        'a changed subject': `${head}.${encode({ ...originalClaims, sub: 'someone else' })}.${signature}`,
        "a stranger's signature under our kid": signed(originalHeader, originalClaims, foreignKey.privateKey),
        'ES384 by our kid': signed({ ...originalHeader, alg: 'ES384' }, originalClaims, serverKey, 'sha384'),
        'a DER signature': `${head}.${body}.${sign('sha256', Buffer.from(`${head}.${body}`), serverKey).toString('base64url')}`,
        'five parts': `${head}.${body}.${signature}.${signature}.${signature}`,
        nothing: '..',
        rubbish: 'rubbish',
      };
      for (const alg of ['HS256', 'HS384', 'HS512'])
        Object.assign(forgeries, {
          [`${alg} by the public key as PEM`]: hmacSigned(alg, originalHeader, originalClaims, pem),
          [`${alg} by the public key as DER`]: hmacSigned(
            alg,
            originalHeader,
            originalClaims,
            spki.export({ type: 'spki', format: 'der' }),
          ),
          [`${alg} by the public key as JWK`]: hmacSigned(
            alg,
            originalHeader,
            originalClaims,
            JSON.stringify(jwk),
          ),
          [`${alg} by an empty secret`]: hmacSigned(alg, originalHeader, originalClaims, ''),
        });
      for (const [label, forgery] of Object.entries(forgeries))
        await expectRefused(`${typ}: ${label}`, forgery);
    }
  });

  it('rejects an unknown kid or unexpected header parameters and fetches no URL they contain', async () => {
    const jku = `http://127.0.0.1:${(decoy.address() as AddressInfo).port}/jwks.json`;
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
      const label = `kid ${JSON.stringify(kid)?.slice(0, 40)}`;
      await expectRefused(`${label}, foreign key`, signed({ ...header, kid }, claims, foreignKey.privateKey));
      await expectRefused(`${label}, no secret`, hmacSigned('HS256', { ...header, kid }, claims, ''));
      await expectRefused(`${label}, our key`, signedByServer({}, { kid }));
    }
    await expectRefused('no kid', signedByServer({}, { kid: undefined }));

    const additions: Fields[] = [
      { jku },
      { x5u: jku },
      { jwk: jwkOf(foreignKey.publicKey) },
      { x5c: ['MIIB'] },
      { crit: ['exp'] },
      { crit: ['b64'], b64: false },
      { crit: ['unheard-of'], 'unheard-of': 1 },
    ];
    for (const addition of additions) {
      const label = `${Object.keys(addition).join()} in the header`;
      const changedHeader = { ...header, ...addition };
      await expectRefused(`${label}, foreign key`, signed(changedHeader, claims, foreignKey.privateKey));
      await expectRefused(
        `${label}, foreign key, no kid`,
        signed({ ...changedHeader, kid: undefined }, claims, foreignKey.privateKey),
      );
      // Rejected even when signed with our key, because our tokens never have these headers.
      await expectRefusedByServer(`${label}, our key`, signedByServer({}, addition));
    }
    expect(decoyRequests).toBe(0);
  });

  it('rejects tokens with another audience, issuer, type or session', async () => {
    const invalidTokens: [string, string][] = [
      ['another audience', signedByServer({ aud: 'https://other.acme.test' })],
      ['no audience', signedByServer({ aud: undefined })],
      ['another issuer', signedByServer({ iss: 'https://evil.acme.test' })],
      ['the issuer with a slash', signedByServer({ iss: `${ISSUER}/` })],
      ['no issuer', signedByServer({ iss: undefined })],
      ['typ JWT', signedByServer({}, { typ: 'JWT' })],
      ['no typ', signedByServer({}, { typ: undefined })],
      ['typ as a list', signedByServer({}, { typ: [ACCESS] })],
      ['a refresh token', ada.refreshToken],
      ['a device token', ada.deviceToken],
      ['two audiences as JSON keys', signedByServer(duplicateKey(claims, 'aud', 'https://other.acme.test'))],
    ];
    for (const [label, token] of invalidTokens) await expectRefused(label, token);
    await expectRefusedByServer('a proof as an access token', proof);
    expect(await backend.answer('/', proof)).toBe(401);
    expect(await backend.answer('/proof', ada.accessToken)).toBe(401);
    // A session of another user, and a session that does not exist.
    const eve = await signUp(app, 'eve@example.com');
    await expectRefusedByServer("another user's session", signedByServer({ sub: eve.user.id }));
    await expectRefusedByServer(
      'no session',
      signedByServer({ sid: '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001' }),
    );
  });

  it('gives a token the roles of its user, whatever roles the token carries', async () => {
    const forged = signedByServer({ roles: ['user', 'admin'] });
    const getUsers = (token: string) => app.get('/users').set('authorization', `Bearer ${token}`);
    await callServer(forged).expect(200);
    await getUsers(forged).expect(403);
    const setRoles = (roles: string) =>
      app.sql(`update users set roles = $1::text[] where id = $2`, [roles, ada.user.id]);
    await setRoles('{user,admin}');
    await getUsers(signedByServer({ roles: [] })).expect(200);
    await setRoles('{user}');
    await getUsers(forged).expect(403);
  });

  it('rejects the token of a disabled user even if the session was not ended', async () => {
    const { user, accessToken } = await signUp(app, 'disabled@example.com');
    await app.sql('update users set disabled_at = now() where id = $1', [user.id]);
    await expectRefusedByServer('disabled', accessToken);
    await app.sql('update users set disabled_at = null where id = $1', [user.id]);
    await callServer(accessToken).expect(200);
  });

  it('rejects tokens that are expired, not yet valid or have malformed dates', async () => {
    const future = now() + 900;
    const invalidTokens: [string, string][] = [
      ['expired', signedByServer({ iat: now() - 1_000, exp: now() - 100 })],
      ['expired in 1970', signedByServer({ exp: 0 })],
      ['negative exp', signedByServer({ exp: -1 })],
      ['not valid yet', signedByServer({ nbf: now() + 600 })],
      ['no exp', signedByServer({ exp: undefined })],
      ['null exp', signedByServer({ exp: null })],
      ['exp as a string', signedByServer({ exp: String(future) })],
      ['fractional exp', signedByServer({ exp: future + 0.5 })],
      ['exp in an array', signedByServer({ exp: [future] })],
      ['exp 1e400', signedByServer(JSON.stringify({ ...claims, exp: 0 }).replace('"exp":0', '"exp":1e400'))],
    ];
    for (const [label, token] of invalidTokens) await expectRefused(label, token);
    await expectRefusedByServer('no iat', signedByServer({ iat: undefined }));
    await expectRefusedByServer('iat tomorrow', signedByServer({ iat: now() + 86_400, exp: now() + 90_000 }));
    await expectRefusedByServer('nbf as a string', signedByServer({ nbf: 'soon' }));
  });

  it('tolerates 25 seconds of clock skew, but not 35 seconds', async () => {
    const at = (seconds: number) => ({ iat: now() + seconds, nbf: now() + seconds });
    await callServer(signedByServer(at(25))).expect(200);
    await callServer(signedByServer({ exp: now() - 25 })).expect(200);
    await expectRefusedByServer('iat and nbf two minutes ahead', signedByServer(at(120)));
    await expectRefusedByServer('iat two minutes ahead', signedByServer({ iat: now() + 120 }));
    await expectRefusedByServer('expired for two minutes', signedByServer({ exp: now() - 120 }));
    await expectRefusedByServer('expired for 35 seconds', signedByServer({ exp: now() - 35 }));
  });

  it('accepts access tokens only as bearer tokens in the Authorization header', async () => {
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

/** JSON with a duplicate key. Some parsers use the first value, others the last. */
function duplicateKey(claims: Fields, name: string, last: string): string {
  return `${JSON.stringify(claims).slice(0, -1)},"${name}":"${last}"}`;
}
