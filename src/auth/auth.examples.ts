import { BODY_PROBLEMS } from '../http/common.errors.js';
import { addressErrors, OtpError } from '../otp/otp.errors.js';
import { PasswordError } from '../passwords/passwords.errors.js';
import { UserError } from '../users/users.errors.js';
import { AuthError } from './auth.errors.js';

// What the documentation says of operations that stand under two paths.

const PENDING = { VerificationStatus: 'pending' };

export const REGISTER_EXAMPLES = {
  short: {
    summary: 'Address and password',
    value: { email: 'ada@example.com', password: 'correct horse battery staple' },
  },
  full: {
    summary: 'With everything',
    value: {
      email: 'ada@example.com',
      password: 'correct horse battery staple',
      username: 'ada',
      firstName: 'Ada',
      lastName: 'Lovelace',
      phone: '+14155550123',
    },
  },
};

export const REGISTER_PROBLEMS = [
  PasswordError.refused('is one of the most common passwords.', 'password'),
  PasswordError.busy(),
  OtpError.cooldown(42),
  OtpError.sendLimit(3600),
  ...addressErrors('phone'),
  ...BODY_PROBLEMS,
];

export const VERIFY_EXAMPLES = {
  code: { summary: 'From the mail', value: { email: 'ada@example.com', otp: '123456' } },
};

export const VERIFY_PROBLEMS = [
  OtpError.invalid(2).with(PENDING),
  OtpError.expired().with(PENDING),
  OtpError.exhausted(),
  OtpError.notFound(),
  OtpError.guessLimit(3600),
  UserError.disabled(),
  UserError.accountChanged(),
  ...BODY_PROBLEMS,
];

export const LOGIN_EXAMPLES = {
  password: {
    summary: 'E-mail address and password',
    value: { email: 'ada@example.com', password: 'correct horse battery staple' },
  },
};

export const LOGIN_PROBLEMS = [
  AuthError.invalidCredentials(),
  AuthError.emailUnverified(),
  UserError.disabled(),
  UserError.accountChanged(),
  PasswordError.guessLimit(3600),
  PasswordError.busy(),
  ...BODY_PROBLEMS,
];

export const RESET_PROBLEMS = [
  AuthError.resetInvalid(),
  AuthError.resetCredentialMissing(),
  PasswordError.refused('is one of the most common passwords.', 'password'),
  PasswordError.guessLimit(3600),
  PasswordError.busy(),
  UserError.wrongPassword(),
  UserError.accountChanged(),
  OtpError.invalid(2),
  OtpError.exhausted(),
  OtpError.notFound(),
  ...BODY_PROBLEMS,
];
