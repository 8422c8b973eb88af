import { randomBytes } from 'node:crypto';
import { v7 } from 'uuid';

const STOCK_BYTES = 4_096;

let stock = Buffer.alloc(0);

/** Bytes of the system's CSPRNG for ids and nonces. It is asked for many at a time, for what costs is the call. */
export function pooledRandomBytes(bytes: number): Buffer {
  if (stock.length < bytes) stock = randomBytes(STOCK_BYTES);
  const taken = stock.subarray(0, bytes);
  stock = stock.subarray(bytes);
  return taken;
}

/** A UUID of version 7 (RFC 9562, section 5.7): the time in milliseconds, then chance. It names a thing and proves nothing. */
export function newId(): string {
  return v7({ random: pooledRandomBytes(16) });
}
