import { Injectable, type ExecutionContext } from '@nestjs/common';
import { ThrottlerGuard, type ThrottlerLimitDetail } from '@nestjs/throttler';
import { PUBLIC } from './access.js';
import { CommonError } from './common.errors.js';

/**
 * One budget per address over all public routes; an IPv6 address counts as its /64. Whoever shows an access token is
 * known by more than an address, which an office or a mobile network shares among many.
 */
@Injectable()
export class AddressLimitGuard extends ThrottlerGuard {
  protected override shouldSkip(context: ExecutionContext): Promise<boolean> {
    const isPublic = this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC, [
      context.getHandler(),
      context.getClass(),
    ]);
    return Promise.resolve(!isPublic);
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
