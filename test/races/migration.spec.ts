import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { migrate } from '../../src/database/migrate.js';
import { Schema1763700000001 } from '../../src/database/schema.js';
import { Cluster } from '../support/cluster.js';
import { tally, Volley, type Call } from '../support/parallel.js';

const CALLS = 64;
/** Codes of each purpose are issued by separate statements. Eight purposes use the whole pool. */
const PURPOSES = 8;
/** How often the last migrations are undone and applied again. */
const ROUNDS = 10;
/** Key columns whose collation the migrations of the next version change, one table each. */
const KEYS: Record<string, string[]> = {
  challenges: ['recipient', 'purpose', 'lane'],
  messages: ['recipient', 'purpose', 'lane', 'channel'],
  suppressions: ['recipient'],
  registrations: ['email'],
  users: ['email', 'phone'],
  signing_keys: ['secret_id'],
  sealed_keys: ['name'],
};

/** Migrations of a next version. They lock tables in use, but remove nothing that a statement needs. */
const NEXT_MIGRATIONS = [
  class RepeatsIndex1763700000002 implements MigrationInterface {
    async up(runner: QueryRunner): Promise<void> {
      await runner.query('drop index messages_repeats');
      await runner.query('create index messages_repeats on messages (challenge_id) where challenge_id <> id');
    }
    down = this.up.bind(this);
  },
  ...Object.entries(KEYS).map(
    ([table, columns], i) =>
      class implements MigrationInterface {
        readonly name = `CollationOf_${table}_${1_763_700_000_003 + i}`;
        up = (runner: QueryRunner) => this.collate(runner, '"default"');
        down = (runner: QueryRunner) => this.collate(runner, '"C"');

        private async collate(runner: QueryRunner, collation: string): Promise<void> {
          const changes = columns.map((column) => `alter column ${column} type text collate ${collation}`);
          await runner.query(`alter table ${table} ${changes.join(', ')}`);
        }
      },
  ),
];

/** In a rolling update, the next version migrates the database while this version still serves. */
describe('a server whose database is migrated', () => {
  let cluster: Cluster;
  let volley: Volley;
  let people = 0;
  beforeAll(async () => {
    cluster = await Cluster.start(1, { OTP_EXPOSE_CODE: 'true' });
    volley = await Volley.open(cluster.urls, CALLS);
  });
  afterAll(async () => {
    volley.close();
    await cluster?.stop();
  });

  const newRecipients = () =>
    Array.from({ length: CALLS }, () => {
      const number = people++;
      return { email: `person-${number}@example.com`, purpose: `p${number % PURPOSES}` };
    });

  /** Issues one code per connection and verifies each. */
  async function useCodes(): Promise<void> {
    const recipients = newRecipients();
    const sent = await volley.fire(recipients.map((body): Call => ({ path: '/otp/generate', body })));
    expect(tally(sent)).toEqual({ 200: CALLS });
    const guesses = recipients.map((recipient, i): Call => {
      return { path: '/otp/verify', body: { ...recipient, otp: sent[i]?.body.otp } };
    });
    expect(tally(await volley.fire(guesses))).toEqual({ 200: CALLS });
  }

  it('keeps answering after a column type changes under its prepared statements', async () => {
    for (const type of ['text collate "C"', 'varchar', 'text collate "C"']) {
      for (const table of ['challenges', 'messages'])
        await cluster.sql(`alter table ${table} alter column recipient type ${type}`);
      await useCodes();
    }
  });

  it('keeps answering while migrations are undone and applied, without a deadlock', async () => {
    const dataSource = await new DataSource({
      type: 'postgres',
      url: cluster.url,
      migrations: [Schema1763700000001, ...NEXT_MIGRATIONS],
    }).initialize();
    await migrate(dataSource);
    let migrating = true;
    const traffic = (async () => {
      while (migrating) await useCodes();
    })();
    try {
      for (let round = 0; round < ROUNDS; round++) {
        for (let undone = 0; undone < NEXT_MIGRATIONS.length; undone++) await dataSource.undoLastMigration();
        await migrate(dataSource);
      }
    } finally {
      migrating = false;
      await traffic;
      await dataSource.destroy();
    }
    expect(await cluster.sql('select 1 from migrations')).toHaveLength(1 + NEXT_MIGRATIONS.length);
  });
});
