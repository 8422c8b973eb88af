import { PASSWORD_PROBLEMS, PROOF_OF_WORK_REQUIRED, SEND_PROBLEMS } from '../budgets/budgets.examples.js';
import { BODY_PROBLEMS } from '../http/common.errors.js';
import { IDEMPOTENCY_PROBLEMS } from '../idempotency/idempotency.errors.js';
import { addressErrors, OtpError } from '../otp/otp.errors.js';
import { PasswordError } from '../passwords/passwords.errors.js';
import { PASSWORD_REFUSED } from '../users/users.examples.js';
import { UserError } from '../users/users.errors.js';
import { AuthError, STILL_PENDING } from './auth.errors.js';

// Documentation shared by operations that are served under both `/auth` and `/api`.

export const REGISTER_EXAMPLES = {
  short: {
    summary: 'E-mail address and password',
    value: { email: 'grace@example.com', password: 'correct horse battery staple' },
  },
  full: {
    summary: 'All fields',
    value: {
      email: 'katherine@example.com',
      password: 'correct horse battery staple',
      username: 'katherine',
      firstName: 'Katherine',
      lastName: 'Johnson',
      phone: '+12025550145',
    },
  },
};

export const REGISTER_PROBLEMS = [
  PASSWORD_REFUSED,
  PasswordError.busy(),
  OtpError.cooldown(42),
  ...SEND_PROBLEMS,
  ...addressErrors('phone'),
  ...IDEMPOTENCY_PROBLEMS,
  ...BODY_PROBLEMS,
];

export const VERIFY_EXAMPLES = {
  code: { summary: 'Code from the mail', value: { email: 'grace@example.com', otp: '123456' } },
};

/** Errors of every sign-in with a code. */
export const VERIFY_PROBLEMS = [
  OtpError.invalid(2).with(STILL_PENDING),
  OtpError.expired().with(STILL_PENDING),
  OtpError.exhausted(),
  OtpError.notFound(),
  OtpError.guessLimit(3600),
  PROOF_OF_WORK_REQUIRED,
  UserError.disabled(),
  UserError.closed(),
  UserError.accountChanged(),
  ...BODY_PROBLEMS,
];

export const LINK_PROBLEMS = [
  AuthError.signInLinkInvalid(),
  UserError.disabled(),
  UserError.closed(),
  UserError.accountChanged(),
  ...BODY_PROBLEMS,
];

export const LOGIN_EXAMPLES = {
  password: {
    summary: 'E-mail address and password',
    value: { email: 'grace@example.com', password: 'correct horse battery staple' },
  },
};

export const LOGIN_PROBLEMS = [
  AuthError.invalidCredentials(),
  UserError.disabled(),
  UserError.closed(),
  UserError.accountChanged(),
  ...PASSWORD_PROBLEMS,
  PasswordError.busy(),
  ...BODY_PROBLEMS,
];

export const RESET_PROBLEMS = [
  AuthError.resetInvalid(),
  AuthError.resetCredentialMissing(),
  PASSWORD_REFUSED,
  ...PASSWORD_PROBLEMS,
  PasswordError.busy(),
  UserError.wrongPassword(),
  UserError.accountChanged(),
  OtpError.invalid(2),
  OtpError.exhausted(),
  OtpError.emailNotFound(),
  ...BODY_PROBLEMS,
];
