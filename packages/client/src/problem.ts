import type { components } from './openapi.js';
import type { AltchaChallenge } from './solve.js';

type Schemas = components['schemas'];

/** The schemas of the API whose `code` is one value. */
type ServerDocument = {
  [Name in keyof Schemas]: Schemas[Name] extends { code: infer Code; title: string; detail: string }
    ? string extends Code
      ? never
      : Schemas[Name]
    : never;
}[keyof Schemas];

/** Problems that the API document does not list for an operation, or that this client reports. */
interface OtherDocument {
  code:
    | 'internal_error'
    | 'method_not_allowed'
    | 'request_timeout'
    | 'route_not_found'
    /** No reply: offline, timed out, refused by CORS, or the connection broke. `status` is 0. */
    | 'network_error'
    /** A reply that this server did not write, such as the error page of a proxy. */
    | 'unexpected_reply';
}

/** In place of the schema of the API, which does not describe the challenge. */
interface ProofOfWorkRequired {
  code: 'proof_of_work_required';
  proofOfWork: AltchaChallenge;
}

type OwnMembers = 'type' | 'title' | 'status' | 'detail' | 'requestId' | 'msg';

/** An error with a stable `code`. `message` is for people and may change. */
interface ProblemError extends Error {
  /** The HTTP status, or 0 without a reply. */
  readonly status: number;
  /** Seconds until the same request can succeed. */
  readonly retryAfter?: number;
  /** Identifies the request in the log of the server. */
  readonly requestId?: string;
}

type ProblemOf<Document> = Document extends { code: string }
  ? ProblemError & Readonly<Omit<Document, OwnMembers>>
  : never;

/** A refusal. `problem.code` narrows the other members, such as `retryAfter` and `attemptsLeft`. */
export type Problem = ProblemOf<
  Exclude<ServerDocument, { code: 'proof_of_work_required' }> | ProofOfWorkRequired | OtherDocument
>;
export type ProblemCode = Problem['code'];

class ReplyProblem extends Error {
  override readonly name = 'Problem';
  constructor({ title, detail, ...members }: Record<string, unknown>, cause?: unknown) {
    super(String(detail ?? title), { cause });
    delete members.type;
    Object.assign(this, members);
  }
}

/** For `error instanceof Problem`. */
export const Problem = ReplyProblem as unknown as abstract new (...args: never) => Problem;

export function networkError(cause: unknown): Problem {
  const members = { code: 'network_error', status: 0, detail: 'The server cannot be reached.' };
  return new ReplyProblem(members, cause) as unknown as Problem;
}

export function unexpectedReply(status: number, members: object = {}): Problem {
  const detail = `Another program answered in place of the server, with status ${status}.`;
  return new ReplyProblem({ ...members, code: 'unexpected_reply', status, detail }) as unknown as Problem;
}

/** Reads an error reply, whoever wrote it. */
export async function problemOf(response: Response): Promise<Problem> {
  const { status, headers } = response;
  const document = parseObject(await response.text().catch(() => ''));
  const seconds = Number(headers.get('retry-after'));
  const members = { ...(seconds > 0 && { retryAfter: seconds }), ...document, status };
  return typeof document?.code === 'string'
    ? (new ReplyProblem(members) as unknown as Problem)
    : unexpectedReply(status, members);
}

export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
