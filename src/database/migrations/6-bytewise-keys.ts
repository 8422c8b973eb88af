import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Text by which a row is found, and what is compared with it. */
const KEYS = {
  challenges: ['recipient', 'purpose', 'lane'],
  messages: ['recipient', 'purpose', 'lane', 'channel'],
  suppressions: ['recipient'],
  registrations: ['email'],
  password_guesses: ['who', 'lane'],
  users: ['email', 'phone'],
  signing_keys: ['secret_id'],
  sealed_keys: ['name'],
};

const FIRST = 1_763_700_000_006;

/**
 * Compares keys byte by byte, whatever language the database sorts by: comparing takes less time, and no update of the
 * system's rules for a language can leave an index in an order that is no longer true, in which a row is not found and a
 * second one of its key is let in. A migration for each table.
 */
export const bytewiseKeys = Object.entries(KEYS).map(
  ([table, columns], i) =>
    class implements MigrationInterface {
      readonly name = `BytewiseKeysOf_${table}_${FIRST + i}`;

      up(runner: QueryRunner): Promise<void> {
        return this.collate(runner, '"C"');
      }

      down(runner: QueryRunner): Promise<void> {
        return this.collate(runner, '"default"');
      }

      private async collate(runner: QueryRunner, collation: string): Promise<void> {
        const changes = columns.map((column) => `alter column ${column} type text collate ${collation}`);
        await runner.query(`alter table ${table} ${changes.join(', ')}`);
      }
    },
);
