import { randomBytes, timingSafeEqual } from 'node:crypto';
import { sha256 } from '../common/digest.js';

/** What a request presents: a server its id and secret, a browser its id. */
export interface Credentials {
  id: string;
  /** Undefined: a browser application. */
  secret?: string;
}

/** Accepted hashes of secrets. */
export interface SecretHashes {
  secretHash: Buffer | null;
  /** Null: there is none, or its time is over. */
  previousSecretHash: Buffer | null;
}

const ID = /^app_[\w-]{22,64}$/;
const BASIC = /^basic +([\w+/=-]+) *$/i;

/** Sorts by time, like all ids. Contains 128 random bits, although an id is not secret. */
export function newApplicationId(): string {
  const time = Date.now().toString(36).padStart(9, '0');
  return `app_${time}${randomBytes(16).toString('base64url')}`;
}

/** 256 random bits. The prefix lets scanners find secrets that were published by mistake. */
export function newSecret(): string {
  return `app_secret_${randomBytes(32).toString('base64url')}`;
}

export function isApplicationId(text: string): boolean {
  return ID.test(text);
}

/**
 * HTTP Basic (RFC 7617) or `X-Application-Id`; null if the request has neither. Basic decides if it
 * has both. Basic with another user than an application belongs to something else, for example a
 * proxy, and is ignored.
 */
export function readCredentials(headers: {
  authorization?: string;
  'x-application-id'?: string | string[];
}): Credentials | null {
  const encoded = BASIC.exec(headers.authorization ?? '')?.[1];
  const [, id, secret] = /^(app_[^:]*):(.*)$/s.exec(decode(encoded ?? '')) ?? [];
  if (id !== undefined && secret !== undefined) return { id, secret };
  const header = headers['x-application-id'];
  return header === undefined ? null : { id: String(header) };
}

/** Takes equally long whether a secret is nearly right or not. */
export function acceptsSecret({ secretHash, previousSecretHash }: SecretHashes, secret: string): boolean {
  const hash = sha256(secret);
  const matches = [secretHash, previousSecretHash].map(
    (other) => other !== null && timingSafeEqual(hash, other),
  );
  return matches.includes(true);
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}
