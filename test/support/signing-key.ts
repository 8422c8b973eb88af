import { createPrivateKey, type KeyObject } from 'node:crypto';
import { Keyring } from '../../src/common/keyring.js';
import type { TestApp } from './app.js';
import { decode, signed, type Fields } from './jws.js';

export interface SigningKeyRow {
  period: number;
  secret_id: string;
  kid: string;
  private_sealed: Uint8Array;
}

/** What somebody with a dump and its APP_SECRET can do. */
export function openSigningKey(secret: string, row: SigningKeyRow): KeyObject {
  const boundTo = ['signing key', String(row.period), row.secret_id, row.kid];
  return createPrivateKey(new Keyring(secret).open(Buffer.from(row.private_sealed), ...boundTo));
}

/** The private key that the server signed a token with, decrypted with its APP_SECRET. */
export async function signingKeyOf(app: TestApp, secret: string, token: string): Promise<KeyObject> {
  const { kid } = decode(token.split('.')[0]);
  const [row] = await app.sql<SigningKeyRow>('select * from signing_keys where kid = $1', [kid]);
  if (!row) throw new Error('the server has no such key');
  return openSigningKey(secret, row);
}

/** The token as if it had been signed earlier. Its `iat` and `exp` move into the past. */
export function agedToken(token: string, key: KeyObject, seconds: number, changes: Fields = {}): string {
  const [header, body] = token.split('.').map((part) => (part.startsWith('eyJ') ? decode(part) : {}));
  const { iat, exp } = body as { iat: number; exp: number };
  return signed(header ?? {}, { ...body, iat: iat - seconds, exp: exp - seconds, ...changes }, key);
}
