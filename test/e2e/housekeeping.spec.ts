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
