import { createHmac, sign, type KeyObject } from 'node:crypto';

/** The header or the claims of a token. */
export type Fields = Record<string, unknown>;

export const encode = (part: Fields | string) =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

export const decode = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString()) as Fields;

/** A compact JWS, signed with an EC key. Header and claims may be JSON text. */
export function signed(
  header: Fields | string,
  claims: Fields | string,
  key: KeyObject,
  hash = 'sha256',
): string {
  const content = `${encode(header)}.${encode(claims)}`;
  const signature = sign(hash, Buffer.from(content), { key, dsaEncoding: 'ieee-p1363' });
  return `${content}.${signature.toString('base64url')}`;
}

export function hmacSigned(alg: string, header: Fields, claims: Fields, secret: string | Buffer): string {
  const content = `${encode({ ...header, alg })}.${encode(claims)}`;
  return `${content}.${createHmac(alg.replace('HS', 'sha'), secret).update(content).digest('base64url')}`;
}

/**
 * The token with the first character of its signature replaced. Decoders ignore some bits of the
 * last character, so replacing that one might not change the signature.
 */
export function withChangedSignature(token: string): string {
  const start = token.lastIndexOf('.') + 1;
  return `${token.slice(0, start)}${token[start] === 'A' ? 'B' : 'A'}${token.slice(start + 1)}`;
}
