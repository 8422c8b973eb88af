import { AppError } from '../common/app-error.js';
import type { FieldError } from './problem.dto.js';

/** Errors that are not specific to one feature. */
export const CommonError = {
  validation: (errors: FieldError[]) => {
    const details = new Set(errors.map(({ detail }) => detail));
    return new AppError('invalid', 'validation_failed', [...details].join(' '), { errors });
  },
  malformedRequest: () =>
    new AppError(
      'invalid',
      'malformed_request',
      'The request is malformed. If it has a body, it must be valid JSON.',
    ),
  bodyTooLarge: () => new AppError('too_large', 'body_too_large', 'The body is larger than 16 KiB.'),
  unsupportedType: () =>
    new AppError('unsupported_type', 'unsupported_type', 'Send the body as application/json.'),
  routeNotFound: () => new AppError('not_found', 'route_not_found', 'Route not found.'),
  methodNotAllowed: (allow: string) =>
    new AppError('method_not_allowed', 'method_not_allowed', `Method not allowed. Allowed: ${allow}.`),
  requestTimeout: () => new AppError('timeout', 'request_timeout', 'The request took too long to arrive.'),
  unauthorized: () =>
    new AppError(
      'unauthorized',
      'token_invalid',
      'The access token is missing, invalid or expired. Please sign in.',
    ),
  reauthenticate: () =>
    new AppError('unauthorized', 'reauthentication_required', 'Sign in again, or give the current password.'),
  forbidden: () => new AppError('forbidden', 'forbidden', 'Your account may not do this.'),
  rateLimited: (retryAfter: number) =>
    new AppError('rate_limited', 'rate_limited', 'Too many requests. Please slow down.', {
      retryAfter,
    }),
  unavailable: () =>
    new AppError(
      'unavailable',
      'service_unavailable',
      'The service is busy or restarting. Please try again.',
      {
        retryAfter: 1,
      },
    ),
  internal: () => new AppError('internal', 'internal_error', 'Something went wrong on our side.'),
};

const UNREADABLE = [
  CommonError.validation([{ field: 'email', detail: 'email must be a string.' }]),
  CommonError.malformedRequest(),
  CommonError.bodyTooLarge(),
  CommonError.unsupportedType(),
  CommonError.unavailable(),
];

// The errors that each kind of operation has in common, for the documentation.

/** Public operations with a body. */
export const BODY_PROBLEMS = [...UNREADABLE, CommonError.rateLimited(30)];

/** Operations of a signed-in user. */
export const SIGNED_IN_PROBLEMS = [
  CommonError.unauthorized(),
  CommonError.rateLimited(30),
  CommonError.unavailable(),
];

/** Operations of a signed-in user, with a body. */
export const SIGNED_IN_BODY_PROBLEMS = [
  ...UNREADABLE,
  CommonError.unauthorized(),
  CommonError.rateLimited(30),
];

/** Operations of an administrator that change nothing. */
export const ADMIN_READ_PROBLEMS = [CommonError.forbidden(), ...SIGNED_IN_PROBLEMS];

/** Operations of an administrator that change something. */
export const ADMIN_PROBLEMS = [CommonError.reauthenticate(), ...ADMIN_READ_PROBLEMS];

/** Operations of an administrator that change something, with a body. */
export const ADMIN_BODY_PROBLEMS = [
  CommonError.reauthenticate(),
  CommonError.forbidden(),
  ...SIGNED_IN_BODY_PROBLEMS,
];
