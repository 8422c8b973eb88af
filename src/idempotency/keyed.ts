import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { RequestWithKey } from './idempotent-requests.service.js';

// Without an example: Swagger UI would send it with every request, as the same key.
const documentHeader = ApiHeader({
  name: 'Idempotency-Key',
  required: false,
  description:
    'A key of your choice for this request, such as a UUID. If the reply is lost, repeat the request ' +
    'with the same key and body: for ten minutes it gets the first reply, and nothing is sent again.',
  schema: { type: 'string', maxLength: 257 },
});

/**
 * For a route that sends a code, which must answer with `IdempotentRequests.once`. Undefined: the
 * request has no `Idempotency-Key`. An interceptor would do without the parameter, but it made every
 * send cost a third more processor time.
 */
export const Keyed = createParamDecorator(
  (_: unknown, context: ExecutionContext): RequestWithKey | undefined => {
    const request = context.switchToHttp().getRequest<RequestWithKey>();
    return request.headers['idempotency-key'] === undefined ? undefined : request;
  },
  [
    (controller: object, method) => {
      const descriptor = Object.getOwnPropertyDescriptor(controller, method as PropertyKey);
      if (descriptor) documentHeader(controller, method as string, descriptor);
    },
  ],
);
