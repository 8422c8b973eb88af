import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { matchesOrigin, originMatcher } from '../common/origin.js';
import { Config } from '../config/config.js';
import type { RequestWithApplication } from '../http/client.js';
import { RequestLimits } from '../http/request-limits.js';
import { APPLICATION_ACCESS, type ApplicationAccess } from './application-access.js';
import { ApplicationError } from './applications.errors.js';

/** Refuses what the calling application may not do. Runs after the limit per address. */
@Injectable()
export class ApplicationAccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly config: Config,
    private readonly limits: RequestLimits,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<RequestWithApplication>();
    const { application, headers } = request;
    if (application?.kind === 'browser' && headers.origin !== undefined) {
      if (!matchesOrigin(headers.origin, application.origins.map(originMatcher)))
        throw ApplicationError.originNotAllowed();
    }
    const access = this.reflector.getAllAndOverride<ApplicationAccess | undefined>(APPLICATION_ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (access === undefined || application) return true;
    if (request.hasWrongApplication) {
      await this.limits.countFailedToken(request.ip);
      throw ApplicationError.invalid();
    }
    if (access === 'required' && this.config.API_ACCESS === 'applications') throw ApplicationError.required();
    return true;
  }
}
