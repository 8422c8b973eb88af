import { AppError } from '../common/app-error.js';

/** Errors for new passwords and for guesses. */
export const PasswordError = {
  /** The reason continues a sentence that begins with the field. */
  refused: (reason: string, field: string) => {
    const detail = `${field} ${reason}`;
    return new AppError('invalid', 'password_refused', detail, { errors: [{ field, detail }] });
  },
  busy: () =>
    new AppError(
      'unavailable',
      'passwords_busy',
      'Too many passwords are being checked. Please try again in a moment.',
      { retryAfter: 1 },
    ),
};
