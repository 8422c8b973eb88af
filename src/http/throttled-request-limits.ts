import { Injectable } from '@nestjs/common';
import { InjectThrottlerStorage, minutes, type ThrottlerStorage } from '@nestjs/throttler';
import { networkOf } from '../common/client-network.js';
import { Config } from '../config/config.js';
import { CommonError } from './common.errors.js';
import { RequestLimits } from './request-limits.js';

const REQUESTS_PER_USER = 600;
const FAILED_TOKENS_PER_NETWORK = 60;
const HASHES_PER_NETWORK = 30;

/** Counts where the limit per address is counted. Off together with it (`IP_RATE_LIMIT=0`). */
@Injectable()
export class ThrottledRequestLimits extends RequestLimits {
  constructor(
    @InjectThrottlerStorage() private readonly storage: ThrottlerStorage,
    private readonly config: Config,
  ) {
    super();
  }

  countRequest(userId: string): Promise<void> {
    return this.count('user', userId, REQUESTS_PER_USER);
  }

  countFailedToken(ip: string): Promise<void> {
    return this.count('token', networkOf(ip), FAILED_TOKENS_PER_NETWORK);
  }

  countHash(ip: string): Promise<void> {
    return this.count('hash', networkOf(ip), HASHES_PER_NETWORK);
  }

  private async count(name: string, subject: string, limit: number): Promise<void> {
    if (this.config.IP_RATE_LIMIT === 0) return;
    const key = `${name} ${subject}`;
    const minute = minutes(1);
    const { isBlocked, timeToBlockExpire } = await this.storage.increment(key, minute, limit, minute, name);
    if (isBlocked) throw CommonError.rateLimited(Math.max(1, timeToBlockExpire));
  }
}
