import { Injectable } from '@nestjs/common';
import { InjectThrottlerStorage, minutes, type ThrottlerStorage } from '@nestjs/throttler';
import { networkOf } from '../common/client-network.js';
import { Config } from '../config/config.js';
import { CommonError } from './common.errors.js';

const REQUESTS_PER_USER = 600;
const FAILED_TOKENS_PER_NETWORK = 60;

/**
 * Limits per minute that need to know whether the access token is valid. Counted where the limit per
 * address is counted, and off together with it (`IP_RATE_LIMIT=0`).
 */
@Injectable()
export class RequestLimits {
  constructor(
    @InjectThrottlerStorage() private readonly storage: ThrottlerStorage,
    private readonly config: Config,
  ) {}

  /** Counts a request with a valid token, and throws if its user has sent too many. */
  countRequest(userId: string): Promise<void> {
    return this.count('user', userId, REQUESTS_PER_USER);
  }

  /**
   * Counts an invalid token, and throws if its network has sent too many. Requests with a valid token
   * never come here, so many people can share one network.
   */
  countFailedToken(ip: string): Promise<void> {
    return this.count('token', networkOf(ip), FAILED_TOKENS_PER_NETWORK);
  }

  private async count(name: string, subject: string, limit: number): Promise<void> {
    if (this.config.IP_RATE_LIMIT === 0) return;
    const key = `${name} ${subject}`;
    const minute = minutes(1);
    const { isBlocked, timeToBlockExpire } = await this.storage.increment(key, minute, limit, minute, name);
    if (isBlocked) throw CommonError.rateLimited(Math.max(1, timeToBlockExpire));
  }
}
