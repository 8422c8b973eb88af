import { AppError } from '../common/app-error.js';

export const ReceiptError = {
  signatureInvalid: () =>
    new AppError('forbidden', 'signature_invalid', 'The signature of this request is not right.'),
  /** Not 403, at which Postmark stops trying. */
  credentialsInvalid: () =>
    new AppError(
      'unauthorized',
      'webhook_credentials_invalid',
      'User or password of this webhook are not right.',
    ),
};
