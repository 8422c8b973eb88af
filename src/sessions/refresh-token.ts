import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Keyring } from '../common/keyring.js';
import { readToken, writeToken } from './opaque-token.js';

const SECRET_BYTES = 32;
const TAG_BYTES = 16;

export interface RefreshToken {
  sessionId: string;
  /** We made it: known by its tag, without knowing which of a session's tokens it is. */
  isGenuine: boolean;
}

/** The first token of a session: its id, a random secret, and a tag that only we can make. */
export function createRefreshToken(keyring: Keyring, sessionId: string): string {
  const secret = randomBytes(SECRET_BYTES);
  return writeToken(sessionId, secret, tag(keyring.mac(...tagged(sessionId, secret))));
}

/** Null when it has not the form of a refresh token. */
export function readRefreshToken(keyring: Keyring, token: string): RefreshToken | null {
  const read = readToken(token, SECRET_BYTES + TAG_BYTES);
  if (!read) return null;
  const { id: sessionId, proof } = read;
  const shown = proof.subarray(SECRET_BYTES);
  const isOurs = keyring
    .acceptedMacs(...tagged(sessionId, proof.subarray(0, SECRET_BYTES)))
    .some((mac) => timingSafeEqual(tag(mac), shown));
  return { sessionId, isGenuine: isOurs };
}

/**
 * What a token is renewed to, under each accepted secret, the current one first. Derived instead of random, so that
 * parallel refreshes of one token all give the same successor although only hashes are stored. Nobody without our
 * secret can derive it from the token.
 */
export function deriveSuccessors(keyring: Keyring, sessionId: string, token: string): string[] {
  return keyring.acceptedMacs('refresh successor', token).flatMap((secret, index) => {
    const mac = keyring.acceptedMacs(...tagged(sessionId, secret))[index];
    return mac ? [writeToken(sessionId, secret, tag(mac))] : [];
  });
}

function tagged(sessionId: string, secret: Buffer): string[] {
  return ['refresh tag', sessionId, secret.toString('base64url')];
}

function tag(mac: Buffer): Buffer {
  return mac.subarray(0, TAG_BYTES);
}
