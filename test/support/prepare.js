// Before all tests: the application as one file, which starts sooner; and one embedded database, initialised and empty, that
// each test copies instead of making its own.
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';

export default async function prepare(_global, { displayName }) {
  if (displayName.name !== 'e2e' && !process.env.TEST_DATABASE_URL)
    throw new Error('several processes need PostgreSQL: set TEST_DATABASE_URL');
  execFileSync('node', ['scripts/bundle.js', 'test/support/host.js']);
  if (process.env.TEST_DATABASE_URL) return;
  const folder = mkdtempSync(join(tmpdir(), 'otp-test-template-'));
  const database = await PGlite.create(join(folder, 'postgres'));
  await database.close();
  process.env.TEST_EMBEDDED_TEMPLATE = folder;
}
