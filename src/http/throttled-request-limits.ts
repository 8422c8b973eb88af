import { Injectable } from '@nestjs/common';
import { InjectThrottlerStorage, minutes, type ThrottlerStorage } from '@nestjs/throttler';
import type { FastifyReply } from 'fastify';
import { networkOf } from '../common/client-network.js';
import { Config } from '../config/config.js';
import { CommonError } from './common.errors.js';
import { addQuota, type Quota } from './rate-limit-headers.js';
import { RequestLimits } from './request-limits.js';

const REQUESTS_PER_USER = 600;
const FAILED_TOKENS_PER_NETWORK = 60;
const HASHES_PER_NETWORK = 30;

type Hits = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/** The use of a limit per minute. */
export function quotaOf(name: Quota['name'], limit: number, hits: Hits): Quota {
  const { totalHits, isBlocked, timeToExpire, timeToBlockExpire } = hits;
  return {
    name,
    limit,
    remaining: isBlocked ? 0 : Math.max(0, limit - totalHits),
    windowSeconds: 60,
    resetSeconds: Math.max(1, isBlocked ? timeToBlockExpire : timeToExpire),
  };
}

/** Counts where the limit per address is counted. Off together with it (`IP_RATE_LIMIT=0`). */
@Injectable()
export class ThrottledRequestLimits extends RequestLimits {
  constructor(
    @InjectThrottlerStorage() private readonly storage: ThrottlerStorage,
    private readonly config: Config,
  ) {
    super();
  }

  async countRequest(userId: string, reply: FastifyReply): Promise<void> {
    const hits = await this.hit('user', userId, REQUESTS_PER_USER);
    if (!hits) return;
    addQuota(reply, quotaOf('user', REQUESTS_PER_USER, hits));
    refuseIfBlocked(hits);
  }

  countFailedToken(ip: string): Promise<void> {
    return this.count('token', networkOf(ip), FAILED_TOKENS_PER_NETWORK);
  }

  countHash(ip: string): Promise<void> {
    return this.count('hash', networkOf(ip), HASHES_PER_NETWORK);
  }

  private async count(name: string, subject: string, limit: number): Promise<void> {
    const hits = await this.hit(name, subject, limit);
    if (hits) refuseIfBlocked(hits);
  }

  private async hit(name: string, subject: string, limit: number): Promise<Hits | null> {
    if (this.config.IP_RATE_LIMIT === 0) return null;
    const minute = minutes(1);
    return this.storage.increment(`${name} ${subject}`, minute, limit, minute, name);
  }
}

function refuseIfBlocked({ isBlocked, timeToBlockExpire }: Hits): void {
  if (isBlocked) throw CommonError.rateLimited(Math.max(1, timeToBlockExpire));
}
