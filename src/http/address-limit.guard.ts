import { Injectable, type ExecutionContext } from '@nestjs/common';
import { ThrottlerGuard, type ThrottlerRequest } from '@nestjs/throttler';
import type { FastifyReply } from 'fastify';
import { PUBLIC } from './access.js';
import type { RequestWithApplication } from './client.js';
import { CommonError } from './common.errors.js';
import { addQuota } from './rate-limit-headers.js';
import { quotaOf } from './throttled-request-limits.js';

/**
 * One limit per client address, shared by all public routes. An IPv6 address counts as its /64.
 * Routes that need an access token have a limit per user instead (`RequestLimits`), because many
 * users of an office or a mobile network share one address. Server applications have their own limits.
 */
@Injectable()
export class AddressLimitGuard extends ThrottlerGuard {
  protected override shouldSkip(context: ExecutionContext): Promise<boolean> {
    const isPublic = this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC, [
      context.getHandler(),
      context.getClass(),
    ]);
    const { application } = context.switchToHttp().getRequest<RequestWithApplication>();
    return Promise.resolve(!isPublic || application?.kind === 'server');
  }

  protected override async handleRequest(request: ThrottlerRequest): Promise<boolean> {
    const { context, limit, ttl, throttler, blockDuration, getTracker } = request;
    const { req, res } = this.getRequestResponse(context);
    const address = await getTracker(req, context);
    const hits = await this.storageService.increment(
      address,
      ttl,
      limit,
      blockDuration,
      throttler.name ?? '',
    );
    const quota = quotaOf('address', limit, hits);
    addQuota(res as unknown as FastifyReply, quota);
    if (hits.isBlocked) throw CommonError.rateLimited(quota.resetSeconds);
    return true;
  }
}
