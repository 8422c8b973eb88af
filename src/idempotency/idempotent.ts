import { applyDecorators, UseInterceptors } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';

/** For a route that sends a code: with an `Idempotency-Key`, a repeated request sends nothing again. */
export const Idempotent = () =>
  applyDecorators(
    UseInterceptors(IdempotencyInterceptor),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        'A key of your choice for this request, such as a UUID. If the reply is lost, repeat the request ' +
        'with the same key and body: for ten minutes it gets the first reply, and nothing is sent again.',
      schema: { type: 'string', maxLength: 257 },
      example: '"8e03978e-40d5-43e8-bc93-6894a57f9324"',
    }),
  );
