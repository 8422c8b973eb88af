import { createHash, randomInt } from 'node:crypto';

/** `crypto.randomInt` is a CSPRNG without bias, so every code of this length is equally likely. */
export function generateCode(length: number): string {
  return randomInt(10 ** length)
    .toString()
    .padStart(length, '0');
}

/**
 * SHA-256 of the canonical JSON (RFC 8785) of the context, in base64url. The order of names does not
 * matter. For a flat object of strings, canonical JSON is `JSON.stringify` with sorted names.
 */
export function contextDigest(context: Record<string, string>): string {
  const sorted = Object.fromEntries(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1)));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('base64url');
}
