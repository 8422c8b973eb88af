import { AppError } from '../common/app-error.js';
import type { FieldError } from './problem.dto.js';

/** Errors that any route can answer with. */
export const CommonError = {
  validation: (errors: FieldError[]) =>
    new AppError('invalid', 'validation_failed', errors.map((error) => error.detail).join(' '), { errors }),
  malformedRequest: () =>
    new AppError(
      'invalid',
      'malformed_request',
      'The request could not be read. If it has a body, is that valid JSON?',
    ),
  bodyTooLarge: () => new AppError('too_large', 'body_too_large', 'The body is larger than 16 KiB.'),
  unsupportedType: () =>
    new AppError('unsupported_type', 'unsupported_type', 'Send the body as application/json.'),
  routeNotFound: () => new AppError('not_found', 'route_not_found', 'There is nothing at this address.'),
  methodNotAllowed: (allow: string) =>
    new AppError('method_not_allowed', 'method_not_allowed', `This address answers to ${allow} only.`),
  requestTimeout: () => new AppError('timeout', 'request_timeout', 'The request took too long to arrive.'),
  unauthorized: () =>
    new AppError('unauthorized', 'token_invalid', 'Sign in: there is no valid access token in this request.'),
  reauthenticate: () =>
    new AppError('unauthorized', 'reauthentication_required', 'Sign in again, or give the current password.'),
  forbidden: () => new AppError('forbidden', 'forbidden', 'Your account may not do this.'),
  rateLimited: (retryAfter: number) =>
    new AppError('rate_limited', 'rate_limited', 'Too many requests from your address. Please slow down.', {
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

// What every operation of a kind can be refused with, for the documentation.

/** Public, with a body. */
export const BODY_PROBLEMS = [...UNREADABLE, CommonError.rateLimited(30)];

/** Of a signed-in user. */
export const SIGNED_IN_PROBLEMS = [CommonError.unauthorized(), CommonError.unavailable()];

/** Of a signed-in user, with a body. */
export const SIGNED_IN_BODY_PROBLEMS = [...UNREADABLE, CommonError.unauthorized()];
