import { MigrationExecutor, type DataSource } from 'typeorm';

/** Any number that no other program on this database takes. */
const LOCK = 7_046_029_254;

/**
 * Runs what is missing, one process at a time: others that start meanwhile wait and then find nothing to do. The lock
 * ends with the transaction around it all, not with the connection, which a pooler would pass on with the lock.
 */
export async function migrate(dataSource: DataSource): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.startTransaction();
    await runner.query('select pg_advisory_xact_lock($1)', [LOCK]);
    await new MigrationExecutor(dataSource, runner).executePendingMigrations();
    await runner.commitTransaction();
  } catch (error) {
    // Where the connection is lost, so is the transaction.
    await runner.rollbackTransaction().catch(() => undefined);
    throw error;
  } finally {
    await runner.release();
  }
}
