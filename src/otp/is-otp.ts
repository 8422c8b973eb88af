import { applyDecorators } from '@nestjs/common';
import { ValidateBy } from 'class-validator';
import { readCode } from '../common/code.js';
import { CommonError } from '../http/common.errors.js';
import { CheckedAs } from '../http/fields.js';

/** Accepts a code as people write it. Without a purpose, the field `purpose` of the request names it. */
export function IsOtp(purpose?: string): PropertyDecorator {
  return applyDecorators(
    ValidateBy({
      name: 'isOtp',
      validator: {
        validate: (value) => typeof value === 'string' && readCode(value) !== null,
        defaultMessage: () => '$property must be a string of 4 to 10 digits.',
      },
    }),
    CheckedAs('code', purpose),
  );
}

/** The code in ASCII digits. Throws `validation_failed` if the text cannot be a code of this length. */
export function readCodeOfLength(text: string, length: number, field = 'otp'): string {
  const code = readCode(text);
  if (code?.length === length) return code;
  throw CommonError.validation([{ field, detail: `${field} must have ${length} digits.` }]);
}
