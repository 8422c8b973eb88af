import { validateSync } from 'class-validator';
import { AppError } from '../common/app-error.js';
import { CompatVerification } from './compat.dto.js';
import { readCompatOtp } from './compat-otp.js';

type Code = { OTP?: string | number; otp?: string | number };

const isValid = (code: object) =>
  validateSync(Object.assign(new CompatVerification(), code), { whitelist: true }).length === 0;

describe('code under /api', () => {
  it.each<[Code, number, string]>([
    [{ OTP: 7320 }, 4, '7320'],
    [{ OTP: 42 }, 4, '0042'],
    [{ OTP: 0 }, 4, '0000'],
    [{ OTP: '42' }, 4, '0042'],
    [{ OTP: '0042' }, 4, '0042'],
    [{ OTP: 42 }, 6, '000042'],
    [{ otp: 42 }, 4, '0042'],
    [{ otp: '0042' }, 4, '0042'],
    [{ OTP: 1234567890 }, 10, '1234567890'],
    [{ OTP: 12345 }, 4, '12345'],
    [{ OTP: ' 42' }, 4, '0042'],
    [{ OTP: '7 3 2 0' }, 4, '7320'],
    [{ OTP: '#٧٣٢٠' }, 4, '7320'],
  ])('%j with codes of %i digits is read as %s', (code, length, read) => {
    expect(isValid(code)).toBe(true);
    expect(readCompatOtp(code, length)).toBe(read);
  });

  it.each([
    -1,
    1.5,
    1e10,
    Infinity,
    NaN,
    null,
    true,
    [7320],
    { $gt: 0 },
    '',
    'x42',
    '4,2',
    '4.2',
    '12345678901',
  ])('%j is rejected in both fields', (code) => {
    expect([isValid({ OTP: code }), isValid({ otp: code })]).toEqual([false, false]);
  });

  it.each<Code>([{}, { OTP: 7320, otp: '7320' }])('%j is rejected, because one field is needed', (code) => {
    expect(() => readCompatOtp(code, 4)).toThrow(AppError);
  });
});
