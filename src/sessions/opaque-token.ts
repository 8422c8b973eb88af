import { parse, stringify } from 'uuid';

const ID_BYTES = 16;

/** A token that says which row it belongs to: base64url of the row's uuid and of what proves the right to it. */
export function writeToken(id: string, ...proof: Buffer[]): string {
  return Buffer.concat([parse(id), ...proof]).toString('base64url');
}

/** Null when it is not a uuid and so many bytes, or spelt in another way than `writeToken` does. */
export function readToken(token: string, proofBytes: number): { id: string; proof: Buffer } | null {
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length !== ID_BYTES + proofBytes || bytes.toString('base64url') !== token) return null;
  try {
    return { id: stringify(bytes), proof: bytes.subarray(ID_BYTES) };
  } catch {
    return null;
  }
}
