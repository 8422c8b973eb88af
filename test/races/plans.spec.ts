import { TestApp } from '../support/app.js';
import { Cluster } from '../support/cluster.js';

/** Tables with a handful of rows, which statements read whole. */
const SMALL_TABLES = ['signing_keys', 'sealed_keys', 'applications', 'fraud_rules'];

/** Partial indexes of few rows: unsent messages and administrators. Statements read them whole. */
const SMALL_INDEXES = /messages_due_(codes|notices)|users_administrators/;

const app = await TestApp.start();
const { statements } = await app.inspect();
await app.stop();

describe('query plans of named statements', () => {
  let cluster: Cluster;
  /** The first column of each index. A scan without a condition on it reads the whole index. */
  let leadingColumns: Record<string, string>;
  beforeAll(async () => {
    cluster = await Cluster.start(1);
    const columns = await cluster.sql<{ index: string; column: string }>(`
      select indexrelid::regclass::text as index, attname as column
      from pg_index join pg_attribute on attrelid = indrelid and attnum = indkey[0]
      where indrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)`);
    leadingColumns = Object.fromEntries(columns.map(({ index, column }) => [index, column]));
  });
  afterAll(() => cluster?.stop());

  /** The steps of a plan that read a whole table or a whole index. */
  function fullScans(plan: string[]): string[] {
    return plan.filter((step, i) => {
      const table = /Seq Scan on (\w+)/.exec(step)?.[1];
      if (table) return !SMALL_TABLES.includes(table);
      const index = /Index (?:Only )?Scan (?:Backward )?(?:using|on) (\w+)/.exec(step)?.[1];
      if (!index || SMALL_INDEXES.test(index)) return false;
      const condition = /Index Cond: (.*)/.exec(plan[i + 1] ?? '')?.[1] ?? '';
      return !new RegExp(`\\b${leadingColumns[index]}\\b`).test(condition.replace(/[\w.]+\.(?=\w)/g, ''));
    });
  }

  it('covers more than 50 statements', () => {
    expect(statements.length).toBeGreaterThan(50);
  });

  it.each(statements.map(({ name, text }) => [name, text]))(
    '%s finds its rows by an index for any parameter values',
    async (name, text) => {
      const db = await cluster.pool.connect();
      try {
        await db.query('set plan_cache_mode = force_generic_plan');
        await db.query('set enable_seqscan = off');
        await db.query(`prepare ${name} as ${text}`);
        const { rows: parameters } = await db.query<{ count: number }>(
          'select cardinality(parameter_types)::int as count from pg_prepared_statements where name = $1',
          [name],
        );
        const nulls = Array.from({ length: parameters[0]?.count ?? 0 }, () => 'null');
        const { rows: plan } = await db.query<{ 'QUERY PLAN': string }>(
          `explain (costs off) execute ${name} ${nulls.length > 0 ? `(${nulls.join()})` : ''}`,
        );
        expect(fullScans(plan.map((row) => row['QUERY PLAN']))).toEqual([]);
      } finally {
        await db.query('deallocate all');
        db.release();
      }
    },
  );
});
