import { createHash, timingSafeEqual } from 'node:crypto';

/** SHA-256. Sufficient for storing random tokens, which are too long to guess. */
export function sha256(value: string | Buffer): Buffer {
  return createHash('sha256').update(value).digest();
}

/** Compares secrets in constant time. Digests have equal lengths, so no length leaks. */
export function equalSecrets(a: string | Buffer, b: string | Buffer): boolean {
  return timingSafeEqual(sha256(a), sha256(b));
}
