import { AppError } from '../common/app-error.js';

export const ReceiptError = {
  signatureInvalid: () =>
    new AppError('forbidden', 'signature_invalid', 'The signature of this request is invalid.'),
  /** 401, because Postmark stops sending after 403. */
  credentialsInvalid: () =>
    new AppError(
      'unauthorized',
      'webhook_credentials_invalid',
      'The user or password of this webhook is wrong.',
    ),
};
