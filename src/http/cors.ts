import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { matchesOrigin, originMatcher } from '../common/origin.js';
import type { Config } from '../config/config.js';

/** Whether a browser application has the origin. A preflight request does not say which one. */
type IsApplicationOrigin = (origin: string) => Promise<boolean>;

/** Allows the origins of `CORS_ORIGINS` and of browser applications to call the API from a browser. */
export function enableCors(
  app: NestFastifyApplication,
  { CORS_ORIGINS: origins }: Config,
  isApplicationOrigin: IsApplicationOrigin,
): void {
  const isOpen = origins.includes('*');
  const matchers = origins.map(originMatcher);
  const isAllowed = async (origin: string | undefined) =>
    origin !== undefined && (matchesOrigin(origin, matchers) || (await isApplicationOrigin(origin)));
  app.enableCors({
    origin: isOpen ? '*' : isAllowed,
    methods: ['GET', 'POST', 'PATCH', 'DELETE'],
    // `Date` for timers that do not depend on the clock of the device.
    exposedHeaders: ['Date', 'Link', 'Retry-After', 'RateLimit', 'RateLimit-Policy', 'X-Request-Id'],
    // For the device cookie. Browsers send no cookies when the allowed origin is `*`.
    credentials: !isOpen,
  });
}
