import { randomBytes } from 'node:crypto';
import { v7 } from 'uuid';

const POOL_BYTES = 4_096;

let pool = Buffer.alloc(0);

/**
 * Random bytes for ids and nonces. Reads them from the system in bulk, because each call is
 * expensive.
 */
export function pooledRandomBytes(bytes: number): Buffer {
  if (pool.length < bytes) pool = randomBytes(POOL_BYTES);
  const taken = pool.subarray(0, bytes);
  pool = pool.subarray(bytes);
  return taken;
}

/**
 * A UUID version 7 (RFC 9562, section 5.7): the time in milliseconds, then random bits. It
 * identifies a row and must not be used as a secret.
 */
export function newId(): string {
  return v7({ random: pooledRandomBytes(16) });
}
