import { AppError } from '../common/app-error.js';

/** Errors of requests with an `Idempotency-Key`. */
export const IdempotencyError = {
  invalid: () =>
    new AppError(
      'invalid',
      'idempotency_key_invalid',
      'Idempotency-Key must be one string of 1 to 255 visible ASCII characters, such as a UUID.',
    ),
  reused: () =>
    new AppError(
      'unprocessable',
      'idempotency_key_reused',
      'This Idempotency-Key was used with another body. Use a new key for a new request.',
    ),
  inUse: () =>
    new AppError(
      'conflict',
      'idempotency_key_in_use',
      'A request with this Idempotency-Key is still running.',
      { retryAfter: 1 },
    ),
};

/** Errors of every route with `@Idempotent()`. */
export const IDEMPOTENCY_PROBLEMS = [
  IdempotencyError.invalid(),
  IdempotencyError.inUse(),
  IdempotencyError.reused(),
];
