import { Param, ParseUUIDPipe, type PipeTransform } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import type { AppError } from '../common/app-error.js';

/** A documented part of the path. Its description says where a caller gets the value from. */
export function PathParam(
  name: string,
  description: string,
  { schema, pipe }: { schema: { type: 'string'; format?: string }; pipe: PipeTransform },
): ParameterDecorator {
  return (controller, method, index) => {
    Param(name, pipe)(controller, method, index);
    const descriptor = Object.getOwnPropertyDescriptor(controller, method ?? '');
    if (method && descriptor) ApiParam({ name, description, schema })(controller, method, descriptor);
  };
}

/** A UUID in the path. A malformed one is answered like an unknown one. */
export function IdParam(name: string, description: string, notFound: () => AppError): ParameterDecorator {
  return PathParam(name, description, {
    schema: { type: 'string', format: 'uuid' },
    pipe: new ParseUUIDPipe({ exceptionFactory: notFound }),
  });
}
