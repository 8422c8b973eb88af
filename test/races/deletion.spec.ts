import { logIn, signUp, type Person } from '../support/accounts.js';
import type { Client } from '../support/client.js';
import { Cluster } from '../support/cluster.js';
import { until } from '../support/until.js';

describe('deletion of accounts, over two processes', () => {
  let cluster: Cluster;
  let clientA: Client;
  let clientB: Client;
  beforeAll(async () => {
    cluster = await Cluster.start(2, { BCRYPT_COST: '4' });
    [clientA, clientB] = cluster.clients as [Client, Client];
  });
  afterAll(() => cluster?.stop());

  const due = (person: Person) =>
    cluster.sql(`update users set closed_at = now() - interval '72 hours' where id = $1`, [person.user.id]);
  const erased = (person: Person) =>
    until(
      'the account erased',
      async () => (await cluster.sql('select 1 from users where id = $1', [person.user.id])).length === 0,
    );

  it('leaves one of two administrators who delete their accounts at once', async () => {
    for (let round = 0; round < 5; round++) {
      const emails = [`admin-${round}-a@example.com`, `admin-${round}-b@example.com`];
      for (const email of emails) await signUp(clientA, email);
      await cluster.sql(`update users set roles = '{user}'`);
      await cluster.sql(`update users set roles = '{user,admin}' where email = any ($1)`, [emails]);
      const [ada, bob] = await Promise.all([
        logIn(clientA, emails[0] ?? ''),
        logIn(clientB, emails[1] ?? ''),
      ]);
      const lock = `select from users where email like $1 for update`;
      const replies = await cluster.whileHeld({ lock, key: `admin-${round}-%` }, 2, () =>
        Promise.all([ada, bob].map((person) => person.delete('/users/me'))),
      );
      expect(replies.map(({ status }) => status).sort()).toEqual([204, 409]);
    }
  });

  it('erases each account once, with one audit entry', async () => {
    const people = await Promise.all(
      Array.from({ length: 10 }, (_, i) => signUp(clientA, `many-${i}@example.com`)),
    );
    for (const person of people) await person.delete('/users/me').expect(204);
    for (const person of people) await due(person);
    for (const person of people) await erased(person);
    const entries = await cluster.sql(
      `select 1 from audit_entries where action = 'user.erase' and subject_id = any ($1)`,
      [people.map(({ user }) => user.id)],
    );
    expect(entries).toHaveLength(people.length);
  });
});
