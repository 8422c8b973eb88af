import { generateKeyPairSync, hash } from 'node:crypto';
import type { EcPublicJwk } from './signing-key.entity.js';

export interface KeyPair {
  kid: string;
  publicJwk: EcPublicJwk;
  privatePem: string;
}

/** A new key pair for ES256. Its `kid` is the thumbprint of the public key (RFC 7638). */
export function generateKeyPair(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicJwk = publicKey.export({ format: 'jwk' }) as EcPublicJwk;
  const privatePem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
  return { kid: thumbprint(publicJwk), publicJwk, privatePem };
}

function thumbprint({ crv, kty, x, y }: EcPublicJwk): string {
  return hash('sha256', JSON.stringify({ crv, kty, x, y }), 'base64url');
}
