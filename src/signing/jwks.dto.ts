/** A public key (RFC 7517). */
export class PublicJwk {
  /** @example "EC" */
  kty!: string;
  /** @example "P-256" */
  crv!: string;
  /** @example "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU" */
  x!: string;
  /** @example "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" */
  y!: string;
  /** Id of the key, as in the header of its tokens. */
  kid!: string;
  /** @example "ES256" */
  alg!: string;
  /** @example "sig" */
  use!: string;
}

export class Jwks {
  /** The keys of current tokens, and the next key. */
  keys!: PublicJwk[];
}
