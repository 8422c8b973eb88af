import { AppError } from '../common/app-error.js';

/** What sign-in and password reset are refused with. */
export const AuthError = {
  invalidCredentials: () =>
    new AppError('unauthorized', 'invalid_credentials', 'The e-mail address or the password is wrong.'),
  emailUnverified: () =>
    new AppError(
      'forbidden',
      'email_unverified',
      'Prove your e-mail address first: enter the code, or register again for another.',
    ),
  refreshInvalid: () =>
    new AppError('unauthorized', 'refresh_token_invalid', 'This session has ended. Please sign in again.'),
  resetInvalid: () =>
    new AppError(
      'invalid',
      'reset_link_invalid',
      'This link was used, has expired or was replaced by a newer one.',
    ),
  resetCredentialMissing: () =>
    new AppError('invalid', 'validation_failed', 'Give token, or email and otp, or sign in.', {
      errors: [{ field: 'token', detail: 'Give token, or email and otp, or an access token.' }],
    }),
};
