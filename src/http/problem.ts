import { STATUS_CODES } from 'node:http';
import type { AppError, ErrorKind } from '../common/app-error.js';
import type { Problem } from './problem.dto.js';

const STATUS: Record<ErrorKind, number> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  timeout: 408,
  conflict: 409,
  too_large: 413,
  unsupported_type: 415,
  unprocessable: 422,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
};

/** The problem document of an error. Members of `extra` are added to the standard ones. */
export function toProblem(error: AppError, requestId?: string): Problem {
  const status = STATUS[error.kind];
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
