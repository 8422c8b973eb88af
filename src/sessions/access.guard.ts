import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import {
  ANYONE,
  BARE_TOKEN,
  BODY_CREDENTIALS,
  OPTIONAL,
  PUBLIC,
  ROLES,
  type RequestWithCaller,
  type Role,
} from '../http/access.js';
import { CommonError } from '../http/common.errors.js';
import { RequestLimits } from '../http/request-limits.js';
import { SessionsService } from './sessions.service.js';

const BEARER = /^bearer +([\w.-]+) *$/i;
const BARE = /^(?:bearer +)?([\w.-]+) *$/i;

/** The credentials of an application, or of something in front of this server. */
const BASIC = /^basic /i;

const READS = new Set(['GET', 'HEAD']);

/** Refuses requests without a live session, except on routes marked `@Public()` and the like. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly sessions: SessionsService,
    private readonly limits: RequestLimits,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<RequestWithCaller>();
    const access = this.metadata<typeof ANYONE | typeof OPTIONAL>(PUBLIC, context);
    if (access === ANYONE) return true;
    const { authorization } = request.headers;
    const hasToken = authorization !== undefined && authorization !== '' && !BASIC.test(authorization);
    if (access === OPTIONAL && (!hasToken || this.bodyDecides(request, context))) return true;
    const acceptsLasting = this.metadata<boolean>(BARE_TOKEN, context) === true;
    const pattern = acceptsLasting ? BARE : BEARER;
    const token = pattern.exec(authorization ?? '')?.[1];
    // Throws while the database is unreachable: the reply is then 503, and the token is never taken
    // as valid.
    const caller = token && (await this.sessions.authenticate(token, { acceptsLasting }));
    if (!caller) {
      // A missing or expired token is no attempt to guess one.
      if (request.headers.authorization && !this.sessions.hasExpired(token ?? '', { acceptsLasting }))
        await this.limits.countFailedToken(request.ip);
      throw CommonError.unauthorized();
    }
    await this.limits.countRequest(caller.userId, context.switchToHttp().getResponse());
    const allowed = this.metadata<Role[]>(ROLES, context);
    if (allowed && !allowed.some((role) => caller.roles.includes(role))) throw CommonError.forbidden();
    if (allowed && !READS.has(request.method) && !caller.recentlyAuthenticated)
      throw CommonError.reauthenticate();
    request.caller = caller;
    return true;
  }

  private bodyDecides({ body }: RequestWithCaller, context: ExecutionContext): boolean {
    const credentials = this.metadata<string[]>(BODY_CREDENTIALS, context) ?? [];
    return credentials.some(
      (field) => (body as Partial<Record<string, unknown>> | null)?.[field] !== undefined,
    );
  }

  private metadata<T>(key: string, context: ExecutionContext): T | undefined {
    return this.reflector.getAllAndOverride<T | undefined>(key, [context.getHandler(), context.getClass()]);
  }
}
