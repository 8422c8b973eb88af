import { TestApp } from '../support/app.js';
import { until } from '../support/until.js';

describe('housekeeping', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app?.stop());

  const challengeRows = () =>
    app.sql<{ recipient: string; sealed: boolean }>(
      `select recipient, code_sealed is not null or previous_code_hash is not null as sealed
       from challenges order by recipient`,
    );

  it('wipes expired codes and removes rows that no limit needs any more', async () => {
    await app.post('/otp/generate', { email: 'old@example.com' }).expect(200);
    await app.ageWhenSent(200);
    await app.post('/otp/resend', { email: 'old@example.com' }).expect(200);
    await app.ageWhenSent(301);
    await app.post('/otp/generate', { email: 'new@example.com' }).expect(200);

    const wiped = await until(
      'the expired code wiped',
      async () => (await challengeRows()).some(({ sealed }) => !sealed) && challengeRows(),
      30,
    );
    expect(wiped).toEqual([
      { recipient: 'email:new@example.com', sealed: true },
      { recipient: 'email:old@example.com', sealed: false },
    ]);

    await app.sql(`update challenges set expires_at = now() - interval '2 days',
      failures_since = now() - interval '2 days' where recipient = 'email:old@example.com'`);
    await until('the old rows removed', async () => (await challengeRows()).length === 1, 30);
    expect(await challengeRows()).toEqual([{ recipient: 'email:new@example.com', sealed: true }]);
  });

  it('removes messages a month after they finished and keeps unfinished ones', async () => {
    await app.sql(`insert into messages (id, recipient, purpose, channel, template, state, due_at, expires_at, finished_at)
      select gen_random_uuid(), 'email:kept@example.com', 'notice', 'email', 'code', 'sent', now(), now(),
        case when n % 5 < 4 then now() - interval '1 day' * (28 + n % 5) end
      from generate_series(0, 2999) n`);
    const countByAge = () =>
      app.sql<{ days: number | null; count: number }>(
        `select extract(day from now() - finished_at)::int as days, count(*)::int as count from messages
        where recipient = 'email:kept@example.com' group by days order by days`,
      );
    await until('the old rows removed', async () => (await countByAge()).length === 3, 30);
    expect(await countByAge()).toEqual([
      { days: 28, count: 600 },
      { days: 29, count: 600 },
      { days: null, count: 600 },
    ]);
  });

  it('removes what no budget, proof, block or idempotency key needs any more, and nothing else', async () => {
    // More old rows than one round removes at once, and live rows between them.
    const rows = 2_500;
    const isOld = 'n % 5 > 0';
    const past = (age: string, rest: string) =>
      `case when ${isOld} then now() - interval '${age}' else now() + interval '${rest}' end`;
    const live = rows / 5;
    const insert: Record<string, string> = {
      budget_counters: `(key, hour_start, hour_sent, day_start, day_sent)
        select 'to:email:' || n || '@example.com', now() - interval '3 hours', 1,
          now() - case when ${isOld} then interval '25 hours' else interval '23 hours' end, 1`,
      used_proofs: `(signature, expires_at)
        select sha256(n::text::bytea), ${past('2 minutes', '4 minutes')}`,
      redeemed_proofs: `(jti, expires_at)
        select gen_random_uuid(), ${past('2 hours', '5 minutes')}`,
      idempotency_keys: `(key_hash, fingerprint, claim_id, leased_until, expires_at)
        select sha256(n::text::bytea), sha256('body'), gen_random_uuid(), now(), ${past('1 second', '9 minutes')}`,
      fraud_rules: `(id, effect, scope, value, reason, until)
        select gen_random_uuid(), case when n % 2 = 0 then 'block' else 'safe' end, 'prefix', '+1999' || n, 'Test.',
          case when n % 10 = 0 then null else ${past('1 second', '1 hour')} end`,
    };
    // Other tests have counted messages.
    await app.sql('delete from budget_counters');
    for (const [table, values] of Object.entries(insert))
      await app.sql(`insert into ${table} ${values} from generate_series(1, ${rows}) n`);
    const countRows = async (table: string) =>
      (await app.sql<{ count: number }>(`select count(*)::int as count from ${table}`))[0]?.count;
    // A budget whose day has ended stays while its hour lasts, and one of guesses by its day.
    await app.sql(`insert into budget_counters (key, hour_start, day_start) values
      ('a live hour', now(), now() - interval '25 hours'),
      ('live guesses', now() - interval '25 hours', now())`);

    for (const table of Object.keys(insert)) {
      const expected = live + (table === 'budget_counters' ? 2 : 0);
      await until(
        `the old rows of ${table} removed`,
        async () => ((await countRows(table)) ?? 0) <= expected,
        60,
      );
      expect([table, await countRows(table)]).toEqual([table, expected]);
    }
    const kept = await app.sql(`select key from budget_counters where key like '%live%' order by key`);
    expect(kept).toEqual([{ key: 'a live hour' }, { key: 'live guesses' }]);
  }, 120_000);

  it('removes old account events while another job fails, and logs only its name', async () => {
    await app.sql('alter table challenges rename to mislaid');
    const userId = '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001';
    await app.sql(`insert into users (id, email) values ('${userId}', 'owner@example.com')`);
    await app.sql(`insert into account_events (id, user_id, action, succeeded, at)
      select gen_random_uuid(), '${userId}', 'sign_in', false, now() - interval '1 day' * (88 + n % 5)
      from generate_series(0, 1999) n`);
    const countByAge = () =>
      app.sql<{ days: number; count: number }>(
        `select extract(day from now() - at)::int as days, count(*)::int as count from account_events
        group by days order by days`,
      );
    await until('the old rows removed', async () => (await countByAge()).length === 2, 30);
    await app.sql('alter table mislaid rename to challenges');

    expect(await countByAge()).toEqual([
      { days: 88, count: 400 },
      { days: 89, count: 400 },
    ]);
    const failure = app.log.split('\n').find((line) => line.includes('housekeeping failed'));
    expect(failure).toContain('codes');
    expect(failure).not.toMatch(/challenges|does not exist/);
  });
});
