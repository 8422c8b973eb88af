import { DataSource } from 'typeorm';
import { migrate } from '../../src/database/migrate.js';
import { migrations } from '../../src/database/migrations/migrations.js';
import { Cluster } from '../support/cluster.js';
import { tally, Volley, type Call } from '../support/parallel.js';

const CALLS = 64;
/** Codes of different purposes are issued by different statements: as many at once as the pool has connections. */
const PURPOSES = 8;
/** How often the last migrations are undone and done again. */
const ROUNDS = 10;
/** Those that change tables in use and no column that a statement needs. */
const UNDONE = 9;

/** As when the next version starts, and this one serves for a while beside it. */
describe('a server under which a migration changes a column', () => {
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

  const codes = () =>
    Array.from({ length: CALLS }, () => {
      const number = people++;
      return { email: `person-${number}@example.com`, purpose: `p${number % PURPOSES}` };
    });

  /** Issues as many codes as there are connections, and checks them. */
  async function useCodes(): Promise<void> {
    const asked = codes();
    const sent = await volley.fire(asked.map((body): Call => ({ path: '/otp/generate', body })));
    expect(tally(sent)).toEqual({ 200: CALLS });
    const guesses = asked.map((code, i): Call => {
      return { path: '/otp/verify', body: { ...code, otp: sent[i]?.body.otp } };
    });
    expect(tally(await volley.fire(guesses))).toEqual({ 200: CALLS });
  }

  it('answers as before, on every connection that has prepared what it asks', async () => {
    for (const type of ['text collate "C"', 'varchar', 'text collate "C"']) {
      for (const table of ['challenges', 'messages'])
        await cluster.sql(`alter table ${table} alter column recipient type ${type}`);
      await useCodes();
    }
  });

  it('and while it does, and the migration waits for none that waits for it', async () => {
    const next = await new DataSource({ type: 'postgres', url: cluster.url, migrations }).initialize();
    let migrating = true;
    const inUse = (async () => {
      while (migrating) await useCodes();
    })();
    try {
      for (let round = 0; round < ROUNDS; round++) {
        for (let undone = 0; undone < UNDONE; undone++) await next.undoLastMigration();
        await migrate(next);
      }
    } finally {
      migrating = false;
      await inUse;
      await next.destroy();
    }
    expect(await cluster.sql('select 1 from migrations')).toHaveLength(migrations.length);
  });
});
