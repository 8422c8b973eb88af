import { pathOf, type Api, type ApiMethod, type ApiOptions } from './api.js';
import { follow, type ChallengeStatus } from './delivery.js';
import { Http, type Call, type Credentials, type HttpOptions } from './http.js';
import type { components } from './openapi.js';
import { Problem } from './problem.js';
import { Sessions, type Tokens, type User } from './session.js';
import { defaultStorage, SafeStorage, type TokenStorage } from './storage.js';

type Schemas = components['schemas'];
type Channel = Schemas['Challenge']['channel'];

export interface ClientOptions extends HttpOptions {
  /** The public address of the server. */
  url: string;
  /** The public id of your browser application, if the server knows it. */
  applicationId?: string;
  /** Where tokens are kept. Default: `localStorage` in browsers, else memory. */
  storage?: TokenStorage;
  /** Used instead of the global `fetch`. */
  fetch?: typeof fetch;
  /** Default `include`, for the device cookie. `omit` for a server with `CORS_ORIGINS=*`. */
  credentials?: Credentials;
}

/** One address: an e-mail address or a phone number. */
export type Address = { email: string; phone?: never } | { phone: string; email?: never };

export interface RequestOptions {
  signal?: AbortSignal;
}

/** A code that was sent. Give it to `verifyCode`. It survives `JSON.stringify`, without `delivery`. */
export type Challenge = Schemas['Challenge'] & {
  readonly kind: 'sign-in' | 'registration';
  readonly address: Address;
  /**
   * Calls the listener with the state of the message and the code, now and after each change. Ends
   * with the code. Returns a function that ends it earlier.
   */
  delivery(listener: (status: ChallengeStatus) => void, options?: RequestOptions): () => void;
};

export type SignInResult =
  | { user: User; passwordRequired: boolean; undoToken?: undefined }
  /** The code was right, but no account has this address. */
  | { user: null; passwordRequired?: undefined; undoToken?: string };

/** Tokens, if an account owns the address. */
type SignInReply =
  (Schemas['SignedIn'] & Pick<Schemas['SignInApproved'], 'passwordRequired'>) | Schemas['AddressApproved'];

export type Client = ReturnType<typeof createClient>;

/** A backend may refuse a new token for its own reasons. Another one would not help. */
const MIN_REFUSED_AGE_MS = 60_000;

