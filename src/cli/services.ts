import { existsSync } from 'node:fs';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../app.module.js';
import { Config } from '../config/config.js';
import { DataDirInUseError } from '../database/data-dir-lock.js';
import { CommandError } from './command-line.js';

/** Runs work with the services of the application, without an HTTP server. */
export async function withServices<Result>(
  work: (app: INestApplicationContext) => Promise<Result>,
): Promise<Result> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const app = await openApplication(Config.from(process.env));
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}

async function openApplication(config: Config): Promise<INestApplicationContext> {
  try {
    const options = { logger: false, abortOnError: false } as const;
    return await NestFactory.createApplicationContext(AppModule.with(config), options);
  } catch (error) {
    if (!(error instanceof DataDirInUseError)) throw error;
    // The message of the error names the process that holds the lock, but is meant for a second
    // server.
    const holder = /process \d+/.exec(error.message)?.[0] ?? 'another process';
    throw new CommandError(
      `The embedded database is in use by ${holder}: stop the server, run this command and start ` +
        'the server again, or set DATABASE_URL to use PostgreSQL.',
    );
  }
}
