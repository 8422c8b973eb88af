import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { localeFromHeader, type Locale } from '../common/locale.js';
import { BARE_TOKEN } from './access.js';

const MAX_USER_AGENT = 256;

/** What an application may send at most. Null: no limit. */
export interface ApplicationLimits {
  messagesPerMinute: number;
  messagesPerDay: number | null;
  /** In the unit of `PHONE_PRICES`. */
  spendPerDay: number | null;
}

/** The application that a request authenticates as. */
export interface ClientApplication {
  id: string;
  kind: 'server' | 'browser';
  limits: ApplicationLimits;
}

/** The client of a request, for limits and records. */
export interface Client {
  /** The address of the end user, as far as it is known. */
  ip: string;
  /** The request comes from a server application that did not name its user's address. */
  isServerAddress?: boolean;
  /** Undefined: the request does not authenticate as an application. */
  application?: ClientApplication;
  /** As sent in the body, not checked yet. */
  proofOfWork?: string;
  userAgent?: string;
  /** As presented. It is not checked yet and may be unknown. */
  deviceToken?: string;
  /** The first supported language in Accept-Language. */
  locale?: Locale;
  /** Whether a sign-in returns a lasting token, because the client never refreshes. */
  neverRefreshes?: boolean;
}

const reflector = new Reflector();

export const CurrentClient = createParamDecorator((_: unknown, context: ExecutionContext): Client => {
  const { ip, headers, deviceCookie, body } = context.switchToHttp().getRequest<FastifyRequest>();
  const proofOfWork = (body as { proofOfWork?: unknown } | null | undefined)?.proofOfWork;
  const header = headers['x-device-token'];
  return {
    ip,
    proofOfWork: typeof proofOfWork === 'string' ? proofOfWork : undefined,
    // Node accepts 8-bit control characters in headers. A terminal would execute them.
    userAgent: headers['user-agent']?.replace(/\p{Cc}/gu, ' ').slice(0, MAX_USER_AGENT),
    deviceToken: typeof header === 'string' ? header : deviceCookie,
    locale: localeFromHeader(headers['accept-language']),
    neverRefreshes: reflector.getAllAndOverride(BARE_TOKEN, [context.getHandler(), context.getClass()]),
  };
});
