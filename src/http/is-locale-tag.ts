import { applyDecorators } from '@nestjs/common';
import { ValidateBy } from 'class-validator';
import { parseTag } from '../common/locale.js';
import { IfGiven } from './if-given.js';

/** The optional field `locale` of a request that sends a message. */
export function IsLocaleTag(): PropertyDecorator {
  return applyDecorators(
    IfGiven(),
    ValidateBy({
      name: 'isLocaleTag',
      validator: {
        validate: (value) => typeof value === 'string' && parseTag(value) !== undefined,
        defaultMessage: () => 'locale must be a language tag (BCP 47) such as en or pt-BR.',
      },
    }),
  );
}
