/** What went wrong, in the terms of HTTP; the problem filter turns each into its status. */
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
  | 'rate_limited'
  | 'internal'
  | 'unavailable';

/** One refused field of a request. */
export interface FieldError {
  field: string;
  detail: string;
}

/** Members that go into the problem document beside the standard ones. */
export interface ErrorExtra {
  /** Seconds after which the same request can succeed; also sent as `Retry-After`. */
  retryAfter?: number;
  /** One entry per refused field. */
  errors?: FieldError[];
  [member: string]: unknown;
}

/**
 * The one error class. Every module keeps its errors in one table (`otp.errors.ts`);
 * `code` is stable and for machines, `detail` is for people.
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

  /** The same error with more members in its problem document. */
  with(extra: ErrorExtra): AppError {
    return new AppError(this.kind, this.code, this.detail, { ...this.extra, ...extra });
  }
}
