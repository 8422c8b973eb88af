import { parse, stringify } from 'uuid';

const ID_BYTES = 16;

/** A token that names its row: base64url of the row's UUID followed by secret bytes. */
export function writeToken(id: string, ...secret: Buffer[]): string {
  return Buffer.concat([parse(id), ...secret]).toString('base64url');
}

/**
 * Null unless the token is a UUID followed by `secretBytes` bytes, in exactly the encoding that
 * `writeToken` produces.
 */
export function readToken(token: string, secretBytes: number): { id: string; secret: Buffer } | null {
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length !== ID_BYTES + secretBytes || bytes.toString('base64url') !== token) return null;
  try {
    return { id: stringify(bytes), secret: bytes.subarray(ID_BYTES) };
  } catch {
    return null;
  }
}
