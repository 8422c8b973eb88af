import { InjectThrottlerStorage, minutes, type ThrottlerStorage } from '@nestjs/throttler';
import { Injectable } from '@nestjs/common';
import { networkOf } from '../common/client-network.js';
import { Config } from '../config/config.js';
import { CommonError } from './common.errors.js';
import { NetworkLimits } from './network-limits.js';

/** Counts where `IP_RATE_LIMIT` is counted. Off when that is 0. */
@Injectable()
export class ThrottledNetworkLimits extends NetworkLimits {
  constructor(
    @InjectThrottlerStorage() private readonly storage: ThrottlerStorage,
    private readonly config: Config,
  ) {
    super();
  }

  async spend(what: string, ip: string, limit: number): Promise<void> {
    if (this.config.IP_RATE_LIMIT === 0) return;
    const minute = minutes(1);
    const key = `${what} ${networkOf(ip)}`;
    const { isBlocked, timeToBlockExpire } = await this.storage.increment(key, minute, limit, minute, what);
    if (isBlocked) throw CommonError.rateLimited(Math.max(1, timeToBlockExpire));
  }
}
