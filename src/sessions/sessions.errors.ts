import { AppError } from '../common/app-error.js';

/** What `/auth/sessions` is refused with. */
export const SessionError = {
  /** The same for one that is unknown, over, or somebody else's. */
  notFound: () => new AppError('not_found', 'session_not_found', 'There is no such session.'),
};
