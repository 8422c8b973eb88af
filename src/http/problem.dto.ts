/** One invalid field. */
export class FieldError {
  /** @example "email" */
  field!: string;
  /** @example "email must be a string." */
  detail!: string;
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
  status!: number;

  /** The error, for people. */
  detail!: string;

  /** The error, for programs. Stable. */
  code!: string;

  /**
   * Identifies this request in the server log.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001"
   */
  requestId?: string;

  /** Seconds until the same request can succeed (429 and 503). */
  retryAfter?: number;

  /** A text for the user, on `/api` routes, `/auth/send_otp` and `/auth/verify_otp`. */
  msg?: string;

  /** The invalid fields (`validation_failed`). */
  errors?: FieldError[];

  /** Guesses left for this code. */
  attemptsLeft?: number;

  /** `pending` while the sign-in is still open. */
  VerificationStatus?: 'pending';

  /** Undoes the change of the address or the deletion of the account that had it. */
  undoToken?: string;
}
