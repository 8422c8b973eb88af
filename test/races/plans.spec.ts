import { TestApp } from '../support/app.js';
import { Cluster } from '../support/cluster.js';

/** Of these there are a handful of rows, and the whole is what is asked for. */
const SMALL = ['signing_keys', 'sealed_keys'];

/** Indexes of what waits and nothing else: to count it, all of it is read. */
const WAITING = /messages_due_(codes|notices)/;

const app = await TestApp.start();
const { statements } = await app.inspect();
await app.stop();

describe('every statement that has a name', () => {
  let cluster: Cluster;
  /** The first column of each index: without a condition on it, all of an index is read. */
  let leading: Record<string, string>;
  beforeAll(async () => {
    cluster = await Cluster.start(1);
    const columns = await cluster.sql<{ index: string; column: string }>(`
      select indexrelid::regclass::text as index, attname as column
      from pg_index join pg_attribute on attrelid = indrelid and attnum = indkey[0]
      where indrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)`);
    leading = Object.fromEntries(columns.map(({ index, column }) => [index, column]));
  });
  afterAll(() => cluster?.stop());

  /** Of a plan those steps that read a whole table, or a whole index. */
  function unbounded(plan: string[]): string[] {
    return plan.filter((step, i) => {
      const table = /Seq Scan on (\w+)/.exec(step)?.[1];
      if (table) return !SMALL.includes(table);
      const index = /Index (?:Only )?Scan (?:Backward )?(?:using|on) (\w+)/.exec(step)?.[1];
      if (!index || WAITING.test(index)) return false;
      const condition = /Index Cond: (.*)/.exec(plan[i + 1] ?? '')?.[1] ?? '';
      return !new RegExp(`\\b${leading[index]}\\b`).test(condition.replace(/[\w.]+\.(?=\w)/g, ''));
    });
  }

  it('is here', () => {
    expect(statements.length).toBeGreaterThan(50);
  });

  it.each(statements.map(({ name, text }) => [name, text]))(
    '%s finds its rows by an index, whatever its parameters are',
    async (name, text) => {
      const db = await cluster.pool.connect();
      try {
        await db.query('set plan_cache_mode = force_generic_plan');
        await db.query('set enable_seqscan = off');
        await db.query(`prepare ${name} as ${text}`);
        const { rows: known } = await db.query<{ count: number }>(
          'select cardinality(parameter_types)::int as count from pg_prepared_statements where name = $1',
          [name],
        );
        const nulls = Array.from({ length: known[0]?.count ?? 0 }, () => 'null');
        const { rows } = await db.query<{ 'QUERY PLAN': string }>(
          `explain (costs off) execute ${name} ${nulls.length > 0 ? `(${nulls.join()})` : ''}`,
        );
        expect(unbounded(rows.map((row) => row['QUERY PLAN']))).toEqual([]);
      } finally {
        await db.query('deallocate all');
        db.release();
      }
    },
  );
});
