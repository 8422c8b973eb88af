// Runs once before the tests of each Jest project. Bundles the application into one file, which
// starts faster, the client package and the elements. Creates one empty embedded database. Each application
// under test gets its own copy, so tests share no state.
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NEED_POSTGRESQL = ['races', 'timing'];

export default async function prepare(_global, { displayName }) {
  if (NEED_POSTGRESQL.includes(displayName.name) && !process.env.TEST_DATABASE_URL)
    throw new Error('several processes need PostgreSQL: set TEST_DATABASE_URL');
  execFileSync(process.execPath, ['scripts/bundle.js', 'test/support/host.js']);
  execFileSync(process.execPath, ['packages/client/build.js']);
  execFileSync(process.execPath, ['packages/elements/build.js']);
  if (process.env.TEST_DATABASE_URL || process.env.TEST_EMBEDDED_TEMPLATE) return;
  const folder = mkdtempSync(join(tmpdir(), 'otp-test-template-'));
  const { EmbeddedPool } = await import('../../dist/database/embedded-postgres.js');
  await new EmbeddedPool(folder).end();
  process.env.TEST_EMBEDDED_TEMPLATE = folder;
}
