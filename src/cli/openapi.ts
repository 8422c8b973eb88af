import { writeFileSync } from 'node:fs';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { AppModule } from '../app.module.js';
import { Config } from '../config/config.js';
import { openApiDocument } from '../http/openapi-document.js';
import { errorsPage } from './errors-page.js';

/** Turns on every webhook, so that the list of errors covers the routes that depend on settings. */
const ALL_WEBHOOKS = {
  MAIL_PROVIDERS: 'inbox,postmark',
  MAIL_FROM: 'no-reply@example.com',
  POSTMARK_SERVER_TOKEN: 'token',
  POSTMARK_WEBHOOK_USER: 'postmark',
  POSTMARK_WEBHOOK_PASSWORD: 'password',
  SMS_PROVIDERS: 'inbox,twilio,webhook',
  TWILIO_ACCOUNT_SID: 'AC0',
  TWILIO_AUTH_TOKEN: 'token',
  TWILIO_FROM: '+15005550006',
  WEBHOOK_URL: 'https://example.com',
  WEBHOOK_SECRET: 'A'.repeat(32),
};

/**
 * `openapi`. Writes the reference of the API: the document of the default settings, and the errors.
 */
export async function writeApiReference(): Promise<number> {
  writeFileSync('openapi.json', `${JSON.stringify(await documentOf({}), null, 2)}\n`);
  writeFileSync('docs/errors.md', errorsPage(await documentOf(ALL_WEBHOOKS)));
  return 0;
}

/** In preview mode Nest instantiates no provider, so this opens no database. */
async function documentOf(env: NodeJS.ProcessEnv): Promise<OpenAPIObject> {
  const config = Config.from(env);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(config), new FastifyAdapter(), {
    preview: true,
    logger: false,
  });
  return openApiDocument(app, config);
}
