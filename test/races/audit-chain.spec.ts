import { logIn, type Person, signUp } from '../support/accounts.js';
import { Client } from '../support/client.js';
import { Cluster } from '../support/cluster.js';
import { type CommandResult, runCommand } from '../support/command.js';

const READS = 100;

interface Row {
  seq: string;
  id: string;
  previous: string | null;
  hash: string;
}

describe('audit log, written by two processes', () => {
  let cluster: Cluster;
  let rows: Row[];
  beforeAll(async () => {
    cluster = await Cluster.start(2, { BCRYPT_COST: '4', PUBLIC_URL: 'https://auth.example.com' });
    const [client] = cluster.clients as [Client];
    const { email } = await signUp(client, 'admin@example.com');
    await cluster.sql(`update users set roles = '{user,admin}'`);
    const admin = await logIn(client, email);
    await writeInParallel(admin);
    rows = await cluster.sql<Row>(`
      select seq, id, encode(previous_hash, 'hex') as previous, encode(hash, 'hex') as hash
      from audit_entries order by seq`);
  });
  afterAll(() => cluster?.stop());

  /** Reads and changes, so that entries of both kinds of transactions compete. */
  async function writeInParallel(admin: Person): Promise<void> {
    const { user } = await signUp(cluster.clients[0] as Client, 'ada@example.com');
    const authorization = `Bearer ${admin.accessToken}`;
    await Promise.all(
      cluster.clients.flatMap((client) =>
        Array.from({ length: READS / 2 }, async (_, i) => {
          const change = client.patch(`/users/${user.id}`, { endSessions: true });
          await (i % 5 === 0 ? change : client.get('/users')).set('authorization', authorization).expect(200);
        }),
      ),
    );
  }

  const verify = (): Promise<CommandResult> =>
    runCommand(['audit:verify'], {
      NODE_ENV: 'test',
      APP_SECRET: 'one for all of them',
      DATABASE_URL: cluster.url,
    });

  /** Changes the table past its triggers, verifies it, and undoes the change. */
  async function verifyAfter(change: string, values: unknown[] = []): Promise<CommandResult> {
    await cluster.sql('create table kept as table audit_entries');
    await cluster.sql('alter table audit_entries disable trigger user');
    try {
      await cluster.sql(change, values);
      return await verify();
    } finally {
      await cluster.sql('delete from audit_entries');
      await cluster.sql('insert into audit_entries select * from kept');
      await cluster.sql('alter table audit_entries enable trigger user');
      await cluster.sql('drop table kept');
    }
  }

  it('is one chain', async () => {
    expect(rows).toHaveLength(READS);
    expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, i) => String(i + 1)));
    expect(rows.map(({ previous }) => previous)).toEqual([
      null,
      ...rows.slice(0, -1).map(({ hash }) => hash),
    ]);
    expect(await verify()).toEqual({
      code: 0,
      stdout: `The audit log is intact. Entries: ${READS}. Head: ${rows.at(-1)?.hash}.\n`,
      stderr: '',
    });
  });

  it.each([
    ['id', `'0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001'`],
    ['actor_id', 'null'],
    ['action', `'user.read'`],
    ['subject_id', `'0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001'`],
    ['details', `'{"roles": ["user"]}'`],
    ['ip', `'203.0.113.7'`],
    ['user_agent', `coalesce(user_agent, '') || ' '`],
    ['application_id', `'app_0000000000000000000000000000000'`],
    ['at', `at + interval '1 microsecond'`],
    ['hash', `sha256('x')`],
  ])('is broken by a change of %s', async (column, value) => {
    const changed = await verifyAfter(`update audit_entries set ${column} = ${value} where seq = 7`);
    expect(changed).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(
        /^Entry 7 \([0-9a-f-]{36}\) is broken: its content does not match its hash\.\n$/,
      ),
    });
  });

  it.each([
    [
      'the previous hash of an entry',
      `update audit_entries set previous_hash = null where seq = 7`,
      7,
      'it does not hold the hash of the entry before',
    ],
    ['a deleted entry', 'delete from audit_entries where seq = 7', 8, 'it follows entry 6'],
    ['a deleted first entry', 'delete from audit_entries where seq = 1', 2, 'it follows entry 0'],
    [
      'two entries in another order',
      'update audit_entries set seq = 107 - seq where seq in (7, 100)',
      7,
      'it does not hold the hash of the entry before',
    ],
    [
      'an inserted entry',
      `insert into audit_entries (seq, id, action, previous_hash, hash)
        select 101, gen_random_uuid(), 'user.read', hash, sha256('x') from audit_entries where seq = 100`,
      101,
      'its content does not match its hash',
    ],
  ])('is broken by %s', async (_, change, seq, reason) => {
    if (change.includes('107')) await cluster.sql('drop index audit_entries_seq');
    const { code, stdout } = await verifyAfter(change);
    expect([code, stdout]).toEqual([1, expect.stringMatching(new RegExp(`^Entry ${seq} .*: ${reason}\\.`))]);
  });

  it('continues the chain whatever an insert says about it', async () => {
    const forged = `insert into audit_entries (seq, id, action, previous_hash, hash)
      values (7, gen_random_uuid(), 'user.read', null, sha256('x')) returning seq::int`;
    expect(await cluster.sql(forged)).toEqual([{ seq: READS + 1 }]);
    expect(await verify()).toMatchObject({ code: 0 });
  });
});
