import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Config } from '../config/config.js';

/** Allows the origins of `CORS_ORIGINS` to call the API from a browser. */
export function enableCors(app: NestFastifyApplication, { CORS_ORIGINS: origins }: Config): void {
  if (origins.length === 0) return;
  const origin = origins.includes('*') ? '*' : origins.map(matcher);
  app.enableCors({
    origin,
    methods: ['GET', 'POST', 'PATCH', 'DELETE'],
    // `Date` for timers that do not depend on the clock of the device.
    exposedHeaders: ['Date', 'Link', 'Retry-After', 'X-Request-Id'],
    // For the device cookie. Browsers send no cookies when the allowed origin is `*`.
    credentials: origin !== '*',
  });
}

/** `https://*.example.com` stands for its sub-domains of any depth, not for `https://example.com`. */
function matcher(origin: string): string | RegExp {
  const [scheme, domain] = origin.split('*.');
  if (scheme === undefined || domain === undefined) return origin;
  return new RegExp(`^${scheme}(?:[a-z0-9_-]{1,63}\\.)+${domain.replaceAll('.', '\\.')}$`);
}
