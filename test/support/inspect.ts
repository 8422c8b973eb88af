import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { testDatabase } from './database.js';

export interface Inside {
  /** Statements that would make the migrated schema agree with the entities. */
  pendingSchema: string[];
  /** As `GET /health`. */
  routes: string[];
}

/** What only the inside of the built application knows, on a new database. */
export async function inspect(): Promise<Inside> {
  const { env, drop } = await testDatabase();
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['test/support/inspect-app.js'], {
      env: { NODE_ENV: 'test', LOG_LEVEL: 'silent', ...env },
    });
    return JSON.parse(stdout) as Inside;
  } finally {
    await drop();
  }
}
