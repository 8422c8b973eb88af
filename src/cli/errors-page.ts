import type { OpenAPIObject } from '@nestjs/swagger';
import { ApplicationError } from '../applications/applications.errors.js';
import { AuthError } from '../auth/auth.errors.js';
import { BudgetError, FraudError } from '../budgets/budgets.errors.js';
import type { AppError } from '../common/app-error.js';
import { CompatError } from '../compat/compat.errors.js';
import { CustomerError } from '../customers/customers.errors.js';
import { HealthError } from '../health/health.errors.js';
import { CommonError } from '../http/common.errors.js';
import type { Problem } from '../http/problem.dto.js';
import { toProblem } from '../http/problem.js';
import { IdempotencyError } from '../idempotency/idempotency.errors.js';
import { AddressError, OtpError } from '../otp/otp.errors.js';
import { PasswordError } from '../passwords/passwords.errors.js';
import { ReceiptError } from '../receipts/receipts.errors.js';
import { SessionError } from '../sessions/sessions.errors.js';
import { UserError } from '../users/users.errors.js';

type PathItem = OpenAPIObject['paths'][string];
type Operation = NonNullable<PathItem['get']>;
type ErrorTable = Record<string, (...args: never[]) => AppError>;
/** Sample arguments of the errors that take any. */
type Samples<Table extends ErrorTable> = {
  [Name in keyof Table as Parameters<Table[Name]> extends [] ? never : Name]: Parameters<Table[Name]>;
};

/** More calls than this are not listed one by one. */
const MAX_CALLS = 3;

/** Can be the reply to any call, so the OpenAPI document does not repeat all of them everywhere. */
const anyCall = new Set(
  [
    CommonError.malformedRequest(),
    CommonError.routeNotFound(),
    CommonError.methodNotAllowed(''),
    CommonError.requestTimeout(),
    CommonError.bodyTooLarge(),
    CommonError.unsupportedType(),
    CommonError.rateLimited(1),
    CommonError.internal(),
    CommonError.unavailable(),
  ].map(({ code }) => code),
);

/** One example of every error in every table. */
function exampleErrors(): AppError[] {
  return [
    ...examplesOf(CommonError, {
      validation: [[{ field: 'email', detail: 'email must be a string.' }]],
      methodNotAllowed: ['GET, HEAD'],
      rateLimited: [30],
    }),
    ...examplesOf(OtpError, {
      cooldown: [42],
      resendCooldown: [42],
      guessLimit: [3600],
      invalid: [2],
      purposeRefused: ['login'],
    }),
    ...examplesOf(AddressError, {
      missing: [['phone_number', 'email']],
      email: ['email'],
      phone: ['phone'],
      nationalPhone: ['phone'],
      country: ['phone'],
      notMobile: ['phone'],
      channel: ['sms'],
      channelWithoutContext: ['whatsapp'],
    }),
    ...examplesOf(ApplicationError, { purposeRefused: ['checkout'], channelRefused: ['sms'] }),
    ...examplesOf(IdempotencyError, {}),
    ...examplesOf(AuthError, {}),
    ...examplesOf(UserError, { addressReserved: ['AZ_zsnpVfMOh8EwqPZvgAZ9Lw3Bk…'] }),
    ...examplesOf(PasswordError, {
      refused: ['is one of the most common passwords.', 'password'],
    }),
    ...examplesOf(BudgetError, {
      recipientLimit: [3600],
      networkLimit: [600],
      phoneLimit: [600],
      addressChangeLimit: [3600],
      applicationLimit: [60],
      passwordGuessLimit: [3600],
      proofOfWorkRequired: [{}],
    }),
    ...examplesOf(FraudError, {}),
    ...examplesOf(SessionError, {}),
    ...examplesOf(CustomerError, {}),
    ...examplesOf(CompatError, {}),
    ...examplesOf(HealthError, {}),
    ...examplesOf(ReceiptError, {}),
  ];
}

function examplesOf<Table extends ErrorTable>(table: Table, samples: Samples<Table>): AppError[] {
  const args = samples as Record<string, never[] | undefined>;
  return Object.entries(table).map(([name, create]) => create(...(args[name] ?? [])));
}

/**
 * The page `docs/errors.md`: one row per code. The OpenAPI document tells which calls reply with
 * it.
 */
export function errorsPage(document: OpenAPIObject): string {
  const calls = callsByCode(document);
  const details = new Map<string, Set<string>>();
  for (const error of exampleErrors()) {
    const { status, code, detail } = toProblem(error);
    const key = `| ${status} | \`${code}\` |`;
    details.set(key, (details.get(key) ?? new Set()).add(detail));
  }
  const rows = [...details]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, texts]) => {
      const code = /`(\w+)`/.exec(key)?.[1] ?? '';
      return `${key} ${[...texts].join('<br>')} | ${anyCall.has(code) ? 'any call' : callList(calls.get(code))} |`;
    });
  return `# Errors

Every error is sent as \`application/problem+json\` (RFC 9457). Programs branch on \`code\`, which is
stable; \`detail\` is for people and may change. 429 and 503 carry \`Retry-After\` in seconds, and
\`retryAfter\` in the document.

| status | code | detail (examples) | answered by |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

function callList(calls: string[] = []): string {
  const more = calls.length - MAX_CALLS;
  if (more <= 1) return calls.join('<br>');
  return `${calls.slice(0, MAX_CALLS).join('<br>')}<br>and ${more} more`;
}

function callsByCode(document: OpenAPIObject): Map<string, string[]> {
  const calls = new Map<string, string[]>();
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of operationsOf(item)) {
      for (const code of problemCodes(operation))
        calls.set(code, [...(calls.get(code) ?? []), `${method} ${path}`]);
    }
  }
  return calls;
}

function operationsOf({ get, post, patch, delete: remove }: PathItem): [string, Operation | undefined][] {
  return Object.entries({ GET: get, POST: post, PATCH: patch, DELETE: remove });
}

function problemCodes(operation: Operation | undefined): string[] {
  return Object.values(operation?.responses ?? {}).flatMap((response) => {
    if (!response || '$ref' in response) return [];
    const examples = response.content?.['application/problem+json']?.examples ?? {};
    return Object.values(examples as Record<string, { value: Problem }>).map(({ value }) => value.code);
  });
}
