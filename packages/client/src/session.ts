import type { components } from './openapi.js';
import type { Http } from './http.js';
import { withLock } from './lock.js';
import { Problem, unexpectedReply } from './problem.js';
import type { SafeStorage } from './storage.js';

export type User = components['schemas']['Profile'];
export type Tokens = components['schemas']['Tokens'];

interface Session {
  accessToken: string;
  refreshToken: string;
  user: User;
  /** By the clock of this device. */
  receivedAt: number;
  expiresIn: number;
}

/** Shorter than the lock's wait. */
const REFRESH_TIMEOUT_MS = 10_000;

/** The tokens of the person who is signed in, shared with the other tabs through the storage. */
export class Sessions {
  private text: string | null = null;
  private session: Session | null = null;
  private writes = 0;
  private isKnown = false;
  private refreshing?: Promise<string | null>;
  private readonly channel?: BroadcastChannel;
  private readonly listeners = new Set<(state: { user: User | null }) => void>();

  constructor(
    private readonly name: string,
    private readonly storage: SafeStorage,
    private readonly http: Http,
  ) {
    void this.read();
    if (typeof document === 'undefined') return;
    // Sign-ins and sign-outs of other tabs. The key is null when `localStorage` was cleared.
    addEventListener('storage', ({ key }) => (key === name || key === null) && void this.read());
    if (storage.sendsEvents || typeof BroadcastChannel === 'undefined') return;
    this.channel = new BroadcastChannel(name);
    this.channel.onmessage = () => void this.read();
  }

  get user(): User | null {
    return this.session?.user ?? null;
  }

  /** The access token if it has not expired yet. */
  get usableToken(): string | null {
    return this.session && millisecondsLeft(this.session) > 0 ? this.session.accessToken : null;
  }

  /** Milliseconds since the access token was received. */
  get age(): number {
    return this.session ? Date.now() - this.session.receivedAt : 0;
  }

  /** Calls the listener now and whenever the user changes, in any tab. */
  subscribe(listener: (state: { user: User | null }) => void): () => void {
    this.listeners.add(listener);
    if (this.isKnown) listener({ user: this.user });
    return () => void this.listeners.delete(listener);
  }

  /** Replaces the session. Null signs out in this browser. */
  async write(tokens: Tokens | null, receivedAt = Date.now()): Promise<void> {
    const { accessToken, refreshToken, user, expiresIn } = tokens ?? {};
    const text = tokens && JSON.stringify({ accessToken, refreshToken, user, receivedAt, expiresIn });
    this.writes++;
    const stored = this.storage.set(this.name, text);
    this.show(text);
    await stored;
    this.channel?.postMessage(null);
  }

  /** Signs out in this browser. Returns what the server needs to end the session. */
  async end(): Promise<{ usableToken: string | null; refreshToken: string } | null> {
    const session = await this.read();
    const { usableToken } = this;
    await this.write(null);
    return session && { usableToken, refreshToken: session.refreshToken };
  }

  /**
   * A valid access token, or null if nobody is signed in. `refused` is a token that a server did not
   * accept. If a refresh fails and the token is still valid for a moment, the token is returned.
   */
  async accessToken(refused?: string): Promise<string | null> {
    const session = await this.read();
    if (!session) return null;
    if (session.accessToken !== refused && !isDue(session)) return session.accessToken;
    try {
      this.refreshing ??= withLock(this.name, this.storage, () => this.refresh(session.accessToken)).finally(
        () => (this.refreshing = undefined),
      );
      return await this.refreshing;
    } catch (error) {
      if (session.accessToken !== refused && millisecondsLeft(session) > 0) return session.accessToken;
      throw error;
    }
  }

  /** Runs under the lock. Another tab may have refreshed, signed out or signed in meanwhile. */
  private async refresh(oldToken: string): Promise<string | null> {
    const session = await this.read();
    if (!session) return null;
    if (session.accessToken !== oldToken && !isDue(session)) return session.accessToken;
    const { refreshToken } = session;
    const sentAt = Date.now();
    let tokens: Tokens | null;
    try {
      const call = { body: { refreshToken }, timeout: REFRESH_TIMEOUT_MS };
      tokens = await this.http.json<Tokens>('POST', '/auth/refresh', call);
      if (!parse(JSON.stringify(tokens))) throw unexpectedReply(200);
    } catch (error) {
      // Only this refusal means that the session has ended. After any other failure the reply may be
      // lost, so the same token is sent again with the next call.
      if (!(error instanceof Problem) || error.code !== 'refresh_token_invalid') throw error;
      tokens = null;
    }
    const latest = await this.read();
    if (latest?.refreshToken === refreshToken) await this.write(tokens, sentAt);
    return this.session?.accessToken ?? null;
  }

  /** Reads what the storage has now. */
  private read(): Session | null | Promise<Session | null> {
    const { writes } = this;
    const text = this.storage.get(this.name);
    if (text === null || typeof text === 'string') return this.show(text);
    // A write during an asynchronous read is newer.
    return text.then((value) => (writes === this.writes ? this.show(value) : this.session));
  }

  private show(text: string | null): Session | null {
    if (this.isKnown && text === this.text) return this.session;
    const userBefore = JSON.stringify(this.user);
    const isFirst = !this.isKnown;
    this.text = text;
    this.isKnown = true;
    const session = parse(text);
    const isSameUser = JSON.stringify(session?.user ?? null) === userBefore;
    // The same object as long as nothing changed, so that views do not render again.
    this.session = session && this.session && isSameUser ? { ...session, user: this.session.user } : session;
    if (isFirst || !isSameUser) for (const listener of this.listeners) listener({ user: this.user });
    return this.session;
  }
}

function parse(text: string | null): Session | null {
  try {
    const session = JSON.parse(text ?? 'null') as Session | null;
    return session?.accessToken && session.refreshToken && session.user ? session : null;
  } catch {
    return null;
  }
}

function millisecondsLeft({ receivedAt, expiresIn }: Session): number {
  return receivedAt + expiresIn * 1_000 - Date.now();
}

/** A little before the end, so that a token does not expire on its way. */
function isDue(session: Session): boolean {
  return millisecondsLeft(session) < Math.min(30_000, session.expiresIn * 100);
}
