import { randomBytes } from 'node:crypto';
import type { Keyring } from '../common/keyring.js';
import { newId } from '../common/random.js';
import { readToken, writeToken } from './opaque-token.js';

const SECRET_BYTES = 32;

export function createDeviceToken(): { id: string; token: string } {
  const id = newId();
  return { id, token: writeToken(id, randomBytes(SECRET_BYTES)) };
}

/**
 * The tokens that can replace a token at a sign-in: one per accepted `APP_SECRET`, the current one
 * first. They are derived, so that parallel sign-ins with one token can all return the same next
 * one although only hashes are stored.
 */
export function deriveNextTokens(
  keyring: Keyring,
  { id, token, salt }: { id: string; token: string; salt: string },
): string[] {
  return keyring.acceptedMacs('next device token', token, salt).map((secret) => writeToken(id, secret));
}

/**
 * The device that a token names, or null when the token is malformed. The secret is not checked
 * here.
 */
export function deviceIdOf(token: string | undefined): string | null {
  return token === undefined ? null : (readToken(token, SECRET_BYTES)?.id ?? null);
}
