import { AppError } from '../common/app-error.js';
import { CommonError } from '../http/common.errors.js';

/** Errors of calls by applications, and of `/applications`. */
export const ApplicationError = {
  /** The same for an unknown, a deleted and a disabled application, and for a wrong secret. */
  invalid: () =>
    new AppError('unauthorized', 'application_invalid', 'The id or the secret of the application is wrong.'),
  required: () =>
    new AppError('unauthorized', 'application_required', 'Only applications may make this request.'),
  serverRequired: () =>
    new AppError(
      'forbidden',
      'server_application_required',
      'Only server applications may make this request.',
    ),
  originNotAllowed: () =>
    new AppError('forbidden', 'origin_not_allowed', 'The application may not be used from this origin.'),
  contextNotAllowed: () =>
    new AppError('forbidden', 'context_not_allowed', 'Only server applications may send a context.', {
      errors: [{ field: 'context', detail: 'Only server applications may send it.' }],
    }),
  metadataNotAllowed: () =>
    new AppError('forbidden', 'metadata_not_allowed', 'Only server applications may send metadata.', {
      errors: [{ field: 'metadata', detail: 'Only server applications may send it.' }],
    }),
  clientIpNotAllowed: () =>
    CommonError.validation([{ field: 'clientIp', detail: 'Only server applications may send clientIp.' }]),
  purposeRefused: (purpose: string) =>
    new AppError(
      'forbidden',
      'application_purpose_refused',
      `The application may not use the purpose "${purpose}".`,
      { errors: [{ field: 'purpose', detail: 'The purposes of the application do not include it.' }] },
    ),
  channelRefused: (channel: string) =>
    new AppError('forbidden', 'application_channel_refused', `The application may not send by ${channel}.`, {
      errors: [{ field: 'channel', detail: 'The channels of the application do not include it.' }],
    }),
  countryRefused: () =>
    new AppError(
      'forbidden',
      'application_country_refused',
      'The application may not send to numbers of this country.',
    ),
  notFound: () => new AppError('not_found', 'application_not_found', 'Application not found.'),
  hasNoSecret: () =>
    new AppError('conflict', 'application_has_no_secret', 'A browser application has no secret.'),
  hasNoOrigins: () =>
    CommonError.validation([{ field: 'origins', detail: 'Only browser applications have origins.' }]),
  smsHostNotCovered: () =>
    CommonError.validation([
      {
        field: 'smsHost',
        detail: 'smsHost must be the host of one of the origins, or a parent domain of it.',
      },
    ]),
  originNotEncrypted: () =>
    CommonError.validation([
      { field: 'origins', detail: 'Production accepts only https: origins (http: for localhost).' },
    ]),
  nothingToChange: () => CommonError.validation([{ field: '', detail: 'Send at least one field.' }]),
};
