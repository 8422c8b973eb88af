import { setTimeout as wait } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { StartError } from '../common/start-error.js';
import { explainFailure, isTlsMissing } from './connection-failure.js';
import { migrate } from './migrate.js';

const logger = new Logger('Database');

export type DatabaseOptions = DataSourceOptions & {
  attempts: number;
  /** A server without TLS is used without it (`sslmode=prefer`). */
  tlsIsOptional?: boolean;
};

/**
 * Connects and migrates. Retries what may pass by itself, and says why. Everything else ends the
 * start at once, because a wrong password stays wrong.
 */
export async function openDatabase(options: DatabaseOptions, delayMs = 2_000): Promise<DataSource> {
  const { attempts, tlsIsOptional } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      return await connectAndMigrate(options);
    } catch (error) {
      if (tlsIsOptional && isTlsMissing(error)) return openDatabase(withoutTls(options), delayMs);
      const failure = explainFailure(error);
      if (!failure) throw error;
      const text = `The database cannot be used: ${failure.reason}.`;
      if (!failure.isTemporary || attempts === 1) throw new StartError(text);
      if (attempt >= attempts) throw new StartError(`${text} Gave up after ${attempt} attempts.`);
      logger.warn(`${text} Retrying (${attempt} of ${attempts - 1}).`);
      await wait(delayMs);
    }
  }
}

async function connectAndMigrate(options: DataSourceOptions): Promise<DataSource> {
  const dataSource = new DataSource(options);
  try {
    await dataSource.initialize();
    await migrate(dataSource);
    return dataSource;
  } catch (error) {
    // A failed start keeps no connection. Closing fails if the connection is lost.
    if (dataSource.isInitialized) await dataSource.destroy().catch(() => undefined);
    throw error;
  }
}

function withoutTls(options: DatabaseOptions): DatabaseOptions {
  const extra = { ...(options.extra as object), ssl: false };
  return { ...options, extra, tlsIsOptional: false };
}
