import { createPrivateKey, createPublicKey, hash, type KeyObject } from 'node:crypto';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { LRUCache } from 'lru-cache';
import { Keyring } from '../common/keyring.js';
import { Config } from '../config/config.js';
import { readJoseHeader } from './jose-header.js';
import type { PublicJwk } from './jwks.dto.js';
import type { EntityManager } from 'typeorm';
import { generateKeyPair, publicJwkOf, thumbprint } from './key-pair.js';
import { SigningKeyRepository, type StoredKey } from './signing-key.repository.js';

interface TokenOptions {
  /**
   * Explicit type, so that one kind of token is not accepted as another (RFC 8725, section 3.11).
   */
  typ: string;
  expiresInSeconds: number;
  /** Default: that of this server. */
  audience?: string;
}

interface VerifyOptions<Kind> {
  typ: string;
  /** Default: that of this server. */
  audience?: string;
  /** Decides by the claims whether a token is still accepted after its `exp`. Default: never. */
  acceptsExpired?: (claims: Kind) => boolean;
}

/** Claims of every token. Each kind of token adds more. */
export interface Claims {
  sub: string;
  iat: number;
  exp: number;
}

interface Verified {
  typ: string;
  kid: string;
  claims: Claims;
}

/** A key of a row that this server has written. */
interface OpenedKey {
  row: StoredKey;
  privateKey: KeyObject;
  publicKey: KeyObject;
  published: PublicJwk;
}

/** How often each process reads the keys: it notices within this time that a key was revoked. */
const POLL_MS = 4_000;
/** Least time between two reads of the keys that unknown key ids cause. */
const RELOAD_PAUSE_MS = 5_000;
/** How far the clocks of two processes of this server may differ. */
const CLOCK_TOLERANCE_SECONDS = 30;
/** Size of the cache, about 5 MB. The same token comes with every request of its session. */
const MAX_VERIFIED = 10_000;

/**
 * Signs tokens (ES256) with the key of the current period. Keys are created and published one
 * period before their use, so that clients which cache the key set have a key before the first
 * token needs it.
 */
