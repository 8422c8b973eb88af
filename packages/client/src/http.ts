import { networkError, parseObject, problemOf, unexpectedReply, type Problem } from './problem.js';
import { proofOfWork, type ProofOfWorkProgress } from './proof-of-work.js';
import type { SafeStorage } from './storage.js';

const TIMEOUT_MS = 30_000;
/** A solved proof can come too late. Then the server asks for another one. */
const MAX_PROOFS = 3;

export type Credentials = 'include' | 'same-origin' | 'omit';

export interface HttpOptions {
  url: string;
  applicationId?: string;
  fetch?: typeof fetch;
  credentials?: Credentials;
  onProofOfWork?: (progress: ProofOfWorkProgress) => void;
}

export interface Call {
  body?: object;
  headers?: Record<string, string>;
  token?: string | null;
  signal?: AbortSignal;
  /** 0: none. */
  timeout?: number;
}

/** Calls the server: headers, proofs of work, and errors as problems. */
export class Http {
  /** Milliseconds by which the clock of the server is ahead of this device's. */
  clockOffset = 0;
  private readonly base: string;
  private readonly deviceKey: string;

  constructor(
    private readonly options: HttpOptions,
    private readonly storage: SafeStorage,
    name: string,
  ) {
    this.base = options.url.replace(/\/+$/, '');
    this.deviceKey = `${name}:device`;
  }

  /** Returns the JSON object of the reply. */
  async json<Reply extends object>(method: string, path: string, call?: Call): Promise<Reply> {
    const response = await this.send(method, path, call);
    const text = await response.text().catch((error: unknown) => {
      call?.signal?.throwIfAborted();
      throw networkError(error);
    });
    const reply = parseObject(text);
    // For example the sign-in page of a hotel's network, which answers 200 to everything.
    if (!reply) throw unexpectedReply(response.status);
    return reply as Reply;
  }

  /** Returns a reply with a status from 200 to 299. Throws a problem, or the reason of the signal. */
  async send(method: string, path: string, call: Call = {}): Promise<Response> {
    for (let proofs = 0; ; proofs++) {
      const response = await this.fetch(method, path, call);
      if (response.ok) return response;
      const problem = await problemOf(response);
      call.signal?.throwIfAborted();
      if (problem.code !== 'proof_of_work_required' || proofs === MAX_PROOFS) throw problem;
      call = { ...call, body: { ...call.body, proofOfWork: await this.solve(problem, call) } };
    }
  }

  /**
   * Keeps the device token of a sign-in. Where the server keeps it in a cookie, the reply has none,
   * and a token from before must not hide the cookie.
   */
  async keepDeviceToken(token: string | undefined): Promise<void> {
    await this.storage.set(this.deviceKey, token ?? null);
  }

  private async fetch(method: string, path: string, call: Call): Promise<Response> {
    const { body, headers, token, signal, timeout = TIMEOUT_MS } = call;
    const { applicationId, credentials = 'include', fetch = globalThis.fetch } = this.options;
    const deviceToken = await this.storage.get(this.deviceKey);
    const signals = [signal, timeout ? AbortSignal.timeout(timeout) : undefined];
    try {
      const response = await fetch(this.base + path, {
        method,
        credentials,
        headers: {
          ...(body && { 'content-type': 'application/json' }),
          ...(applicationId && { 'x-application-id': applicationId }),
          ...(deviceToken && { 'x-device-token': deviceToken }),
          ...(token && { authorization: `Bearer ${token}` }),
          ...headers,
        },
        body: body && JSON.stringify(body),
        signal: AbortSignal.any(signals.filter((item) => item !== undefined)),
      });
      const date = Date.parse(response.headers.get('date') ?? '');
      if (date) this.clockOffset = date - Date.now();
      return response;
    } catch (error) {
      signal?.throwIfAborted();
      throw networkError(error);
    }
  }

  private async solve(problem: Problem, { signal }: Call): Promise<string> {
    if (problem.code !== 'proof_of_work_required') throw problem;
    try {
      return await proofOfWork(problem.proofOfWork, { signal, onProgress: this.options.onProofOfWork });
    } catch {
      signal?.throwIfAborted();
      // For example a page without https, where browsers have no WebCrypto.
      throw problem;
    }
  }
}
