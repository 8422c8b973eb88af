import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { minutes, ThrottlerModule } from '@nestjs/throttler';
import { Config } from '../config/config.js';
import { IpLimitGuard } from './ip-limit.guard.js';

/** Requests a minute from one address (`IP_RATE_LIMIT`), counted before its fields are looked at. */
@Module({
  imports: [
    ThrottlerModule.forRootAsync({
      inject: [Config],
      useFactory: ({ IP_RATE_LIMIT: limit }: Config) => ({
        throttlers: [{ ttl: minutes(1), limit }],
        skipIf: () => limit === 0,
        setHeaders: false,
      }),
    }),
  ],
  providers: [{ provide: APP_GUARD, useClass: IpLimitGuard }],
})
export class LimitsModule {}
