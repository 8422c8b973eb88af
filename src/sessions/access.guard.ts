import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import {
  ANYONE,
  BARE_TOKEN,
  OPTIONAL,
  PUBLIC,
  ROLES,
  type RequestWithCaller,
  type Role,
} from '../http/access.js';
import { CommonError } from '../http/common.errors.js';
import { SessionsService } from './sessions.service.js';

const BEARER = /^bearer +([\w.-]+) *$/i;
const BARE = /^(?:bearer +)?([\w.-]+) *$/i;

/** Lets nobody in without a live session, except where a route says so. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly sessions: SessionsService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<RequestWithCaller>();
    const open = this.metadata<typeof ANYONE | typeof OPTIONAL>(PUBLIC, context);
    if (open === ANYONE || (open && !request.headers.authorization)) return true;
    const form = this.metadata<boolean>(BARE_TOKEN, context) ? BARE : BEARER;
    const token = form.exec(request.headers.authorization ?? '')?.[1];
    // A database that cannot be asked throws: the answer is 503, never "valid".
    const caller = token && (await this.sessions.authenticate(token));
    if (!caller) throw CommonError.unauthorized();
    const allowed = this.metadata<Role[]>(ROLES, context);
    if (allowed && !allowed.some((role) => caller.roles.includes(role))) throw CommonError.forbidden();
    request.caller = caller;
    return true;
  }

  private metadata<T>(key: string, context: ExecutionContext): T | undefined {
    return this.reflector.getAllAndOverride<T | undefined>(key, [context.getHandler(), context.getClass()]);
  }
}
