import { MigrationExecutor, type DataSource } from 'typeorm';

/** Key of the advisory lock: an arbitrary number that no other program on this database uses. */
const LOCK_KEY = 7_046_029_254;

/**
 * Runs the pending migrations, one process at a time. Processes that start meanwhile wait for the
 * lock and then find nothing to do. The lock belongs to the transaction around a migration, not to
 * the connection, because a connection pooler could hand a connection with a lock to another
 * client.
 *
 * Each migration runs in its own transaction and must lock at most one table that is in use.
 * Processes of the previous version keep serving requests, with statements that lock several
 * tables. A migration that held one table and waited for another could deadlock with them.
 */
export async function migrate(dataSource: DataSource): Promise<void> {
  const runner = dataSource.createQueryRunner();
  const executor = new MigrationExecutor(dataSource, runner);
  try {
    for (let pending = true; pending;) {
      await runner.startTransaction();
      await runner.query('select pg_advisory_xact_lock($1)', [LOCK_KEY]);
      const [next] = await executor.getPendingMigrations();
      if (next) await executor.executeMigration(next);
      await runner.commitTransaction();
      pending = next !== undefined;
    }
  } catch (error) {
    // The rollback fails if the connection is lost, but then the transaction has ended anyway.
    await runner.rollbackTransaction().catch(() => undefined);
    throw error;
  } finally {
    await runner.release();
  }
}
