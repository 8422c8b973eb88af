import { AppError } from '../common/app-error.js';

/** Member of refusals that leave the sign-in open, so that another code can complete it. */
export const STILL_PENDING = { VerificationStatus: 'pending' };

/** Errors of sign-in and password reset. */
export const AuthError = {
  // Also for an address that is not verified yet. Its own answer would tell it from a taken one.
  invalidCredentials: () =>
    new AppError(
      'unauthorized',
      'invalid_credentials',
      'The e-mail address or the password is wrong, or the address is not verified yet.',
    ),
  refreshInvalid: () =>
    new AppError('unauthorized', 'refresh_token_invalid', 'This session has ended. Please sign in again.'),
  resetInvalid: () =>
    new AppError(
      'invalid',
      'reset_link_invalid',
      'This link was already used, has expired or was replaced by a newer one.',
    ),
  signInLinkInvalid: () =>
    new AppError(
      'invalid',
      'sign_in_link_invalid',
      'This link was already used, has expired or was replaced by a newer one.',
      STILL_PENDING,
    ),
  resetCredentialMissing: () =>
    new AppError('invalid', 'validation_failed', 'Send either token, or email and otp, or an access token.', {
      errors: [{ field: 'token', detail: 'Send either token, or email and otp, or an access token.' }],
    }),
};
