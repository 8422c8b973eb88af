import { IdempotencyError } from './idempotency.errors.js';

const MAX_LENGTH = 255;

/** A string of structured fields (RFC 9651, section 3.3.3), as the draft of the header demands. */
const QUOTED = /^"((?:[ !#-[\]-~]|\\["\\])+)"$/;
/** Most clients send a UUID without quotes. A list or parameters are not accepted. */
const BARE = /^[!#-+\--:<-[\]-~]+$/;

/** The key, the same with and without quotes. Throws `idempotency_key_invalid`. */
export function readIdempotencyKey(header: string): string {
  const quoted = QUOTED.exec(header)?.[1]?.replace(/\\(.)/g, '$1');
  const key = quoted ?? (BARE.test(header) ? header : '');
  if (key === '' || key.length > MAX_LENGTH) throw IdempotencyError.invalid();
  return key;
}
