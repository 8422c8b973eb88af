import { Injectable, type ExecutionContext } from '@nestjs/common';
import { ThrottlerGuard, type ThrottlerLimitDetail } from '@nestjs/throttler';
import { PUBLIC } from './access.js';
import type { RequestWithApplication } from './client.js';
import { CommonError } from './common.errors.js';

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

  protected override generateKey(_context: ExecutionContext, address: string): string {
    return address;
  }

  protected override throwThrottlingException(
    _context: ExecutionContext,
    { timeToBlockExpire }: ThrottlerLimitDetail,
  ): Promise<void> {
    return Promise.reject(CommonError.rateLimited(Math.max(1, timeToBlockExpire)));
  }
}
