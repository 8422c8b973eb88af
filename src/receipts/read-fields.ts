import type { Type } from '@nestjs/common';
import { DtoValidationPipe } from '../http/validation.pipe.js';

const pipe = new DtoValidationPipe();

/**
 * Validates the named fields of a callback and ignores all others, because a sender may add fields
 * at any time.
 */
export function readFields<Dto extends object>(
  dto: Type<Dto>,
  names: (keyof Dto & string)[],
  body: unknown,
): Dto {
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  const fields = isObject
    ? Object.fromEntries(Object.entries(body).filter(([name]) => names.includes(name as keyof Dto & string)))
    : body;
  return pipe.transform(fields, { type: 'body', metatype: dto }) as Dto;
}
