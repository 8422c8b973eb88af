import { ValidateBy } from 'class-validator';
import { readCode } from '../common/code.js';
import { CommonError } from '../http/common.errors.js';

/** Accepts a code of any length that `OTP_LENGTH` allows, as people write it. */
export function IsOtp(): PropertyDecorator {
  return ValidateBy({
    name: 'isOtp',
    validator: {
      validate: (value) => typeof value === 'string' && readCode(value) !== null,
      defaultMessage: () => 'otp must be a string of 4 to 10 digits.',
    },
  });
}

/** The code in ASCII digits. Throws `validation_failed` if the text cannot be a code of this length. */
export function readCodeOfLength(text: string, length: number): string {
  const code = readCode(text);
  if (code?.length === length) return code;
  throw CommonError.validation([{ field: 'otp', detail: `otp must have ${length} digits.` }]);
}