@Injectable()
export class SigningService implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('Signing');
  private current?: OpenedKey;
  private published: PublicJwk[] = [];
  private verifiers = new Map<string, KeyObject>();
  /** The rows of the last read by their content; null for one that was refused. */
  private opened = new Map<string, OpenedKey | null>();
  /**
   * Tokens with a valid signature, by the SHA-256 of audience and token. Kind, key and times are
   * checked on every call.
   */
  private readonly verified = new LRUCache<string, Verified>({ max: MAX_VERIFIED });
  private timer?: NodeJS.Timeout;
  private stopped = false;
  private isFailing = false;
  private reloadedAt = -Infinity;
  private reloading?: Promise<void>;
  private reading: Promise<void> = Promise.resolve();
  private nextRead?: Promise<void>;

  constructor(
    private readonly keys: SigningKeyRepository,
    private readonly keyring: Keyring,
    private readonly jwt: JwtService,
    private readonly config: Config,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.refresh();
    this.schedulePoll();
  }

  onApplicationShutdown(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** Adds issuer, audience, `iat` and `exp` to the claims. */
  sign(claims: object, { typ, expiresInSeconds, audience = this.config.audience }: TokenOptions): string {
    return this.jwt.sign(claims, {
      algorithm: 'ES256',
      privateKey: this.current?.privateKey,
      keyid: this.current?.row.kid,
      header: { alg: 'ES256', typ },
      issuer: this.config.publicUrl,
      audience,
      expiresIn: expiresInSeconds,
    });
  }

  /**
   * The claims of a valid token of this kind, or null. The token's header selects one of the
   * published keys and nothing else. Algorithm, issuer, audience and kind are fixed here (RFC 8725,
   * section 3).
   */
  verify<Kind extends Claims = Claims>(
    token: string,
    { typ, audience = this.config.audience, acceptsExpired }: VerifyOptions<Kind>,
  ): Kind | null {
    const digest = hash('sha256', `${audience} ${token}`, 'base64');
    let verified = this.verified.get(digest);
    if (!verified) {
      verified = this.verifySignature(token, typ, audience);
      if (!verified) return null;
      this.verified.set(digest, verified);
    }
    const claims = verified.claims as Kind;
    const isValid = verified.typ === typ && this.verifiers.has(verified.kid) && hasValidDates(claims);
    return isValid && (!isExpired(claims) || acceptsExpired?.(claims)) ? claims : null;
  }

  private verifySignature(token: string, typ: string, audience: string): Verified | undefined {
    const header = readJoseHeader(token);
    if (header?.alg !== 'ES256' || header.typ !== typ || typeof header.kid !== 'string') return undefined;
    const key = this.verifiers.get(header.kid);
    if (!key) return undefined;
    try {
      const claims = this.jwt.verify<Claims>(token, {
        // JwtService's type allows no KeyObject, but it passes the value on to jsonwebtoken, which
        // does.
        publicKey: key as unknown as Buffer,
        algorithms: ['ES256'],
        issuer: this.config.publicUrl,
        audience,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        // `verify` checks it on every call, also for cached tokens.
        ignoreExpiration: true,
      });
      return { typ, kid: header.kid, claims };
    } catch {
      return undefined;
    }
  }

  /**
   * Reads the keys again if the token names an unknown key, because another process may have
   * created it under a new `APP_SECRET`. Made-up key ids cause this too, so it happens once in
   * RELOAD_PAUSE_MS at most; requests that come during a read wait for it. Returns whether the key
   * was found.
   */
  async loadKeyOf(token: string): Promise<boolean> {
    const kid = readJoseHeader(token)?.kid;
    if (typeof kid !== 'string' || this.verifiers.has(kid)) return false;
    if (performance.now() - this.reloadedAt >= RELOAD_PAUSE_MS) {
      this.reloadedAt = performance.now();
      this.reloading = this.refresh();
    }
    await this.reloading;
    return this.verifiers.has(kid);
  }

  publicKeys(): PublicJwk[] {
    return this.published;
  }

  /**
   * Removes one key, or all, for good. Its tokens are refused from then on: in this process after the
   * next `refresh`, in the others after their next poll.
   */
  revoke(kid: string | null, manager: EntityManager): Promise<string[]> {
    return this.keys.revoke(manager, kid);
  }

  /**
   * Reads the keys. One read after the other, so that an older one never replaces a newer one. Calls
   * during a read share the next one.
   */
  refresh(): Promise<void> {
    this.nextRead ??= this.reading.then(() => {
      this.nextRead = undefined;
      const read = this.readKeys();
      this.reading = read.catch(() => undefined);
      return read;
    });
    return this.nextRead;
  }

  private schedulePoll(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      void this.poll().then(() => this.schedulePoll());
    }, POLL_MS).unref();
  }

  /** Logs only the first of several failures. */
  private async poll(): Promise<void> {
    try {
      await this.refresh();
      this.isFailing = false;
    } catch {
      if (!this.isFailing && !this.stopped) this.logger.warn({ msg: 'signing keys not refreshed' });
      this.isFailing = true;
    }
  }

  /**
   * Loads the keys of the accepted secrets, and creates the missing ones of this period and the next.
   * Those of the next secret are created as soon as it is known, so that other backends have them
   * when it becomes the current one.
   */
  private async readKeys(): Promise<void> {
    const secretIds = this.keyring.acceptedIds.map((id) => id.toString('hex'));
    let stored = await this.keys.read(secretIds);
    let keys = this.openAll(stored.keys);
    const missing = this.missingKeys(stored.currentPeriod, keys);
    if (missing.length > 0) {
      for (const key of missing) {
        await this.keys.add(
          key,
          stored.keys.find((row) => isSameSlot(row, key)),
        );
      }
      // A key is kept for 30 days after its period. Lasting tokens need it as long as their session
      // lives.
      await this.keys.removeBefore(stored.currentPeriod - 1);
      stored = await this.keys.read(secretIds);
      keys = this.openAll(stored.keys);
    }
    const slot = { period: stored.currentPeriod, secretId: this.keyring.keyId };
    const current = keys.find(({ row }) => isSameSlot(row, slot));
    if (!current) throw new Error('The signing key was not stored.');
    this.current = current;
    this.published = keys.map(({ published }) => published);
    this.verifiers = new Map(keys.map(({ row, publicKey }) => [row.kid, publicKey]));
  }

  /** Opens each row once, so that a poll is cheap and a refused row is logged once. */
  private openAll(rows: StoredKey[]): OpenedKey[] {
    const opened = new Map<string, OpenedKey | null>();
    for (const row of rows) {
      const content = JSON.stringify([...boundTo(row), row.privateSealed.toString('base64')]);
      const known = this.opened.get(content);
      opened.set(content, known === undefined ? this.open(row) : known);
    }
    this.opened = opened;
    return [...opened.values()].filter((key) => key !== null);
  }

  /**
   * Null for a row that was not written with the `APP_SECRET`, or was copied or changed afterwards.
   * Nothing but the sealed private key is trusted: the public key is derived from it.
   */
  private open(row: StoredKey): OpenedKey | null {
    try {
      const privateKey = createPrivateKey(this.keyring.open(row.privateSealed, ...boundTo(row)));
      const publicKey = createPublicKey(privateKey);
      const jwk = publicJwkOf(publicKey);
      if (thumbprint(jwk) !== row.kid) throw new Error('the kid is not the thumbprint');
      return { row, privateKey, publicKey, published: { ...jwk, kid: row.kid, alg: 'ES256', use: 'sig' } };
    } catch {
      const { period, secretId, kid } = row;
      this.logger.error({
        msg: 'a row of signing_keys was not written by this server and is ignored',
        period,
        secretId,
        kid: kid.slice(0, 64),
      });
      return null;
    }
  }

  private missingKeys(currentPeriod: number, keys: OpenedKey[]): StoredKey[] {
    const owners = this.keyring.next ? [this.keyring, this.keyring.next] : [this.keyring];
    return owners
      .flatMap((keyring) => [currentPeriod, currentPeriod + 1].map((period) => ({ keyring, period })))
      .filter(
        ({ keyring, period }) =>
          !keys.some(({ row }) => isSameSlot(row, { period, secretId: keyring.keyId })),
      )
      .map(({ keyring, period }) => newKey(keyring, period));
  }
}

type Slot = Pick<StoredKey, 'period' | 'secretId'>;

function isSameSlot(a: Slot, b: Slot): boolean {
  return a.period === b.period && a.secretId === b.secretId;
}

function newKey(keyring: Keyring, period: number): StoredKey {
  const { kid, privatePem } = generateKeyPair();
  const row = { period, secretId: keyring.keyId, kid };
  return { ...row, privateSealed: keyring.seal(privatePem, ...boundTo(row)) };
}

/** What the seal of a private key is bound to: all other columns that are read. */
export function boundTo({ period, secretId, kid }: Omit<StoredKey, 'privateSealed'>): string[] {
  return ['signing key', String(period), secretId, kid];
}

/**
 * jsonwebtoken also accepts a token without `exp`, with an `exp` of 1e400, and with a future `iat`.
 */
function hasValidDates({ iat, exp }: Claims): boolean {
  return (
    Number.isSafeInteger(exp) && Number.isSafeInteger(iat) && iat <= secondsNow() + CLOCK_TOLERANCE_SECONDS
  );
}

function isExpired({ exp }: Claims): boolean {
  return secondsNow() >= exp + CLOCK_TOLERANCE_SECONDS;
}

function secondsNow(): number {
  return Math.floor(Date.now() / 1000);
}
