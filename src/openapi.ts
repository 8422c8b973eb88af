import { writeFileSync } from 'node:fs';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { Config } from './config/config.js';
import { openApiDocument } from './docs.js';

/** Writes `openapi.json` from the built program. In preview mode nothing is instantiated and no database opened. */
const app = await NestFactory.create<NestFastifyApplication>(
  AppModule.with(Config.from({})),
  new FastifyAdapter(),
  {
    preview: true,
    logger: false,
  },
);
writeFileSync('openapi.json', `${JSON.stringify(openApiDocument(app), null, 2)}\n`);
