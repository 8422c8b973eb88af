import { AppError } from '../common/app-error.js';

/** Errors of `/auth/sessions`. */
export const SessionError = {
  /**
   * One error for an unknown session, an ended one and another user's, so that ids reveal nothing.
   */
  notFound: () => new AppError('not_found', 'session_not_found', 'There is no such session.'),
};
