import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Config } from '../config/config.js';

/** Allows the origins of `CORS_ORIGINS` to call the API from a browser. */
export function enableCors(app: NestFastifyApplication, { CORS_ORIGINS: origins }: Config): void {
  if (origins.length === 0) return;
  const origin = origins.includes('*') ? '*' : [...origins];
  app.enableCors({
    origin,
    methods: ['GET', 'POST', 'PATCH', 'DELETE'],
    exposedHeaders: ['Link', 'Retry-After', 'X-Request-Id'],
    // For the device cookie. Browsers send no cookies when the allowed origin is `*`.
    credentials: origin !== '*',
  });
}
