import { timingSafeEqual } from 'node:crypto';
import type { Keyring } from '../common/keyring.js';
import { readToken, writeToken } from '../sessions/opaque-token.js';

const MAC_BYTES = 16;

/**
 * The token of an undo link: the id of the contact change and a MAC of it. Nothing secret is stored,
 * so the same link can be sent again.
 */
export function createUndoToken(keyring: Keyring, changeId: string): string {
  return writeToken(changeId, truncate(keyring.mac('undo', changeId)));
}

/** The id of the contact change. Null if this server did not make the token. */
export function readUndoToken(keyring: Keyring, token: string): string | null {
  const read = readToken(token, MAC_BYTES);
  if (!read) return null;
  const { id, secret: presented } = read;
  const isGenuine = keyring.acceptedMacs('undo', id).some((mac) => timingSafeEqual(truncate(mac), presented));
  return isGenuine ? id : null;
}

function truncate(mac: Buffer): Buffer {
  return mac.subarray(0, MAC_BYTES);
}
