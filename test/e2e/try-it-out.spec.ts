import { TestApp } from '../support/app.js';
import { logIn, signUp, type Person } from '../support/accounts.js';

interface Parameter {
  name: string;
  in: string;
  description?: string;
  example?: unknown;
  schema?: { example?: unknown; default?: unknown };
}
interface Operation {
  operationId: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: { content: { 'application/json': { examples: Record<string, { value: object }> } } };
  security: Record<string, string[]>[];
}
interface Document {
  info: { description: string };
  paths: Record<string, Record<string, Operation>>;
}
interface Reply {
  example: string;
  status: number;
  code?: string;
}

const TOKEN = 'Needs an access token: press *Authorize*.';
const ADMINISTRATOR = 'Needs the access token of an administrator: press *Authorize*.';
const FROM_INBOX = 'in development at `/inbox`';
const UNKNOWN_ID = '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001';

/**
 * The operations whose examples are refused at first, by the codes of the refusals. The description of
 * the operation, or of its parameter, must say what to do first.
 */
const NEEDS_FIRST: Record<string, { codes: string[]; says: string }> = {
  verifyOtp: { codes: ['otp_invalid'], says: FROM_INBOX },
  signInWithLink: { codes: ['sign_in_link_invalid'], says: FROM_INBOX },
  login: {
    codes: ['invalid_credentials'],
    says: 'Needs an account whose address was verified: see `/auth/register`.',
  },
  refreshTokens: {
    codes: ['refresh_token_invalid'],
    says: 'Takes the `refreshToken` of the last reply that had one',
  },
  resendOtp: { codes: ['otp_cooldown'], says: 'at least a minute after it' },
  checkOtp: { codes: ['otp_invalid'], says: FROM_INBOX },
  redeemProof: { codes: ['proof_invalid'], says: 'Checks the `proof` from a reply of `/otp/verify`' },
  getChallenge: { codes: ['challenge_not_found'], says: 'The `challenge.id` from the reply' },
  streamChallenge: { codes: ['challenge_not_found'], says: 'The `challenge.id` from the reply' },
  verifyRegistration: { codes: ['otp_invalid'], says: FROM_INBOX },
  verifyContact: { codes: ['otp_invalid'], says: FROM_INBOX },
  undoContactChange: { codes: ['undo_link_invalid'], says: FROM_INBOX },
  undoAccountDeletion: { codes: ['undo_link_invalid'], says: FROM_INBOX },
  resetPassword: { codes: ['otp_invalid', 'reset_link_invalid', 'token_invalid'], says: FROM_INBOX },
  endSession: { codes: ['session_not_found'], says: 'The `id` from `GET /auth/sessions`.' },
  getCustomer: { codes: ['customer_not_found'], says: 'The `id` from a reply of `/customers`.' },
  updateCustomer: { codes: ['customer_not_found'], says: 'The `id` from a reply of `/customers`.' },
  deleteCustomer: { codes: ['customer_not_found'], says: 'The `id` from a reply of `/customers`.' },
  compatRegister: { codes: ['otp_cooldown'], says: 'within a minute' },
  compatVerifyRegistration: { codes: ['registration_unknown', 'otp_invalid'], says: FROM_INBOX },
  compatLogin: { codes: ['invalid_credentials'], says: 'Needs an account whose address was verified' },
  compatResetPassword: { codes: ['token_invalid'], says: 'press *Authorize*' },
  getApplication: { codes: ['application_not_found'], says: 'The `id` from a reply of `/applications`.' },
  updateApplication: { codes: ['application_not_found'], says: 'The `id` from a reply of `/applications`.' },
  deleteApplication: { codes: ['application_not_found'], says: 'The `id` from a reply of `/applications`.' },
  replaceApplicationSecret: {
    codes: ['application_not_found'],
    says: 'The `id` from a reply of `/applications`.',
  },
  removeBlock: { codes: ['fraud_rule_not_found'], says: 'The `id` from the list of entries.' },
  removeSafeEntry: { codes: ['fraud_rule_not_found'], says: 'The `id` from the list of entries.' },
  getChallengeTimeline: { codes: ['challenge_not_found'], says: 'The `challenge.id` from the reply' },
  getUser: { codes: ['user_not_found'], says: 'The `id` from a reply of `/users`.' },
  updateUser: { codes: ['user_not_found'], says: 'The `id` from a reply of `/users`.' },
  deleteUser: { codes: ['user_not_found'], says: 'The `id` from a reply of `/users`.' },
  listUserEvents: { codes: ['user_not_found'], says: 'The `id` from a reply of `/users`.' },
};

