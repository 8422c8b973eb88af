import { AppError } from '../common/app-error.js';

/** Errors of everything that costs messages, money or guesses. */
export const BudgetError = {
  recipientLimit: (retryAfter: number) =>
    new AppError(
      'rate_limited',
      'otp_send_limit',
      'Too many codes were sent to this address. Please try again later.',
      { retryAfter },
    ),
  networkLimit: (retryAfter: number) =>
    new AppError(
      'rate_limited',
      'network_send_limit',
      'Too many codes were requested from your network. Please try again later.',
      { retryAfter },
    ),
  /** The same for every number, whatever the reason: its prefix, a block or the money. */
  phoneLimit: (retryAfter: number) =>
    new AppError(
      'rate_limited',
      'phone_send_limit',
      'We cannot send to this number at the moment. Please try again later or use another address.',
      { retryAfter },
    ),
  addressChangeLimit: (retryAfter: number) =>
    new AppError(
      'rate_limited',
      'address_change_limit',
      'You asked to change to too many addresses today. Please try again later.',
      { retryAfter },
    ),
  applicationLimit: (retryAfter: number) =>
    new AppError(
      'rate_limited',
      'application_send_limit',
      'This application has sent as many messages as its limits allow. Please try again later.',
      { retryAfter },
    ),
  passwordGuessLimit: (retryAfter: number) =>
    new AppError(
      'rate_limited',
      'password_guess_limit',
      'Too many wrong passwords. Please try again later.',
      { retryAfter },
    ),
  /** The challenge is one that `altcha` solves. Repeat the request with the payload as `proofOfWork`. */
  proofOfWorkRequired: (proofOfWork: unknown) =>
    new AppError(
      'forbidden',
      'proof_of_work_required',
      'Solve the proof of work and repeat the request with it.',
      { proofOfWork },
    ),
};

/** Errors of `/fraud`. */
export const FraudError = {
  ruleNotFound: () => new AppError('not_found', 'fraud_rule_not_found', 'There is no such entry.'),
  tooManyRules: () =>
    new AppError('conflict', 'too_many_fraud_rules', 'There are too many entries. Remove some first.'),
};
