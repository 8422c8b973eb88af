import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, type KeyObject } from 'node:crypto';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { LRUCache } from 'lru-cache';
import { Keyring } from '../common/keyring.js';
import { Config } from '../config/config.js';
import type { PublicJwk } from './jwks.dto.js';
import type { EcPublicJwk } from './signing-key.entity.js';
import { SigningKeyRepository } from './signing-key.repository.js';

interface TokenOptions {
  /** Explicit type, so that no kind of token passes for another (RFC 8725, section 3.11). */
  typ: string;
  expiresInSeconds: number;
}

/** What every token of ours says; each kind adds its own. */
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
const LEARN_MS = 5_000;
/** How far the clocks of two of our processes may differ. */
const CLOCK_TOLERANCE_SECONDS = 30;
/** About 5 MB. A token comes with every request of its session. */
const MAX_VERIFIED = 10_000;
/** All that the header of a token of ours holds. Whatever names a key (jku, jwk, x5c) or asks for more (crit) is refused. */
const HEADER_FIELDS = new Set(['alg', 'typ', 'kid']);

/**
 * Signs tokens (ES256) with the key of the current period. Keys are made ahead, one period before their use, so that
 * whoever caches the published set knows a key before meeting it.
 */
@Injectable()
export class SigningService implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('Signing');
  private kid = '';
  private privateKey?: KeyObject;
  private published: PublicJwk[] = [];
  private verifiers = new Map<string, KeyObject>();
  /** Tokens whose signature was found right before, by their SHA-256: that does not change. All else is looked at again. */
  private readonly verified = new LRUCache<string, Verified>({ max: MAX_VERIFIED });
  private timer?: NodeJS.Timeout;
  private learnedAt = -Infinity;
  private learning?: Promise<void>;

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

  /** A signed token with issuer, audience and times. */
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
   * What a token of this kind that we signed says, while it is valid; null for any other. Its header chooses nothing but
   * one of our own published keys: algorithm, issuer, audience and kind are ours to say (RFC 8725, section 3).
   */
  verify<Kind extends Claims = Claims>(token: string, { typ }: Pick<TokenOptions, 'typ'>): Kind | null {
    const digest = hash('sha256', token, 'base64');
    let known = this.verified.get(digest);
    if (!known) {
      known = this.verifySignature(token, typ);
      if (!known) return null;
      this.verified.set(digest, known);
    }
    const isValid = known.typ === typ && this.verifiers.has(known.kid) && isCurrent(known.claims);
    return isValid ? (known.claims as Kind) : null;
  }

  private verifySignature(token: string, typ: string): Verified | undefined {
    const header = headerOf(token);
    if (header?.alg !== 'ES256' || header.typ !== typ || typeof header.kid !== 'string') return undefined;
    const key = this.verifiers.get(header.kid);
    if (!key) return undefined;
    try {
      const claims = this.jwt.verify<Claims>(token, {
        // JwtService's type is narrower than what it passes on to jsonwebtoken, which keeps a KeyObject as it is.
        publicKey: key as unknown as Buffer,
        algorithms: ['ES256'],
        issuer: this.config.publicUrl,
        audience: this.config.audience,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
      });
      return { typ, kid: header.kid, claims };
    } catch {
      return undefined;
    }
  }

  /**
   * Reads the keys again when a token names one that this process does not know: another may have started under a new
   * `APP_SECRET`. Strangers make up names too, so this happens every few seconds at most; requests that come meanwhile
   * wait for it. Says whether it is known now.
   */
  async loadKeyOf(token: string): Promise<boolean> {
    const kid = headerOf(token)?.kid;
    if (typeof kid !== 'string' || this.verifiers.has(kid)) return false;
    if (performance.now() - this.learnedAt >= LEARN_MS) {
      this.learnedAt = performance.now();
      this.learning = this.refresh();
    }
    await this.learning;
    return this.verifiers.has(kid);
  }

  publicKeys(): PublicJwk[] {
    return this.published;
  }

  /** Makes what is missing for this period and the next, drops what no token needs, and reads the rest. */
  private async refresh(): Promise<void> {
    const period = await this.keys.currentPeriod();
    const own = (await this.keys.list()).filter(({ secretId }) => secretId === this.keyring.keyId);
    for (const wanted of [period, period + 1]) {
      if (!own.some((key) => key.period === wanted)) await this.keys.add(this.generate(wanted));
    }
    await this.keys.removeBefore(period - 1);

    const all = await this.keys.list();
    const current = all.find((key) => key.period === period && key.secretId === this.keyring.keyId);
    if (!current) throw new Error('no signing key');
    this.privateKey = createPrivateKey(this.keyring.open(current.privateSealed, 'signing key', current.kid));
    this.kid = current.kid;
    this.published = all.map(({ kid, publicJwk }) => ({ ...publicJwk, kid, alg: 'ES256', use: 'sig' }));
    this.verifiers = new Map(
      all.map(({ kid, publicJwk }) => [kid, createPublicKey({ key: publicJwk, format: 'jwk' })]),
    );
  }

  private generate(period: number) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const publicJwk = publicKey.export({ format: 'jwk' }) as EcPublicJwk;
    const kid = thumbprint(publicJwk);
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    return {
      period,
      secretId: this.keyring.keyId,
      kid,
      publicJwk,
      privateSealed: this.keyring.seal(pem, 'signing key', kid),
    };
  }
}

/** The key's own name (RFC 7638). */
function thumbprint({ crv, kty, x, y }: EcPublicJwk): string {
  return hash('sha256', JSON.stringify({ crv, kty, x, y }), 'base64url');
}

/** The header of a compact JWS, or null when it cannot be read or holds what we never write. */
function headerOf(token: string): Record<string, unknown> | null {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString());
    if (typeof header !== 'object' || header === null || Array.isArray(header)) return null;
    return Object.keys(header).every((name) => HEADER_FIELDS.has(name))
      ? (header as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/** jsonwebtoken takes a token without an end, one that ends at 1e400, and one from the future. */
function isCurrent({ iat, exp }: Claims): boolean {
  const now = Math.floor(Date.now() / 1000);
  return (
    Number.isSafeInteger(exp) &&
    Number.isSafeInteger(iat) &&
    iat <= now + CLOCK_TOLERANCE_SECONDS &&
    now < exp + CLOCK_TOLERANCE_SECONDS
  );
}
