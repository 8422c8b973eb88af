import { AppError } from '../common/app-error.js';
import { CommonError } from '../http/common.errors.js';

/** What `/customers` is refused with. */
export const CustomerError = {
  /** The same for what never was and for what is somebody else's. */
  notFound: () => new AppError('not_found', 'customer_not_found', 'You have no such customer.'),
  contactTwice: () =>
    CommonError.validation([{ field: 'contect', detail: 'contect means contact: give one of them.' }]),
  nothingToChange: () =>
    CommonError.validation([{ field: '', detail: 'Give at least one of name, contact and address.' }]),
};
