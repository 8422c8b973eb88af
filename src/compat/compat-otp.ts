import { ValidateBy } from 'class-validator';
import { readDigits } from '../common/code.js';
import { CommonError } from '../http/common.errors.js';

const MAX_DIGITS = 10;

/** Accepts a code as a string or as a JSON number, which has no zeros at the front. */
export function IsCompatOtp(field: string): PropertyDecorator {
  return ValidateBy({
    name: 'isCompatOtp',
    validator: {
      validate: isCode,
      defaultMessage: () => `${field} must be a code of up to ${MAX_DIGITS} digits.`,
    },
  });
}

function isCode(value: unknown): boolean {
  return readCompatCode(value) !== null;
}

function readCompatCode(value: unknown): string | null {
  if (typeof value === 'string') return readDigits(value);
  return Number.isSafeInteger(value) && Number(value) >= 0 ? readDigits(String(value)) : null;
}

/** The code of a request, with leading zeros restored. Throws unless exactly one field is given. */
export function readCompatOtp(
  { OTP, otp }: { OTP?: string | number; otp?: string | number },
  codeLength: number,
): string {
  if ((OTP === undefined) === (otp === undefined))
    throw CommonError.validation([{ field: 'OTP', detail: 'Send the code as OTP, or as otp.' }]);
  return (readCompatCode(OTP ?? otp) ?? '').padStart(codeLength, '0');
}
