import { AppError } from '../common/app-error.js';

/** Errors of `/users`. */
export const UserError = {
  notFound: () => new AppError('not_found', 'user_not_found', 'User not found.'),
  disabled: () => new AppError('forbidden', 'account_disabled', 'This account is disabled.'),
  closed: () =>
    new AppError(
      'forbidden',
      'account_closed',
      'This account was deleted. To keep it, open the link that was sent to your address, within 72 hours.',
    ),
  addressTaken: () => new AppError('conflict', 'address_taken', 'This address belongs to another account.'),
  addressReserved: (undoToken: string) =>
    new AppError(
      'conflict',
      'address_reserved',
      'An account had this address until recently and can get it back. Use undoToken to undo that change.',
      { undoToken },
    ),
  ownAccount: () =>
    new AppError(
      'conflict',
      'own_account',
      'You cannot change your own roles here, nor disable or delete your own account.',
    ),
  lastAdministrator: () =>
    new AppError(
      'conflict',
      'last_administrator',
      'This is the only administrator. Appoint another one first.',
    ),
  nothingToChange: () =>
    new AppError('invalid', 'validation_failed', 'Send at least one field to change.', { errors: [] }),
  wrongPassword: () =>
    new AppError('unauthorized', 'current_password_wrong', 'The current password is wrong.'),
  accountChanged: () =>
    new AppError(
      'conflict',
      'changed_meanwhile',
      'The account was changed by another request. Please try again.',
    ),
  contactChangeReplaced: () =>
    new AppError(
      'conflict',
      'contact_change_replaced',
      'You have requested a newer change since. To use this address, request it again.',
    ),
  undoInvalid: () =>
    new AppError(
      'invalid',
      'undo_link_invalid',
      'This link was already used, has expired or is no longer valid.',
    ),
};

export function isAddressTaken(error: unknown): boolean {
  return error instanceof AppError && error.code === UserError.addressTaken().code;
}
