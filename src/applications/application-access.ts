import { SetMetadata } from '@nestjs/common';

export const APPLICATION_ACCESS = 'application access';
export type ApplicationAccess = 'checked' | 'required';

/**
 * Wrong credentials of an application are refused. Routes without this mark ignore them, because a
 * person signs in there and many clients send an old header with every request.
 */
export const ChecksApplication = () => SetMetadata(APPLICATION_ACCESS, 'checked' satisfies ApplicationAccess);

/** Also refuses requests without an application, if `API_ACCESS=applications`. */
export const RequiresApplication = () =>
  SetMetadata(APPLICATION_ACCESS, 'required' satisfies ApplicationAccess);
