import { Global, Module } from '@nestjs/common';
import { IdempotencyKeyRepository } from './idempotency-key.repository.js';
import { IdempotencyKeys } from './idempotency.service.js';

/** For the interceptor, which each module with an `@Idempotent()` route creates for itself. */
@Global()
@Module({ providers: [IdempotencyKeys, IdempotencyKeyRepository], exports: [IdempotencyKeys] })
export class IdempotencyModule {}
