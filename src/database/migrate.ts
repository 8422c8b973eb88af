import { MigrationExecutor, type DataSource } from 'typeorm';

/** Any number that no other program on this database takes. */
const LOCK = 7_046_029_254;

/** Runs what is missing, one process at a time: others that start meanwhile wait and then find nothing to do. */
export async function migrate(dataSource: DataSource): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.query('select pg_advisory_lock($1)', [LOCK]);
    try {
      await new MigrationExecutor(dataSource, runner).executePendingMigrations();
    } finally {
      await runner.query('select pg_advisory_unlock($1)', [LOCK]);
    }
  } finally {
    await runner.release();
  }
}
