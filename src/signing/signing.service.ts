import { createPrivateKey, createPublicKey, hash, type KeyObject } from 'node:crypto';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { LRUCache } from 'lru-cache';
import { Keyring } from '../common/keyring.js';
import { Config } from '../config/config.js';
import { readJoseHeader } from './jose-header.js';
import type { PublicJwk } from './jwks.dto.js';
import { generateKeyPair } from './key-pair.js';
import { SigningKeyRepository } from './signing-key.repository.js';

interface TokenOptions {
  /**
   * Explicit type, so that one kind of token is not accepted as another (RFC 8725, section 3.11).
   */
  typ: string;
  expiresInSeconds: number;
}

interface VerifyOptions<Kind> {
  typ: string;
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

const REFRESH_MS = 10 * 60 * 1000;
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
  private kid = '';
  private privateKey?: KeyObject;
  private published: PublicJwk[] = [];
  private verifiers = new Map<string, KeyObject>();
  /**
   * Tokens with a valid signature, by their SHA-256. Kind, key and times are checked on every call.
   */
  private readonly verified = new LRUCache<string, Verified>({ max: MAX_VERIFIED });
  private timer?: NodeJS.Timeout;
  private reloadedAt = -Infinity;
  private reloading?: Promise<void>;

  constructor(
    private readonly keys: SigningKeyRepository,
    private readonly keyring: Keyring,
    private readonly jwt: JwtService,
    private readonly config: Config,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.refresh();
    this.timer = setInterval(() => {
      this.refresh().catch(() => this.logger.warn({ msg: 'signing keys not refreshed' }));
    }, REFRESH_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Adds issuer, audience, `iat` and `exp` to the claims. */
  sign(claims: object, { typ, expiresInSeconds }: TokenOptions): string {
    return this.jwt.sign(claims, {
      algorithm: 'ES256',
      privateKey: this.privateKey,
      keyid: this.kid,
      header: { alg: 'ES256', typ },
      issuer: this.config.publicUrl,
      audience: this.config.audience,
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
    { typ, acceptsExpired }: VerifyOptions<Kind>,
  ): Kind | null {
    const digest = hash('sha256', token, 'base64');
    let verified = this.verified.get(digest);
    if (!verified) {
      verified = this.verifySignature(token, typ);
      if (!verified) return null;
      this.verified.set(digest, verified);
    }
    const claims = verified.claims as Kind;
    const isValid = verified.typ === typ && this.verifiers.has(verified.kid) && hasValidDates(claims);
    return isValid && (!isExpired(claims) || acceptsExpired?.(claims)) ? claims : null;
  }

  private verifySignature(token: string, typ: string): Verified | undefined {
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
        audience: this.config.audience,
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
   * Creates the missing keys of this period and the next, removes keys no token needs, and loads
   * the rest.
   */
  private async refresh(): Promise<void> {
    const period = await this.keys.currentPeriod();
    const keys = await this.keys.list();
    const ownKeys = keys.filter(({ secretId }) => secretId === this.keyring.keyId);
    for (const wanted of [period, period + 1]) {
      if (!ownKeys.some((key) => key.period === wanted)) await this.keys.add(this.generate(wanted));
    }
    // A key is kept for 30 days after its period. Lasting tokens need it as long as their session lives.
    await this.keys.removeBefore(period - 1);

    const all = await this.keys.list();
    const current = all.find((key) => key.period === period && key.secretId === this.keyring.keyId);
    if (!current) throw new Error('The signing key was not stored.');
    this.privateKey = createPrivateKey(this.keyring.open(current.privateSealed, 'signing key', current.kid));
    this.kid = current.kid;
    this.published = all.map(({ kid, publicJwk }) => ({ ...publicJwk, kid, alg: 'ES256', use: 'sig' }));
    this.verifiers = new Map(
      all.map(({ kid, publicJwk }) => [kid, createPublicKey({ key: publicJwk, format: 'jwk' })]),
    );
  }

  private generate(period: number) {
    const { kid, publicJwk, privatePem } = generateKeyPair();
    return {
      period,
      secretId: this.keyring.keyId,
      kid,
      publicJwk,
      privateSealed: this.keyring.seal(privatePem, 'signing key', kid),
    };
  }
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
