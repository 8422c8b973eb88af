import { MigrationExecutor, type DataSource } from 'typeorm';

/** Any number that no other program on this database takes. */
const LOCK = 7_046_029_254;

/**
 * Runs what is missing, one process at a time: others that start meanwhile wait and then find nothing to do. The lock
 * ends with the transaction around a migration, not with the connection, which a pooler would pass on with the lock.
 *
 * Each migration is a transaction of its own, and of the tables that are in use it locks one: processes of the version before go on
 * answering, with statements that lock several, and who holds one table and waits for another may be waited for.
 */
export async function migrate(dataSource: DataSource): Promise<void> {
  const runner = dataSource.createQueryRunner();
  const executor = new MigrationExecutor(dataSource, runner);
  try {
    for (let pending = true; pending;) {
      await runner.startTransaction();
      await runner.query('select pg_advisory_xact_lock($1)', [LOCK]);
      const [next] = await executor.getPendingMigrations();
      if (next) await executor.executeMigration(next);
      await runner.commitTransaction();
      pending = next !== undefined;
    }
  } catch (error) {
    // Where the connection is lost, so is the transaction.
    await runner.rollbackTransaction().catch(() => undefined);
    throw error;
  } finally {
    await runner.release();
  }
}
