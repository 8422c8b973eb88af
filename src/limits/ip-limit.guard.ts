import { Injectable, type ExecutionContext } from '@nestjs/common';
import { ThrottlerGuard, type ThrottlerLimitDetail } from '@nestjs/throttler';
import { CommonError } from '../common/common.errors.js';

/** One budget per address over all limited routes; an IPv6 address counts as its /64. */
@Injectable()
export class IpLimitGuard extends ThrottlerGuard {
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
