import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { CommonError } from './common.errors.js';

export type Role = 'user' | 'admin';

/** The session that a request's access token belongs to. */
export interface Caller {
  userId: string;
  sessionId: string;
  roles: Role[];
  /** Signed in within the last ten minutes. */
  recentlyAuthenticated: boolean;
}

export const PUBLIC = 'public';
export const ANYONE = 'anyone';
export const OPTIONAL = 'or signed in';
export const BODY_CREDENTIALS = 'credentials in the body';
export const ROLES = 'roles';
export const BARE_TOKEN = 'bare token';

/** Anyone may call the route. Without this decorator a request needs an access token. */
export const Public = () => SetMetadata(PUBLIC, ANYONE);

/**
 * Anyone may call the route. An access token is optional, but an invalid one is rejected. A body with
 * one of the `bodyCredentials` decides alone: the header is then not read, because many clients send
 * a token with every request, also after it has ended.
 */
export const OptionallySignedIn = (...bodyCredentials: string[]) =>
  applyDecorators(SetMetadata(PUBLIC, OPTIONAL), SetMetadata(BODY_CREDENTIALS, bodyCredentials));

/**
 * Only users with one of the roles may call the route. A route that changes something also needs a
 * sign-in within ten minutes, so that an old session of an administrator is no use to a thief.
 */
export const Roles = (...roles: Role[]) => SetMetadata(ROLES, roles);

/**
 * For clients of an older system, which send `Authorization: <token>` without `Bearer` and never
 * refresh it. A sign-in here returns a lasting token: routes with this mark accept it as long as its
 * session lives, even after its `exp`. Other routes and other backends go by `exp`.
 */
export const BareToken = () => SetMetadata(BARE_TOKEN, true);

export type RequestWithCaller = FastifyRequest & { caller?: Caller };

/** The signed-in caller, which the access guard has added to the request. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<RequestWithCaller>();
  if (!caller) throw CommonError.internal();
  return caller;
});

/** The caller of a route that works with and without an access token. */
export const OptionalCaller = createParamDecorator(
  (_: unknown, context: ExecutionContext): Caller | undefined =>
    context.switchToHttp().getRequest<RequestWithCaller>().caller,
);
