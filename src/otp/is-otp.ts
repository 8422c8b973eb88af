import { Matches } from 'class-validator';

/** A code as a person types it. */
export function IsOtp(): PropertyDecorator {
  return Matches(/^[0-9]{4,10}$/, { message: 'otp must be a string of 4 to 10 digits.' });
}
