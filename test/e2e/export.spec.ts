import { changeContact, PASSWORD, signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';

const STALE_SIGN_IN_AGE = 10 * 60;
const CUSTOMERS = 1_234;

describe('export of personal data', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4' });
  });
  afterAll(() => app?.stop());

  it('contains everything about the person, in full and without secrets', async () => {
    const ada = await signUp(app, 'ada@example.com', { firstName: 'Ada' });
    const bob = await signUp(app, 'bob@example.com', { firstName: 'Bob' });
    await bob.post('/customers', { name: 'Not hers', address: 'Elsewhere' }).expect(201);
    await changeContact(app, ada, { phone: '+14155550123' });
    await changeContact(app, ada, { email: 'lovelace@example.com' });
    await app.sql(
      `insert into customers (id, owner_id, name, address)
       select gen_random_uuid(), $1, 'Customer ' || n, 'Street' from generate_series(1, ${CUSTOMERS}) n`,
      [ada.user.id],
    );
    await app.sql(
      `insert into suppressions (recipient, reason, provider) values ($1, 'bounced', 'postmark')`,
      ['email:lovelace@example.com'],
    );
    const { body, text, headers } = await ada.get('/users/me/export').expect(200);
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-disposition': 'attachment; filename="account.json"',
      'cache-control': 'no-store',
    });
    const data = body as Record<string, Record<string, unknown>[]>;
    expect(data.profile).toMatchObject({
      id: ada.user.id,
      email: 'lovelace@example.com',
      phone: '+14155550123',
      firstName: 'Ada',
    });
    const names = new Set(data.customers?.map(({ name }) => name));
    expect([data.customers?.length, names.size]).toEqual([CUSTOMERS, CUSTOMERS]);
    expect(data.contactChanges?.map(({ oldAddress }) => oldAddress)).toEqual([null, 'ada@example.com']);
    const recipients = new Set(data.messages?.map(({ recipient }) => recipient));
    expect([...recipients].sort()).toEqual([
      'email:ada@example.com',
      'email:lovelace@example.com',
      'phone:+14155550123',
    ]);
    const costs = data.messages?.map(({ channel, verdict, price }) => [channel, verdict, price]);
    // A code by SMS, codes by mail, and notices.
    expect(costs).toEqual(
      expect.arrayContaining([
        ['sms', 'allowed', 0.3],
        ['email', 'allowed', 0],
        ['email', null, null],
      ]),
    );
    expect(data.sessions).toHaveLength(1);
    expect(data.devices).toHaveLength(1);
    expect(data.events?.map(({ action }) => action)).toContain('contact_change');
    expect(data.suppressions).toMatchObject([{ reason: 'bounced' }]);
    expect(data.administration).toEqual([]);
    for (const secret of [
      PASSWORD,
      ada.refreshToken,
      ada.deviceToken,
      'hash',
      'sealed',
      'bob@example.com',
      'Not hers',
    ])
      expect(text).not.toContain(secret);
  });

  it('requires a sign-in within ten minutes, and the account', async () => {
    const ada = await signUp(app, 'stale@example.com');
    await app.get('/users/me/export').expect(401);
    await app.ageWhenSent(STALE_SIGN_IN_AGE);
    const { body } = await ada.get('/users/me/export').expect(401);
    expect(body).toMatchObject({ code: 'reauthentication_required' });
  });
});
