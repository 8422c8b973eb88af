import { AppError } from '../common/app-error.js';

/** Errors of the routes under `/api`. */
export const CompatError = {
  registrationUnknown: () =>
    new AppError(
      'invalid',
      'registration_unknown',
      'Send your e-mail address with the code, or register again: the registration cookie is missing, invalid or expired.',
      {
        errors: [{ field: 'email', detail: 'Send the registered address, or the cookie of /api/register.' }],
      },
    ),
};