/** "Try it out" of Swagger UI: each operation in the order of the document, with each of its examples. */
describe('the examples of the OpenAPI document', () => {
  let app: TestApp;
  let document: Document;
  const operations: Operation[] = [];
  const replies = new Map<Operation, Reply[]>();

  beforeAll(async () => {
    app = await TestApp.start();
    document = (await app.get('/openapi.json').expect(200)).body as Document;
    await signUp(app, 'operator@example.org');
    await app.sql(`update users set roles = '{user,admin}'`);
    const administrator = await logIn(app, 'operator@example.org');
    for (const [path, methods] of Object.entries(document.paths))
      for (const [method, operation] of Object.entries(methods)) {
        const caller = await callerOf(operation, administrator);
        operations.push(operation);
        replies.set(operation, await tryOut(method, path, operation, caller));
      }
  }, 180_000);
  afterAll(() => app?.stop());

  /** A new person for each operation, because some of them end the session. */
  async function callerOf(
    { operationId, description = '' }: Operation,
    administrator: Person,
  ): Promise<Person | undefined> {
    if (description.endsWith(ADMINISTRATOR)) return administrator;
    return description.endsWith(TOKEN) ? signUp(app, `${operationId.toLowerCase()}@example.org`) : undefined;
  }

  /** Sends what Swagger UI sends when nothing was changed. It does not send a path without its id. */
  async function tryOut(
    method: string,
    template: string,
    { parameters = [], requestBody }: Operation,
    caller?: Person,
  ): Promise<Reply[]> {
    const valueOf = ({ example, schema }: Parameter) => example ?? schema?.example ?? schema?.default;
    const filled = (place: string) =>
      parameters
        .filter((parameter) => parameter.in === place && valueOf(parameter) !== undefined)
        .map((parameter): [string, string] => [parameter.name, String(valueOf(parameter))]);
    const path = template.replace(/\{\w+\}/g, UNKNOWN_ID);
    const query = new URLSearchParams(filled('query')).toString();
    const headers: Record<string, string> = {
      ...Object.fromEntries(filled('header')),
      ...(requestBody && { 'content-type': 'application/json' }),
      ...(caller && { authorization: `Bearer ${caller.accessToken}` }),
    };
    const examples = requestBody?.content['application/json'].examples ?? { none: { value: undefined } };
    const results: Reply[] = [];
    for (const [example, { value }] of Object.entries(examples)) {
      const body = value && JSON.stringify(value);
      const reply = await fetch(`${app.url}${path}?${query}`, {
        method: method.toUpperCase(),
        headers,
        body,
      });
      const text = await reply.text();
      const isProblem = reply.headers.get('content-type')?.startsWith('application/problem+json');
      const { code } = (isProblem ? JSON.parse(text) : {}) as { code?: string };
      results.push({ example, status: reply.status, code });
    }
    return results;
  }

  it('are accepted, or the description says what to do first', () => {
    const unexplained = operations.flatMap((operation) =>
      (replies.get(operation) ?? [])
        .filter(({ status }) => status >= 300)
        .filter(({ code = '' }) => !NEEDS_FIRST[operation.operationId]?.codes.includes(code))
        .map((reply) => ({ operation: operation.operationId, ...reply })),
    );
    expect(unexplained).toEqual([]);
    for (const [operationId, { codes, says }] of Object.entries(NEEDS_FIRST)) {
      const operation = operations.find((candidate) => candidate.operationId === operationId);
      const texts = [operation?.description, ...(operation?.parameters ?? []).map((one) => one.description)];
      expect([operationId, texts.join(' ').replace(/\s+/g, ' ')]).toEqual([
        operationId,
        expect.stringContaining(says),
      ]);
      const refusals = operation && replies.get(operation)?.map(({ code }) => code);
      expect([operationId, refusals]).toEqual([operationId, expect.arrayContaining(codes)]);
    }
  });

  it('are explained by "Authorize" where an access token is required, and nowhere else', () => {
    for (const { operationId, description = '', security } of operations) {
      const needsToken = security.length > 0 && security.every((scheme) => 'bearer' in scheme);
      const saysSo = description.endsWith(TOKEN) || description.endsWith(ADMINISTRATOR);
      expect([operationId, saysSo]).toEqual([operationId, needsToken]);
    }
    expect(document.info.description).toContain('pnpm@12 admin:grant grace@example.com');
    expect(document.info.description).toContain('[/inbox](/inbox)');
  });
});
