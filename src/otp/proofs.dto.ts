import { IsOptional, IsString, MaxLength } from 'class-validator';
import { Format, WholeNumber } from '../http/formats.js';

export class RedeemProof {
  /**
   * The proof from `/otp/verify`.
   * @example "eyJhbGciOiJFUzI1NiIsInR5cCI6Im90cC1wcm9vZitqd3QiLCJraWQiOiIuLi4ifQ.eyJzdWIiOiJwaG9uZTorMTIwMjU1NTAxNDMifQ.c2ln"
   */
  @MaxLength(8_192, { message: 'proof is too long.' })
  @IsString({ message: 'proof must be a string.' })
  proof!: string;
}

/** The claims of a redeemed proof. */
export class ProofClaims {
  /**
   * The verified recipient.
   * @example "phone:+12025550143"
   */
  sub!: string;

  /**
   * What the code was for.
   * @example "verification"
   */
  purpose!: string;

  /**
   * The id of the challenge.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001"
   */
  @Format('uuid')
  jti!: string;

  /**
   * The digest of the approved context (base64url of the SHA-256 of its canonical JSON, RFC 8785).
   * @example "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"
   */
  @IsOptional()
  context_sha256?: string;

  /**
   * What the application sent with `/otp/generate`.
   * @example { "order": "4711" }
   */
  @IsOptional()
  metadata?: Record<string, string>;

  /**
   * The proof of a test identity, which proves nothing.
   * @example true
   */
  @IsOptional()
  test?: true;

  /**
   * This server.
   * @example "https://auth.example.com"
   */
  iss!: string;

  /**
   * The audience of the application that sent the code, else that of this server.
   * @example "https://api.example.com"
   */
  aud!: string;

  /**
   * When the code was verified, in seconds since 1970.
   * @example 1795341600
   */
  @WholeNumber()
  iat!: number;

  /**
   * When the proof expires, in seconds since 1970.
   * @example 1795341900
   */
  @WholeNumber()
  exp!: number;
}
