import { createHash, timingSafeEqual } from 'node:crypto';

/** SHA-256. Enough to store random tokens, which cannot be guessed from their hash. */
export function sha256(value: string | Buffer): Buffer {
  return createHash('sha256').update(value).digest();
}

/** Compares secrets in constant time. Digests have one length, so nothing about the length leaks. */
export function equalSecrets(a: string | Buffer, b: string | Buffer): boolean {
  return timingSafeEqual(sha256(a), sha256(b));
}
