import { ValidateBy } from 'class-validator';
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
  if (typeof value === 'string') return /^[0-9]{1,10}$/.test(value);
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < 10 ** MAX_DIGITS;
}

/** The code of a request, with the zeros that a number lost. Throws unless one of the two is given. */
export function readCompatOtp(
  { OTP, otp }: { OTP?: string | number; otp?: string | number },
  codeLength: number,
): string {
  if ((OTP === undefined) === (otp === undefined))
    throw CommonError.validation([{ field: 'OTP', detail: 'Send the code as OTP, or as otp.' }]);
  return String(OTP ?? otp).padStart(codeLength, '0');
}
