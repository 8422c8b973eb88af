import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/** The PostgreSQL server for the suite. If unset, the suite uses the embedded database. */
export const POSTGRES_URL = process.env.TEST_DATABASE_URL;

export interface TestDatabase {
  /** The settings that make a server use it. */
  env: Record<string, string>;
  drop: () => Promise<void>;
}

/** Creates a database on PostgreSQL if `TEST_DATABASE_URL` is set, else an embedded one. */
export async function testDatabase(): Promise<TestDatabase> {
  const dataDir = mkdtempSync(join(tmpdir(), 'otp-test-'));
  const removeFolder = () => rmSync(dataDir, { recursive: true, force: true });
  if (process.env.TEST_EMBEDDED_TEMPLATE)
    cpSync(process.env.TEST_EMBEDDED_TEMPLATE, dataDir, { recursive: true });
  if (!POSTGRES_URL) return { env: { DATA_DIR: dataDir }, drop: () => Promise.resolve(removeFolder()) };

  const name = `otp_test_${randomUUID().replaceAll('-', '')}`;
  await asAdmin(`create database ${name}`);
  const url = new URL(POSTGRES_URL);
  url.pathname = `/${name}`;
  return {
    env: { DATA_DIR: dataDir, DATABASE_URL: url.href },
    drop: async () => {
      await asAdmin(`drop database ${name} with (force)`);
      removeFolder();
    },
  };
}

async function asAdmin(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: POSTGRES_URL });
  await client.connect();
  await client.query(statement);
  await client.end();
}
