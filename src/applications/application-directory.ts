import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { matchesOrigin, originMatcher } from '../common/origin.js';
import type { ClientApplication } from '../http/client.js';
import { ApplicationRepository, type AuthenticationRow } from './application.repository.js';
import { acceptsSecret, isApplicationId, type Credentials } from './application-credentials.js';

/** A process notices within this time that an application was changed. */
const CACHE_MS = 3_000;
const MAX_CACHED = 1_000;

/** Recognises the applications that call, with a short cache in each process. */
@Injectable()
export class ApplicationDirectory {
  private readonly cache = new LRUCache<string, AuthenticationRow>({ max: MAX_CACHED, ttl: CACHE_MS });
  private origins: (string | RegExp)[] = [];
  private originsReadAt = -Infinity;
  private readingOrigins?: Promise<void>;

  constructor(private readonly applications: ApplicationRepository) {}

  /**
   * The enabled application with these credentials, or null. A refusal is never cached, so a new
   * application and a new secret work at once in every process.
   */
  async authenticate(credentials: Credentials): Promise<ClientApplication | null> {
    const { id } = credentials;
    if (!isApplicationId(id)) return null;
    const cached = this.cache.get(id);
    if (cached && isAccepted(cached, credentials)) return clientOf(cached);
    const read = await this.read(id);
    return read && isAccepted(read, credentials) ? clientOf(read) : null;
  }

  /** `aud` of the proofs of an application; null if it has none of its own or was deleted. */
  async audienceOf(id: string): Promise<string | null> {
    const application = this.cache.get(id) ?? (await this.read(id));
    return application?.audience ?? null;
  }

  /** Whether an enabled browser application has the origin. If the database is down, as last read. */
  async allowsOrigin(origin: string): Promise<boolean> {
    if (performance.now() - this.originsReadAt > CACHE_MS)
      await (this.readingOrigins ??= this.readOrigins().finally(() => (this.readingOrigins = undefined)));
    return matchesOrigin(origin, this.origins);
  }

  /** This process sees a change at once. */
  forget(id: string): void {
    this.cache.delete(id);
    this.originsReadAt = -Infinity;
  }

  private async read(id: string): Promise<AuthenticationRow | null> {
    const row = await this.applications.authentication(id);
    if (row) this.cache.set(id, row);
    else this.cache.delete(id);
    return row;
  }

  private async readOrigins(): Promise<void> {
    this.originsReadAt = performance.now();
    const origins = await this.applications.origins().catch(() => null);
    if (origins) this.origins = origins.map(originMatcher);
  }
}

function isAccepted(row: AuthenticationRow, { secret }: Credentials): boolean {
  if (row.disabled) return false;
  return secret === undefined ? row.kind === 'browser' : row.kind === 'server' && acceptsSecret(row, secret);
}

function clientOf(row: AuthenticationRow): ClientApplication {
  const { id, kind, limits, purposes, channels, countries, origins, audience } = row;
  const { brandName, smsHost } = row;
  return { id, kind, limits, purposes, channels, countries, origins, audience, brandName, smsHost };
}
