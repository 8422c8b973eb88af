import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { networkOf } from '../common/client-network.js';
import type { RequestWithCaller } from '../http/access.js';
import type { RequestWithApplication } from '../http/client.js';
import { readIdempotencyKey } from './idempotency-key.js';
import { IdempotencyKeys, type Answer } from './idempotency.service.js';

/** A request with an `Idempotency-Key`. */
export type RequestWithKey = RequestWithCaller & RequestWithApplication;

/** Answers a repeated request like the first one (draft-ietf-httpapi-idempotency-key-header). */
@Injectable()
export class IdempotentRequests {
  constructor(private readonly keys: IdempotencyKeys) {}

  /** Runs the request once per key. Without a key it runs each time. */
  async once<Body>(request: RequestWithKey | undefined, run: () => Promise<Body>): Promise<Body> {
    if (!request) return run();
    const claim = await this.keys.claim({
      caller: callerOf(request),
      route: `${request.method} ${request.routeOptions.url}`,
      key: readIdempotencyKey(String(request.headers['idempotency-key'])),
      body: request.body,
    });
    if ('answer' in claim) return replay(claim.answer) as Body;
    try {
      const body = await run();
      await this.keys.complete(claim, { body });
      return body;
    } catch (error) {
      await this.keys.fail(claim, error);
      throw error;
    }
  }
}

/** The id of a browser application is public, so its users are told apart by their networks. */
function callerOf({ caller, application, ip }: RequestWithKey): string {
  if (caller) return `user ${caller.userId}`;
  if (application?.kind === 'server') return `application ${application.id}`;
  return `network ${networkOf(ip)} ${application?.id ?? ''}`;
}

function replay(answer: Answer): unknown {
  if (!('problem' in answer)) return answer.body;
  const { kind, code, detail, extra } = answer.problem;
  throw new AppError(kind, code, detail, extra);
}
