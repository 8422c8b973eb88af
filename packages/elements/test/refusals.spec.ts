import { readFileSync } from 'node:fs';
import type { Problem } from '@otp-auth/client';
import { refusalOf } from '../src/refusals.js';

interface Operation {
  responses: Record<
    string,
    { content?: Record<string, { schema: { $ref?: string; oneOf?: { $ref: string }[] } }> }
  >;
}
interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, { properties?: { code?: { const?: string; enum?: string[] } } }> };
}

const api = JSON.parse(readFileSync('openapi.json', 'utf8')) as Document;

/** The operations that `<otp-sign-in>` uses. */
const OPERATIONS = [
  ['post', '/auth/send_otp'],
  ['post', '/auth/verify_otp'],
  ['post', '/auth/login'],
  ['post', '/auth/register'],
  ['post', '/auth/verify'],
  ['post', '/auth/forgot'],
  ['patch', '/auth/reset'],
  ['post', '/users/contact/undo'],
] as const;

/** Codes that only a fault of the element or the server can cause. The text asks to try again. */
const NO_OWN_TEXT = ['body_too_large', 'malformed_request', 'unsupported_type', 'token_invalid'];
/**
 * Answers to an access token, which the element sends right after a sign-in only, and to the header
 * `Idempotency-Key`, which it never sends.
 */
const NEVER_SENT = [
  ...['current_password_wrong', 'reauthentication_required', 'reset_link_invalid'],
  ...['idempotency_key_invalid', 'idempotency_key_in_use', 'idempotency_key_reused'],
];

function codesOf(method: string, path: string): string[] {
  const { responses } = api.paths[path]?.[method] ?? { responses: {} };
  return Object.values(responses).flatMap(({ content }) => {
    const schema = content?.['application/problem+json']?.schema;
    const refs = schema?.oneOf ?? (schema?.$ref ? [{ $ref: schema.$ref }] : []);
    return refs.flatMap(({ $ref }) => {
      const code = api.components.schemas[$ref.split('/').at(-1) ?? '']?.properties?.code;
      return code?.enum ?? (code?.const ? [code.const] : []);
    });
  });
}

const problem = (code: string, members: object = {}) => ({ code, ...members }) as Problem;

describe('refusals', () => {
  it.each(OPERATIONS)('has a text for every refusal of %s %s', (method, path) => {
    const codes = codesOf(method, path).filter((code) => ![...NO_OWN_TEXT, ...NEVER_SENT].includes(code));
    expect(codes.length).toBeGreaterThan(2);
    const members = { errors: [{ field: 'email', detail: '' }], attemptsLeft: 1 };
    const withoutText = codes.filter((code) => {
      const { notice, fields } = refusalOf(problem(code, members));
      return notice?.key === 'unknown' || (!notice && Object.keys(fields).length === 0);
    });
    expect(withoutText).toEqual([]);
  });

  it('says how many attempts are left, and offers a new code after the last one', () => {
    expect(refusalOf(problem('otp_invalid', { attemptsLeft: 2 }))).toEqual({
      fields: { code: { key: 'codeWrong', values: { count: 2 } } },
      ways: [],
    });
    expect(refusalOf(problem('otp_invalid', { attemptsLeft: 0 }))).toMatchObject({
      notice: { key: 'codeExhausted' },
      ways: ['resend'],
    });
  });

  it('puts every invalid field in its place and keeps the numbers', () => {
    const errors = [
      { field: 'email', detail: 'email must be a string.' },
      { field: 'password', detail: 'password must have at least 12 characters.' },
      { field: 'otp', detail: 'otp must have 6 digits.' },
      { field: 'locale', detail: 'locale is wrong.' },
    ];
    expect(refusalOf(problem('validation_failed', { errors })).fields).toEqual({
      email: { key: 'emailInvalid' },
      password: { key: 'passwordTooShort', values: { count: 12 } },
      code: { key: 'codeIncomplete', values: { count: 6 } },
    });
  });

  it('shows the code of a refusal without a field of the form', () => {
    const errors = [{ field: 'locale', detail: 'locale is wrong.' }];
    for (const code of ['validation_failed', 'invented_tomorrow'])
      expect(refusalOf(problem(code, { errors })).notice).toEqual({ key: 'unknown', values: { code } });
  });

  it('keeps the wait of a limit and offers other ways', () => {
    expect(refusalOf(problem('otp_guess_limit', { retryAfter: 3_600 }))).toMatchObject({
      notice: { key: 'guessLimit' },
      ways: ['other-methods'],
      wait: 3_600,
    });
  });

  it('tells offline from a server that cannot be reached', () => {
    expect(refusalOf(problem('network_error'), false).notice?.key).toBe('offline');
    expect(refusalOf(problem('network_error'), true).notice?.key).toBe('unreachable');
  });

  it('keeps the token that undoes a change of address', () => {
    const refusal = refusalOf(problem('address_reserved', { undoToken: 'token' }));
    expect(refusal).toMatchObject({ undoToken: 'token', ways: ['undo', 'change-address'] });
  });
});
