import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isIP } from 'node:net';
import type { Channel } from '../common/delivery.js';
import { localeFromHeader, type Locale } from '../common/locale.js';
import { BARE_TOKEN } from './access.js';
import { addQuota, type Quota } from './rate-limit-headers.js';

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
  /** What it may send codes for. Null: everything. The same for channels and countries. */
  purposes: string[] | null;
  channels: Channel[] | null;
  countries: string[] | null;
  /** The pages of a browser application. */
  origins: string[];
  /** `aud` of its proofs. Null: that of the server. */
  audience: string | null;
  /** The sender's name in its messages. Null: that of the server. */
  brandName: string | null;
  /** In the last line of its SMS. Null: the host of the server. */
  smsHost: string | null;
}

export type RequestWithApplication = FastifyRequest & {
  application?: ClientApplication;
  /** The request has the credentials of an application, and they are wrong. */
  hasWrongApplication?: boolean;
};

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
  /** Tells the caller about a limit of its own, in the headers of the reply. */
  reportQuota?: (quota: Quota) => void;
  /** Whether a sign-in returns a lasting token, because the client never refreshes. */
  neverRefreshes?: boolean;
}

const reflector = new Reflector();

export const CurrentClient = createParamDecorator((_: unknown, context: ExecutionContext): Client => {
  const request = context.switchToHttp().getRequest<RequestWithApplication>();
  const { headers, deviceCookie, application, body } = request;
  const proofOfWork = (body as { proofOfWork?: unknown } | null | undefined)?.proofOfWork;
  const header = headers['x-device-token'];
  const { ip, isServerAddress } = addressOf(request);
  return {
    ip,
    isServerAddress,
    application,
    proofOfWork: typeof proofOfWork === 'string' ? proofOfWork : undefined,
    // Node accepts 8-bit control characters in headers. A terminal would execute them.
    userAgent: headers['user-agent']?.replace(/\p{Cc}/gu, ' ').slice(0, MAX_USER_AGENT),
    deviceToken: typeof header === 'string' ? header : deviceCookie,
    locale: localeFromHeader(headers['accept-language']),
    reportQuota: (quota) => addQuota(context.switchToHttp().getResponse<FastifyReply>(), quota),
    neverRefreshes: reflector.getAllAndOverride(BARE_TOKEN, [context.getHandler(), context.getClass()]),
  };
});

/** A server application may name the address of its user in the body. */
function addressOf({
  ip,
  application,
  body,
}: RequestWithApplication): Pick<Client, 'ip' | 'isServerAddress'> {
  if (application?.kind !== 'server') return { ip };
  const clientIp = (body as { clientIp?: unknown } | null | undefined)?.clientIp;
  const isGiven = typeof clientIp === 'string' && isIP(clientIp) > 0;
  return isGiven ? { ip: clientIp } : { ip, isServerAddress: true };
}
