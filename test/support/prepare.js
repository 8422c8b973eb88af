// Before all tests: the application as one file, which starts sooner; and one embedded database as the application makes it,
// empty, that each test copies instead of making its own.
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default async function prepare(_global, { displayName }) {
  if (displayName.name !== 'e2e' && !process.env.TEST_DATABASE_URL)
    throw new Error('several processes need PostgreSQL: set TEST_DATABASE_URL');
  execFileSync('node', ['scripts/bundle.js', 'test/support/host.js']);
  if (process.env.TEST_DATABASE_URL) return;
  const folder = mkdtempSync(join(tmpdir(), 'otp-test-template-'));
  const { EmbeddedPool } = await import('../../dist/database/embedded-postgres.js');
  await new EmbeddedPool(folder).end();
  process.env.TEST_EMBEDDED_TEMPLATE = folder;
}
