import { createHash, randomInt } from 'node:crypto';

/** A code of so many decimal digits, each equally likely, leading zeros kept (`crypto.randomInt`, a CSPRNG). */
export function generateCode(length: number): string {
  return randomInt(10 ** length)
    .toString()
    .padStart(length, '0');
}

/**
 * SHA-256 in base64url over the context as canonical JSON (RFC 8785; for a flat object of strings that is
 * `JSON.stringify` with sorted keys), so that the order of keys does not matter and every other change does.
 */
export function contextDigest(context: Record<string, string>): string {
  const sorted = Object.fromEntries(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1)));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('base64url');
}
