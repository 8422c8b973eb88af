import { TestApp } from '../support/app.js';
import { until } from '../support/until.js';

describe('housekeeping', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const rows = () =>
    app.sql<{ recipient: string; sealed: boolean }>(
      'select recipient, code_sealed is not null as sealed from challenges order by recipient',
    );

  it('wipes codes that expired, and removes rows that no limit needs any more (D2)', async () => {
    await app.post('/otp/generate', { email: 'old@example.com' }).expect(200);
    await app.age(301);
    await app.post('/otp/generate', { email: 'new@example.com' }).expect(200);

    const wiped = await until(
      'the wiping',
      async () => (await rows()).some(({ sealed }) => !sealed) && rows(),
      30,
    );
    expect(wiped).toEqual([
      { recipient: 'email:new@example.com', sealed: true },
      { recipient: 'email:old@example.com', sealed: false },
    ]);

    await app.sql(`update challenges set expires_at = now() - interval '2 days', sends_since = now() - interval '2 days',
      failures_since = now() - interval '2 days' where recipient = 'email:old@example.com'`);
    await until('the removal', async () => (await rows()).length === 1, 30);
    expect(await rows()).toEqual([{ recipient: 'email:new@example.com', sealed: true }]);
  });
});
