import { STATUS_CODES } from 'node:http';
import type { AppError, ErrorKind, FieldError } from './app-error.js';

const statusOf: Record<ErrorKind, number> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  timeout: 408,
  conflict: 409,
  too_large: 413,
  unsupported_type: 415,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
};

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

  /** What went wrong, for people. */
  detail!: string;

  /** What went wrong, for programs; stable. */
  code!: string;

  /**
   * Names this request in the server's log.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001"
   */
  requestId?: string;

  /** Seconds until the same request can succeed (429 and 503). */
  retryAfter?: number;

  /** The refused fields (`validation_failed`). */
  errors?: FieldError[];
}

/** The document for an error. Members of `extra` stand beside the standard ones. */
export function toProblem(error: AppError, requestId?: string): Problem {
  const status = statusOf[error.kind];
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: error.detail,
    code: error.code,
    ...(requestId && { requestId }),
    ...error.extra,
  };
}