export function createClient(options: ClientOptions) {
  const name = `otp-auth:${options.url}`;
  const storage = new SafeStorage(options.storage ?? defaultStorage());
  const http = new Http(options, storage, name);
  const sessions = new Sessions(name, storage, http);
  const post = <Reply extends object>(path: string, body: object, { signal }: RequestOptions = {}) =>
    http.json<Reply>('POST', path, { body, signal });

  async function send(
    kind: Challenge['kind'],
    path: string,
    body: { email?: string; phone?: string },
    options?: RequestOptions,
  ): Promise<Challenge> {
    const { challenge } = await post<Schemas['SignInCodeSent']>(path, body, options);
    const address = (body.email ? { email: body.email } : { phone: body.phone }) as Address;
    const delivery: Challenge['delivery'] = (listener, { signal } = {}) => {
      const stop = new AbortController();
      const signals = signal ? [signal, stop.signal] : [stop.signal];
      void follow(http, challenge.id, listener, AbortSignal.any(signals));
      return () => stop.abort();
    };
    return { ...challenge, kind, address, delivery };
  }

  /**
   * Keeps the tokens of a sign-in and ends the session that they replace. A right code without an
   * account also ends it, because somebody else may be at the keyboard now.
   */
  async function keep(path: string, body: object, options?: RequestOptions): Promise<SignInResult> {
    const sentAt = Date.now();
    const reply = await post<SignInReply>(path, body, options);
    const replaced = sessions.usableToken;
    if (reply.user) await http.keepDeviceToken(reply.deviceToken);
    await sessions.write(reply.user ? reply : null, sentAt);
    if (replaced) void endSession(replaced);
    return reply.user
      ? { user: reply.user, passwordRequired: reply.passwordRequired ?? false }
      : { user: null, undoToken: reply.undoToken };
  }

  /** Without a reply, the session ends when it was not used for 14 days. */
  async function endSession(token: string): Promise<void> {
    await http.send('POST', '/auth/logout', { token }).catch(() => undefined);
  }

  const accessToken = async ({ signal }: RequestOptions = {}) => {
    const token = sessions.accessToken();
    return signal ? Promise.race([token, rejection(signal)]) : token;
  };

  async function call(method: ApiMethod, path: string, options: ApiOptions & Call = {}) {
    const { body, headers, signal } = options;
    const token = await accessToken({ signal });
    const { user } = sessions;
    const send = (accessToken: string | null) =>
      http.send(method, pathOf(path, options), { body, headers, signal, token: accessToken });
    let response: Response;
    try {
      response = await send(token);
    } catch (error) {
      const isRefused = error instanceof Problem && error.code === 'token_invalid';
      const newToken = isRefused && token ? await sessions.accessToken(token) : null;
      if (!newToken || sessions.user?.id !== user?.id) throw error;
      response = await send(newToken);
    }
    const isJson = response.headers.get('content-type')?.includes('json');
    const data: unknown = isJson ? await response.json() : (await response.text()) || undefined;
    return { data, response };
  }

  const api = Object.fromEntries(
    (['GET', 'POST', 'PATCH', 'DELETE'] as const).map((method) => [
      method,
      (path: string, options?: ApiOptions) => call(method, path, options),
    ]),
  ) as unknown as Api;

  return {
    /** Sends a code to sign in with. */
    sendCode: (
      request: Address & { channel?: Channel; locale?: string },
      options?: RequestOptions,
    ): Promise<Challenge> => send('sign-in', '/auth/send_otp', request, options),

    /** Checks the code in any spelling and signs in. `user` is null if no account has the address. */
    verifyCode: (
      { kind, address }: Pick<Challenge, 'kind' | 'address'>,
      code: string,
      options?: RequestOptions,
    ): Promise<SignInResult> =>
      keep(kind === 'registration' ? '/auth/verify' : '/auth/verify_otp', { ...address, otp: code }, options),

    async signInWithPassword(
      request: { email: string; password: string },
      options?: RequestOptions,
    ): Promise<SignInResult & { user: User }> {
      return (await keep('/auth/login', request, options)) as SignInResult & { user: User };
    },

    /** Signs in with the token of a mailed link. It works once. */
    signInWithLink: (token: string, options?: RequestOptions): Promise<SignInResult> =>
      keep('/auth/link', { token }, options),

    /** Registers an account. Its owner signs in by `verifyCode` with the mailed code. */
    register: (
      request: Omit<Schemas['Register'], 'proofOfWork'>,
      options?: RequestOptions,
    ): Promise<Challenge> => send('registration', '/auth/register', request, options),

    /** Mails a link and a code for a new password, if the address has an account. */
    async requestPasswordReset(
      request: { email: string; locale?: string },
      options?: RequestOptions,
    ): Promise<void> {
      await post('/auth/forgot', request, options);
    },

    /**
     * Sets a new password with the token of the mailed link, the mailed code, or the session of the
     * person who is signed in. Ends all sessions of the account.
     */
    async resetPassword(
      request: { password: string } & (
        | { token: string }
        | { email: string; code: string }
        | { token?: never; email?: never; currentPassword?: string }
      ),
      { signal }: RequestOptions = {},
    ): Promise<void> {
      const { code, ...body } = request as { password: string; code?: string };
      const bySession = !('token' in request || code);
      await http.send('PATCH', '/auth/reset', {
        body: { ...body, ...(code && { otp: code }) },
        token: bySession ? await accessToken({ signal }) : null,
        signal,
      });
      if (bySession) await sessions.write(null);
    },

    /** Signs out in all tabs, also when the server cannot be reached. */
    async signOut(): Promise<void> {
      const ended = await sessions.end();
      if (!ended) return;
      const { refreshToken } = ended;
      const token =
        ended.usableToken ??
        (await post<Tokens>('/auth/refresh', { refreshToken }).catch(() => null))?.accessToken;
      if (token) await endSession(token);
    },

    /**
     * `fetch` for your own backend, with a valid access token. Refreshes the token when it is due, and
     * when the backend answers 401 to a token that is more than a minute old.
     */
    async fetch(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
      const { fetch = globalThis.fetch } = options;
      const request = typeof input === 'object' && 'headers' in input ? input : undefined;
      const send = (token: string | null) => {
        const headers = new Headers(init.headers ?? request?.headers);
        if (token) headers.set('authorization', `Bearer ${token}`);
        return fetch(request ? request.clone() : input, { ...init, headers });
      };
      const token = await accessToken({ signal: init.signal ?? request?.signal });
      const { user } = sessions;
      const response = await send(token);
      const isStream = typeof init.body === 'object' && init.body !== null && 'getReader' in init.body;
      if (response.status !== 401 || !token || isStream || sessions.age < MIN_REFUSED_AGE_MS) return response;
      const newToken = await sessions.accessToken(token).catch(() => null);
      return newToken && sessions.user?.id === user?.id ? send(newToken) : response;
    },

    /** A valid access token for a backend, or null if nobody is signed in. */
    accessToken,

    /** The person who is signed in. Null also while an asynchronous storage is being read. */
    get user(): User | null {
      return sessions.user;
    },

    /** The server's clock, to compare with `resendAt` and `expiresAt` of a challenge. */
    now: () => Date.now() + http.clockOffset,

    /** Calls the listener now and when the user changes, in any tab. Returns a function that ends this. */
    onChange: (listener: (state: { user: User | null }) => void) => sessions.subscribe(listener),

    api,
  };
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
