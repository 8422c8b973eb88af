import { Matches } from 'class-validator';

/** Accepts a code of any length that `OTP_LENGTH` allows. */
export function IsOtp(): PropertyDecorator {
  return Matches(/^[0-9]{4,10}$/, { message: 'otp must be a string of 4 to 10 digits.' });
}
