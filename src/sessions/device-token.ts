import { randomBytes } from 'node:crypto';
import { newId } from '../common/random.js';
import { readToken, writeToken } from './opaque-token.js';

const SECRET_BYTES = 32;

export function createDeviceToken(): { id: string; token: string } {
  const id = newId();
  return { id, token: writeToken(id, randomBytes(SECRET_BYTES)) };
}

/** The device that a token claims to be of, or null when it cannot be one of ours. */
export function deviceIdOf(token: string | undefined): string | null {
  return token === undefined ? null : (readToken(token, SECRET_BYTES)?.id ?? null);
}
