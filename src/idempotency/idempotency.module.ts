import { Global, Module } from '@nestjs/common';
import { IdempotencyKeyRepository } from './idempotency-key.repository.js';
import { IdempotencyKeys } from './idempotency.service.js';
import { IdempotentRequests } from './idempotent-requests.service.js';

@Global()
@Module({
  providers: [IdempotentRequests, IdempotencyKeys, IdempotencyKeyRepository],
  exports: [IdempotentRequests],
})
export class IdempotencyModule {}
