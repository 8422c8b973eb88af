import type { components, operations } from './out/openapi-typescript.js';
import type { VerifyOtpResponse } from './out/hey-api/index.js';
import type { SendSignInCode, verifyOtpResponse201 } from './out/orval.js';

// What the generated types must allow and refuse.

type SendBody = operations['sendOtp']['requestBody']['content']['application/json'];
export const byPhone: SendBody = { phone: '+14155550123', channel: 'sms' };
export const byEmail: SendSignInCode = { email: 'ada@example.com' };
// @ts-expect-error An address is required.
export const nobody: SendBody = {};
// @ts-expect-error Exactly one address.
export const both: SendBody = { phone: '+14155550123', email: 'ada@example.com' };
// @ts-expect-error The same from another generator.
export const bothAgain: SendSignInCode = { phone: '+14155550123', email: 'ada@example.com' };

type SendProblem = operations['sendOtp']['responses']['429']['content']['application/problem+json'];
export const seconds = (problem: SendProblem): number => problem.retryAfter;

type VerifyProblem = operations['verifyOtp']['responses']['400']['content']['application/problem+json'];
export function explain(problem: VerifyProblem): string {
  if (problem.code === 'otp_invalid') return `${problem.attemptsLeft} attempts left`;
  if (problem.code === 'validation_failed') return problem.errors.map(({ field }) => field).join();
  // @ts-expect-error Only a wrong code says how many attempts are left.
  return `${problem.attemptsLeft}`;
}

export const newTokens = ({ accessToken, refreshToken }: components['schemas']['Tokens']): string[] => [
  accessToken,
  refreshToken,
];

type Approved = operations['verifyOtp']['responses']['201']['content']['application/json'];
export function tokenOf(reply: Approved): string | undefined {
  if (reply.user) return reply.refreshToken;
  // @ts-expect-error Without an account, the reply has no tokens.
  void reply.refreshToken;
  return reply.undoToken;
}
export const tokenFromOrval = ({ data }: verifyOtpResponse201): string | undefined =>
  'accessToken' in data ? data.accessToken : undefined;
export const tokenFromHeyApi = (reply: VerifyOtpResponse): string | undefined =>
  'accessToken' in reply ? reply.accessToken : undefined;
// The code of a registration always opens an account.
type Registered = operations['verifyRegistration']['responses']['200']['content']['application/json'];
export const registered = ({ accessToken, user }: Registered): string[] => [accessToken, user.id];
