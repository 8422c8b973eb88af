import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { lastValueFrom, of, type Observable } from 'rxjs';
import { AppError } from '../common/app-error.js';
import { networkOf } from '../common/client-network.js';
import type { RequestWithCaller } from '../http/access.js';
import type { RequestWithApplication } from '../http/client.js';
import { readIdempotencyKey } from './idempotency-key.js';
import { IdempotencyKeys, type Answer } from './idempotency.service.js';

type KeyedRequest = RequestWithCaller & RequestWithApplication;

/**
 * Answers a repeated request like the first one (draft-ietf-httpapi-idempotency-key-header). It runs
 * after the guards, so every repetition is authenticated and counted by the limits.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(private readonly keys: IdempotencyKeys) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<KeyedRequest>();
    const header = request.headers['idempotency-key'];
    if (header === undefined) return next.handle();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const claim = await this.keys.claim({
      caller: callerOf(request),
      route: `${request.method} ${request.routeOptions.url}`,
      key: readIdempotencyKey(String(header)),
      body: request.body,
    });
    if ('answer' in claim) return of(replay(claim.answer, reply));
    try {
      const body: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
      await this.keys.complete(claim, { body, cookies: cookiesOf(reply) });
      return of(body);
    } catch (error) {
      await this.keys.fail(claim, error);
      throw error;
    }
  }
}

/** The id of a browser application is public, so its users are told apart by their networks. */
function callerOf({ caller, application, ip }: KeyedRequest): string {
  if (caller) return `user ${caller.userId}`;
  if (application?.kind === 'server') return `application ${application.id}`;
  return `network ${networkOf(ip)} ${application?.id ?? ''}`;
}

function replay(answer: Answer, reply: FastifyReply): unknown {
  if ('problem' in answer) {
    const { kind, code, detail, extra } = answer.problem;
    throw new AppError(kind, code, detail, extra);
  }
  if (answer.cookies !== undefined) void reply.header('set-cookie', answer.cookies);
  return answer.body;
}

function cookiesOf(reply: FastifyReply): string | string[] | undefined {
  const cookies = reply.getHeader('set-cookie');
  return typeof cookies === 'number' ? String(cookies) : cookies;
}
