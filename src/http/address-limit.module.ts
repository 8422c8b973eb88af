import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { minutes, ThrottlerModule } from '@nestjs/throttler';
import { Keyring } from '../common/keyring.js';
import { Config } from '../config/config.js';
import { AddressLimitGuard } from './address-limit.guard.js';
import { RequestLimits } from './request-limits.js';
import { ThrottledRequestLimits } from './throttled-request-limits.js';

/**
 * Limits the requests per minute: public ones from one address (`IP_RATE_LIMIT`), those of one user,
 * and invalid tokens. Requests are counted before their fields are validated: in Redis for all
 * processes if `REDIS_URL` is set, else in each process. `RequestLimits` counts in the same place.
 */
@Global()
@Module({
  imports: [
    ThrottlerModule.forRootAsync({
      inject: [Config, Keyring],
      useFactory: async ({ IP_RATE_LIMIT: limit, REDIS_URL: redis }: Config, keyring: Keyring) => ({
        throttlers: [{ ttl: minutes(1), limit }],
        skipIf: () => limit === 0,
        setHeaders: false,
        storage: redis && limit > 0 ? await redisStorage(redis, keyring) : undefined,
      }),
    }),
  ],
  providers: [
    { provide: APP_GUARD, useClass: AddressLimitGuard },
    { provide: RequestLimits, useClass: ThrottledRequestLimits },
  ],
  exports: [RequestLimits],
})
export class AddressLimitModule {}

/** Loads the Redis client only if it is needed, because it is large. */
async function redisStorage(url: string, keyring: Keyring) {
  const { RedisThrottlerStorage } = await import('./redis.throttler-storage.js');
  return new RedisThrottlerStorage(url, keyring);
}
