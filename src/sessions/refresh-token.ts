import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Keyring } from '../common/keyring.js';
import { readToken, writeToken } from './opaque-token.js';

const SECRET_BYTES = 32;
const TAG_BYTES = 16;

export interface RefreshToken {
  sessionId: string;
  /**
   * Whether this server made it, according to its tag. It may be any token of the session, also a
   * rotated one.
   */
  isGenuine: boolean;
}

/**
 * The first token of a session: the session's id, a random secret, and a tag, which is a MAC of
 * both.
 */
export function createRefreshToken(keyring: Keyring, sessionId: string): string {
  const secret = randomBytes(SECRET_BYTES);
  return writeToken(sessionId, secret, truncate(keyring.mac(...tagInput(sessionId, secret))));
}

/** Null when the token does not have the format of a refresh token. */
export function readRefreshToken(keyring: Keyring, token: string): RefreshToken | null {
  const read = readToken(token, SECRET_BYTES + TAG_BYTES);
  if (!read) return null;
  const { id: sessionId, secret: secretAndTag } = read;
  const secret = secretAndTag.subarray(0, SECRET_BYTES);
  const presentedTag = secretAndTag.subarray(SECRET_BYTES);
  const isGenuine = keyring
    .acceptedMacs(...tagInput(sessionId, secret))
    .some((mac) => timingSafeEqual(truncate(mac), presentedTag));
  return { sessionId, isGenuine };
}

/**
 * The tokens that can replace a token: one per accepted `APP_SECRET`, the current one first. They
 * are derived from the token and a stored salt, not random, so that parallel refreshes of one token
 * all return the same successor although only hashes are stored. Deriving them needs the
 * `APP_SECRET`. Another salt gives another successor, which a retry needs.
 */
export function deriveSuccessors(
  keyring: Keyring,
  { sessionId, token, salt }: { sessionId: string; token: string; salt: string },
): string[] {
  return keyring.acceptedMacs('refresh successor', token, salt).flatMap((secret, index) => {
    const mac = keyring.acceptedMacs(...tagInput(sessionId, secret))[index];
    return mac ? [writeToken(sessionId, secret, truncate(mac))] : [];
  });
}

function tagInput(sessionId: string, secret: Buffer): string[] {
  return ['refresh tag', sessionId, secret.toString('base64url')];
}

function truncate(mac: Buffer): Buffer {
  return mac.subarray(0, TAG_BYTES);
}
