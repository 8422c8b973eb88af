import { randomBytes } from 'node:crypto';
import { newId } from '../common/random.js';
import { readToken, writeToken } from './opaque-token.js';

const SECRET_BYTES = 32;

export function createDeviceToken(): { id: string; token: string } {
  const id = newId();
  return { id, token: writeToken(id, randomBytes(SECRET_BYTES)) };
}

/**
 * The device that a token names, or null when the token is malformed. The secret is not checked
 * here.
 */
export function deviceIdOf(token: string | undefined): string | null {
  return token === undefined ? null : (readToken(token, SECRET_BYTES)?.id ?? null);
}
