/** The kind of error. The problem filter maps each kind to an HTTP status. */
export type ErrorKind =
  | 'invalid'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'timeout'
  | 'conflict'
  | 'too_large'
  | 'unsupported_type'
  | 'unprocessable'
  | 'rate_limited'
  | 'internal'
  | 'unavailable';

/** One invalid field of a request. */
export interface FieldError {
  field: string;
  detail: string;
}

/** Extra members of the problem document. */
export interface ErrorExtra {
  /** Seconds until the same request can succeed. Also sent as `Retry-After`. */
  retryAfter?: number;
  /** One entry per invalid field. */
  errors?: FieldError[];
  [member: string]: unknown;
}

/**
 * The only error class for expected errors. Each module lists its errors in one table, such as
 * `otp.errors.ts`. `code` is stable and for programs, `detail` is for people.
 */
export class AppError extends Error {
  constructor(
    readonly kind: ErrorKind,
    readonly code: string,
    readonly detail: string,
    readonly extra: ErrorExtra = {},
  ) {
    super(detail);
    this.name = 'AppError';
  }

  /** A copy with more members in its problem document. */
  with(extra: ErrorExtra): AppError {
    return new AppError(this.kind, this.code, this.detail, { ...this.extra, ...extra });
  }
}
