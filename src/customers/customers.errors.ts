import { AppError } from '../common/app-error.js';
import { CommonError } from '../http/common.errors.js';

/** Errors of `/customers`. */
export const CustomerError = {
  /** The same for a customer that does not exist and one that belongs to another user. */
  notFound: () => new AppError('not_found', 'customer_not_found', 'Customer not found.'),
  tooMany: () =>
    new AppError('conflict', 'too_many_customers', 'You have too many customers. Delete one first.'),
  contactTwice: () =>
    CommonError.validation([
      { field: 'contect', detail: 'contect is another name for contact. Send only one of them.' },
    ]),
  nothingToChange: () =>
    CommonError.validation([{ field: '', detail: 'Send at least one of name, contact and address.' }]),
};
