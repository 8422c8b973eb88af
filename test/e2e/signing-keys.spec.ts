import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { Keyring } from '../../src/common/keyring.js';
import { publicJwkOf, thumbprint } from '../../src/signing/key-pair.js';
import { logIn, signUp, type Person } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { decode, signed } from '../support/jws.js';
import type { SigningKeyRow } from '../support/signing-key.js';
import { until } from '../support/until.js';

describe('signing keys', () => {
  let app: TestApp;
  let ada: Person;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4', APP_SECRET: 'known to the server' });
    ada = await signUp(app, 'ada@example.com');
  });
  afterAll(() => app?.stop());

  const keySet = async () => (await app.get('/.well-known/jwks.json').expect(200)).body as object;

  it('may be cached by other backends for five minutes', async () => {
    const { headers } = await app.get('/.well-known/jwks.json').expect(200);
    expect(headers['cache-control']).toBe('public, max-age=300');
  });

  it('do not include a row that somebody without the secret has written to the database', async () => {
    const before = await keySet();
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const kid = thumbprint(publicJwkOf(createPublicKey(privateKey)));
    const [own] = await app.sql<SigningKeyRow>('select * from signing_keys order by period');
    if (!own) throw new Error('no key');
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    const sealed = new Keyring('a guess').seal(pem, 'signing key', String(own.period), own.secret_id, kid);
    const ownId = Buffer.from(own.private_sealed).subarray(0, 4);
    const planted: [number, string, Uint8Array][] = [
      // A new key, a copy of the server's own key in another period, and a key of a later period.
      [own.period - 1, kid, Buffer.concat([ownId, sealed.subarray(4)])],
      [own.period + 2, own.kid, own.private_sealed],
      [own.period + 3, kid, sealed],
    ];
    for (const [period, id, value] of planted)
      await app.sql(
        'insert into signing_keys (period, secret_id, kid, private_sealed) values ($1, $2, $3, $4)',
        [period, own.secret_id, id, value],
      );

    const [, claims] = ada.accessToken.split('.').map((part, i) => (i < 2 ? decode(part) : {}));
    const forged = signed(
      { alg: 'ES256', typ: 'at+jwt', kid },
      { ...claims, roles: ['user', 'admin'] },
      privateKey,
    );
    // A token with an unknown key id makes the server read the keys.
    for (const path of ['/users/me', '/users'])
      await app.get(path).set('authorization', `Bearer ${forged}`).expect(401);
    expect(await keySet()).toEqual(before);
    await ada.get('/users/me').expect(200);
    expect(app.log.match(/was not written by this server/g)).toHaveLength(1);
    expect(app.log).toContain(kid);
  });

  it('are replaced when somebody without the secret has changed their rows', async () => {
    const before = await app.sql<SigningKeyRow>('select * from signing_keys order by period, secret_id');
    await app.sql(`update signing_keys set kid = 'changed'`);
    // The server reads the keys every few seconds.
    await until('the old key is refused', async () => (await ada.get('/users/me')).status === 401);
    const { accessToken } = await logIn(app, ada.email);
    await app.get('/users/me').set('authorization', `Bearer ${accessToken}`).expect(200);
    const { keys } = (await keySet()) as { keys: { kid: string }[] };
    expect(keys).toHaveLength(2);
    const kids = keys.map(({ kid }) => kid);
    expect(kids).toContain(decode(accessToken.split('.')[0]).kid);
    expect(kids.filter((kid) => kid === 'changed' || before.some((row) => row.kid === kid))).toEqual([]);
  });
});
