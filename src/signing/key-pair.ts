import { createPublicKey, generateKeyPairSync, hash, type KeyObject } from 'node:crypto';

/** Public key (RFC 7518, section 6.2.1). */
export type EcPublicJwk = Record<'kty' | 'crv' | 'x' | 'y', string>;

export interface KeyPair {
  kid: string;
  privatePem: string;
}

/** A new key pair for ES256. */
export function generateKeyPair(): KeyPair {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const privatePem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
  return { kid: thumbprint(publicJwkOf(createPublicKey(privateKey))), privatePem };
}

export function publicJwkOf(publicKey: KeyObject): EcPublicJwk {
  return publicKey.export({ format: 'jwk' }) as EcPublicJwk;
}

/** The thumbprint of a public key (RFC 7638), which is its `kid`. */
export function thumbprint({ crv, kty, x, y }: EcPublicJwk): string {
  return hash('sha256', JSON.stringify({ crv, kty, x, y }), 'base64url');
}
