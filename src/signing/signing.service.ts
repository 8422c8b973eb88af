import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { Keyring } from '../common/keyring.js';
import { Config } from '../config/config.js';
import type { EcPublicJwk } from './signing-key.entity.js';
import { SigningKeyRepository } from './signing-key.repository.js';

/** A public key as published (RFC 7517). */
export class PublicJwk {
  /** @example "EC" */
  kty!: string;
  /** @example "P-256" */
  crv!: string;
  /** @example "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU" */
  x!: string;
  /** @example "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" */
  y!: string;
  /** Names the key in a token's header. */
  kid!: string;
  /** @example "ES256" */
  alg!: string;
  /** @example "sig" */
  use!: string;
}

interface TokenOptions {
  /** Explicit type, so that no kind of token passes for another (RFC 8725, section 3.11). */
  typ: string;
  expiresInSeconds: number;
}

const REFRESH_MS = 10 * 60 * 1000;

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
  private timer?: NodeJS.Timeout;

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
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}
