import { ApiProperty } from '@nestjs/swagger';
import { Format, WholeNumber } from './formats.js';

/** One invalid field. */
export class FieldError {
  /** @example "email" */
  field!: string;
  /** @example "email must be a string." */
  detail!: string;
}

/** What the client searches for: the counter whose derived key begins with `keyPrefix`. */
export class ProofOfWorkParameters {
  /** @example "PBKDF2/SHA-256" */
  algorithm!: string;

  /**
   * Iterations of each derivation.
   * @example 2000
   */
  @WholeNumber()
  cost!: number;

  /** The level, from 1 to 4: 1, 2, 4 and 8 times the work. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer', minimum: 1, maximum: 4 } })
  data!: Record<string, number>;

  /**
   * When the challenge ends, in seconds since 1970.
   * @example 1795859700
   */
  @WholeNumber()
  expiresAt!: number;

  /**
   * Bytes of a derived key.
   * @example 32
   */
  @WholeNumber()
  keyLength!: number;

  /**
   * In hexadecimal.
   * @example "5d2f0c1e8a4b7396d1c05e7f2a8b3c64"
   */
  keyPrefix!: string;

  /** A signature over the derived key that is searched for. */
  keySignature!: string;

  /** In hexadecimal. The password of each derivation is these bytes and the counter. */
  nonce!: string;

  /** In hexadecimal. */
  salt!: string;
}

/** A proof of work in the format of ALTCHA, version 2. */
export class ProofOfWorkChallenge {
  /** The search. */
  parameters!: ProofOfWorkParameters;

  /** Of the server, over the parameters. */
  signature!: string;
}

/** A problem document (RFC 9457), sent as `application/problem+json`. */
export class Problem {
  /**
   * Always `about:blank` (RFC 9457, section 4.2.1): `code` tells problems apart.
   * @example "about:blank"
   */
  type!: string;

  /** The standard phrase of the status. */
  title!: string;

  /** The HTTP status. */
  @WholeNumber(400)
  status!: number;

  /** The error, for people. */
  detail!: string;

  /** The error, for programs. Stable. */
  code!: string;

  /**
   * Identifies this request in the server log.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001"
   */
  @Format('uuid')
  requestId?: string;

  /** Seconds until the same request can succeed (429 and 503). */
  @WholeNumber()
  retryAfter?: number;

  /** A text for the user, on `/api` routes, `/auth/send_otp` and `/auth/verify_otp`. */
  msg?: string;

  /** The invalid fields (`validation_failed`). */
  errors?: FieldError[];

  /**
   * Solve this, for example with the package `altcha`, and repeat the request with the base64 payload
   * as `proofOfWork` (`proof_of_work_required`).
   */
  proofOfWork?: ProofOfWorkChallenge;

  /** Guesses left for this code. */
  @WholeNumber()
  attemptsLeft?: number;

  /** `pending` while the sign-in is still open. */
  VerificationStatus?: 'pending';

  /** Undoes the change of the address or the deletion of the account that had it. */
  undoToken?: string;
}
