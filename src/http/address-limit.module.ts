import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { minutes, ThrottlerModule } from '@nestjs/throttler';
import { Keyring } from '../common/keyring.js';
import { Config } from '../config/config.js';
import { AddressLimitGuard } from './address-limit.guard.js';

/**
 * Requests a minute from one address (`IP_RATE_LIMIT`), counted before its fields are looked at, in this process or
 * (`REDIS_URL`) over all of them.
 */
@Module({
  imports: [
    ThrottlerModule.forRootAsync({
      inject: [Config, Keyring],
      useFactory: async ({ IP_RATE_LIMIT: limit, REDIS_URL: redis }: Config, keyring: Keyring) => ({
        throttlers: [{ ttl: minutes(1), limit }],
        skipIf: () => limit === 0,
        setHeaders: false,
        storage: redis && limit > 0 ? await inRedis(redis, keyring) : undefined,
      }),
    }),
  ],
  providers: [{ provide: APP_GUARD, useClass: AddressLimitGuard }],
})
export class AddressLimitModule {}

/** Loaded where it is used: the client is large. */
async function inRedis(url: string, keyring: Keyring) {
  const { RedisThrottlerStorage } = await import('./redis.throttler-storage.js');
  return new RedisThrottlerStorage(url, keyring);
}
