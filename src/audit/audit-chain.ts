import { sha256 } from '../common/digest.js';

/** An entry as the chain sees it. */
export interface ChainedEntry {
  seq: string;
  id: string;
  /** All columns but the hash, as text, in the order in which the hash covers them. */
  columns: (string | null)[];
  /** In hexadecimal. */
  previousHash: string | null;
  /** In hexadecimal. */
  hash: string;
}

/**
 * The hash that the trigger `audit_chain` gives to an entry. It is computed here again, because a
 * function in the database could be replaced by somebody who changes entries.
 */
export function entryHash(columns: (string | null)[]): string {
  const fields = columns.map((text) => (text === null ? '-' : `${Buffer.byteLength(text)}:${text}`));
  return sha256(fields.join(',')).toString('hex');
}

/** Why an entry does not follow `count` entries of which the last has the hash `head`; null if it does. */
export function faultOf(entry: ChainedEntry, count: number, head: string | null): string | null {
  if (entry.seq !== String(count + 1)) return `it follows entry ${count}`;
  if (entry.previousHash !== head) return 'it does not hold the hash of the entry before';
  return entry.hash === entryHash(entry.columns) ? null : 'its content does not match its hash';
}
