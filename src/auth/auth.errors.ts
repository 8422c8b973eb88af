import { AppError } from '../common/app-error.js';

/** Member of refusals that leave the sign-in open, so that another code can complete it. */
export const STILL_PENDING = { VerificationStatus: 'pending' };

/** Errors of sign-in and password reset. */
export const AuthError = {
  invalidCredentials: () =>
    new AppError('unauthorized', 'invalid_credentials', 'The e-mail address or the password is wrong.'),
  emailUnverified: () =>
    new AppError(
      'forbidden',
      'email_unverified',
      'Verify your e-mail address first: enter the code from the mail, or register again to get a new one.',
    ),
  refreshInvalid: () =>
    new AppError('unauthorized', 'refresh_token_invalid', 'This session has ended. Please sign in again.'),
  resetInvalid: () =>
    new AppError(
      'invalid',
      'reset_link_invalid',
      'This link was already used, has expired or was replaced by a newer one.',
    ),
  resetCredentialMissing: () =>
    new AppError('invalid', 'validation_failed', 'Send either token, or email and otp, or an access token.', {
      errors: [{ field: 'token', detail: 'Send either token, or email and otp, or an access token.' }],
    }),
};
