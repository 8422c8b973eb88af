import type { Challenge, Problem, User } from '@otp-auth/client';

/** The events of the elements. They bubble and leave shadow roots. */
export interface OtpSignInEvents {
  'signed-in': CustomEvent<{ user: User }>;
  'signed-out': CustomEvent<object>;
  'challenge-sent': CustomEvent<{ challenge: Challenge }>;
  problem: CustomEvent<{ problem: Problem }>;
  /** Of `<otp-code-input>`: all digits were entered. */
  complete: CustomEvent<{ value: string }>;
}
