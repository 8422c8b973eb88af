import type { Response, Test } from 'supertest';
import { logIn, type Person, signUp } from '../support/accounts.js';
import type { Client } from '../support/client.js';
import { Cluster } from '../support/cluster.js';

const ROUNDS = 10;

const problemOf = ({ status, body }: Response) => ({ status, code: (body as { code?: string }).code });

describe('administrators, over two processes', () => {
  let cluster: Cluster;
  let clients: [Client, Client];
  let people = 0;
  beforeAll(async () => {
    cluster = await Cluster.start(2, { BCRYPT_COST: '4' });
    clients = cluster.clients as [Client, Client];
  });
  afterAll(() => cluster?.stop());

  async function newAdmin(client: Client): Promise<Person> {
    const { email } = await signUp(client, `admin-${++people}@example.com`);
    await cluster.sql(`update users set roles = '{user,admin}' where email = $1`, [email]);
    return logIn(client, email);
  }

  async function lastTwo(): Promise<[Person, Person]> {
    await cluster.sql(`update users set roles = '{user}'`);
    return [await newAdmin(clients[0]), await newAdmin(clients[1])];
  }

  const whileLocked = <T>(fire: () => Promise<T>) =>
    cluster.whileHeld({ lock: 'select from users where $1 = any (roles) for update', key: 'admin' }, 2, fire);

  const remaining = async () =>
    (
      await cluster.sql(
        `select id from users where 'admin' = any (roles) and disabled_at is null and closed_at is null`,
      )
    ).length;

  const demote = (actor: Person, { user }: Person) => actor.patch(`/users/${user.id}`, { roles: ['user'] });
  const disable = (actor: Person, { user }: Person) => actor.patch(`/users/${user.id}`, { disabled: true });
  const remove = (actor: Person, { user }: Person) => actor.delete(`/users/${user.id}`);
  const leave = (actor: Person) => actor.delete('/users/me');

  type Act = (actor: Person, other: Person) => Test;
  const acts: [string, Act, Act][] = [
    ['demote each other', demote, demote],
    ['disable each other', disable, disable],
    ['delete each other', remove, remove],
    ['delete their own accounts', leave, leave],
    ['demote and disable each other', demote, disable],
    ['delete the other and the own account', remove, leave],
  ];

  it.each(acts)('leaves one when the last two %s at the same moment', async (_, first, second) => {
    for (let round = 0; round < ROUNDS; round++) {
      const [a, b] = await lastTwo();
      const both = () => Promise.all([first(a, b), second(b, a)].map((test) => test.then(problemOf)));
      // Every other round forces the race: both statements wait before they may decide anything.
      await (round % 2 ? both() : whileLocked(both));
      expect(await remaining()).toBe(1);
    }
  });

  it('applies two changes of a third administrator one after the other', async () => {
    const [a, b] = await lastTwo();
    const third = await newAdmin(clients[0]);
    const replies = await whileLocked(() =>
      Promise.all([demote(a, third), disable(b, third)].map((test) => test.then(problemOf))),
    );
    expect(replies.map(({ status }) => status)).toEqual([200, 200]);
    const state = 'select roles, disabled_at is not null as disabled from users where id = $1';
    expect(await cluster.sql(state, [third.user.id])).toEqual([{ roles: ['user'], disabled: true }]);
    expect(await remaining()).toBe(2);
  });

  it('refuses the second with last_administrator', async () => {
    const [a, b] = await lastTwo();
    const replies = await whileLocked(() =>
      Promise.all([demote(a, b), demote(b, a)].map((test) => test.then(problemOf))),
    );
    expect(replies.toSorted((x, y) => x.status - y.status)).toEqual([
      { status: 200, code: undefined },
      { status: 409, code: 'last_administrator' },
    ]);
  });
});
