import { createPrivateKey, type KeyObject } from 'node:crypto';
import { Keyring } from '../../src/common/keyring.js';
import type { TestApp } from './app.js';
import { decode, signed, type Fields } from './jws.js';

/** The private key that the server signed a token with, decrypted with its APP_SECRET. */
export async function signingKeyOf(app: TestApp, secret: string, token: string): Promise<KeyObject> {
  const { kid } = decode(token.split('.')[0]);
  const [row] = await app.sql<{ private_sealed: Uint8Array }>(
    'select private_sealed from signing_keys where kid = $1',
    [kid],
  );
  const sealed = Buffer.from(row?.private_sealed ?? []);
  return createPrivateKey(new Keyring(secret).open(sealed, 'signing key', kid as string));
}

/** The token as if it had been signed earlier. Its `iat` and `exp` move into the past. */
export function agedToken(token: string, key: KeyObject, seconds: number, changes: Fields = {}): string {
  const [header, body] = token.split('.').map((part) => (part.startsWith('eyJ') ? decode(part) : {}));
  const { iat, exp } = body as { iat: number; exp: number };
  return signed(header ?? {}, { ...body, iat: iat - seconds, exp: exp - seconds, ...changes }, key);
}
