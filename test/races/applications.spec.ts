import { logIn, signUp, type Person } from '../support/accounts.js';
import { ApplicationClient, createApplication, type ApplicationReply } from '../support/applications.js';
import type { Client } from '../support/client.js';
import { Cluster } from '../support/cluster.js';
import { runCommand } from '../support/command.js';
import { until } from '../support/until.js';

const APP_SECRET = 'one for all of them';
/** A change must reach every process within this time. */
const SECONDS = 10;

describe('applications, over two processes', () => {
  let cluster: Cluster;
  let admin: Person;
  let people = 0;
  beforeAll(async () => {
    cluster = await Cluster.start(2, { BCRYPT_COST: '4', API_ACCESS: 'applications' });
    const [client] = cluster.clients as [Client];
    await signUp(client, 'admin@example.com');
    await cluster.sql(`update users set roles = '{user,admin}'`);
    admin = await logIn(client, 'admin@example.com');
  });
  afterAll(() => cluster?.stop());

  const first = () => cluster.clients[0] as Client;
  const create = (fields: object = {}) => createApplication(first(), admin, fields);
  /** The same credentials at every process. */
  const everywhere = ({ id, secret }: ApplicationClient) =>
    cluster.clients.map(({ url }) => new ApplicationClient(url, id, secret));
  const send = async (client: ApplicationClient) =>
    (await client.post('/otp/generate', { email: `somebody-${++people}@example.com` })).status;
  const statusesOf = (client: ApplicationClient) => Promise.all(everywhere(client).map(send));

  async function expectRefusedInTime(client: ApplicationClient): Promise<void> {
    await until(
      'every process refuses the application',
      async () => (await statusesOf(client)).every((status) => status === 401),
      SECONDS,
    );
  }

  it('works at once in every process after its creation', async () => {
    expect(await statusesOf(await create())).toEqual([200, 200]);
  });

  it.each<[string, object, (id: string) => PromiseLike<unknown>]>([
    ['disabling a server', {}, (id) => admin.patch(`/applications/${id}`, { disabled: true }).expect(200)],
    [
      'disabling a browser',
      { kind: 'browser' },
      (id) => admin.patch(`/applications/${id}`, { disabled: true }).expect(200),
    ],
    ['deletion', {}, (id) => admin.delete(`/applications/${id}`).expect(204)],
    [
      'revocation of its secret',
      {},
      (id) => admin.post(`/applications/${id}/secret`, { revokePrevious: true }).expect(201),
    ],
  ])('is refused by both processes within ten seconds after %s', async (_, fields, change) => {
    const client = await create(fields);
    expect(await statusesOf(client)).toEqual([200, 200]);
    await change(client.id);
    await expectRefusedInTime(client);
  });

  it('has a new secret at once and the old one for 24 hours, in both processes', async () => {
    const client = await create();
    expect(await statusesOf(client)).toEqual([200, 200]);
    const { body } = await admin.post(`/applications/${client.id}/secret`, {}).expect(201);
    const renewed = new ApplicationClient(client.url, client.id, (body as ApplicationReply).secret);
    for (const each of [client, renewed]) expect(await statusesOf(each)).toEqual([200, 200]);
    await cluster.sql('update applications set previous_secret_expires_at = now() where id = $1', [
      client.id,
    ]);
    await expectRefusedInTime(client);
    expect(await statusesOf(renewed)).toEqual([200, 200]);
  });

  it('keeps both changes of two fields and the last two secrets of parallel rotations', async () => {
    const { id } = await create();
    await cluster.whileHeld({ lock: 'select from applications where id = $1 for update', key: id }, 2, () =>
      Promise.all([
        admin.patch(`/applications/${id}`, { name: 'Store' }).expect(200),
        admin.patch(`/applications/${id}`, { limits: { messagesPerDay: 7 } }).expect(200),
      ]),
    );
    const { body } = await admin.get(`/applications/${id}`).expect(200);
    expect(body).toMatchObject({ name: 'Store', limits: { messagesPerMinute: 600, messagesPerDay: 7 } });

    const replies = await Promise.all(
      [1, 2].map(() => admin.post(`/applications/${id}/secret`, {}).expect(201)),
    );
    for (const reply of replies) {
      const client = new ApplicationClient(first().url, id, (reply.body as ApplicationReply).secret);
      expect(await statusesOf(client)).toEqual([200, 200]);
    }
  });

  it('is created on the command line', async () => {
    const options = [
      ['--name', 'Shop'],
      ['--kind', 'server'],
      ['--purposes', 'verification,checkout'],
      ['--messages-per-day', '1000'],
      ['--brand-name', 'Acme'],
    ].flat();
    const settings = { NODE_ENV: 'test', DATABASE_URL: cluster.url, APP_SECRET };
    const { code, stdout, stderr } = await runCommand(['application:create', ...options], settings);
    expect([code, stderr]).toEqual([0, '']);
    const [, id = '', secret] = /^id: (app_[\w-]+)\nsecret: (app_secret_[\w-]{43})\n$/.exec(stdout) ?? [];
    expect(await statusesOf(new ApplicationClient(first().url, id, secret))).toEqual([200, 200]);
    expect((await admin.get(`/applications/${id}`).expect(200)).body).toMatchObject({
      name: 'Shop',
      kind: 'server',
      purposes: ['verification', 'checkout'],
      brandName: 'Acme',
      limits: { messagesPerMinute: 600, messagesPerDay: 1000, spendPerDay: null },
    });
    expect(
      await cluster.sql(`select actor_id, details from audit_entries order by seq desc limit 1`),
    ).toEqual([{ actor_id: null, details: { application: id, name: 'Shop', kind: 'server' } }]);

    const page = ['--name', 'Front', '--kind', 'browser', '--origins', 'https://shop.acme.test'];
    const command = ['application:create', ...page, '--sms-host', 'acme.test'];
    const browser = await runCommand(command, settings);
    expect(browser).toEqual({ code: 0, stdout: expect.stringMatching(/^id: app_[\w-]+\n$/), stderr: '' });
    const browserId = browser.stdout.slice('id: '.length).trim();
    const made = await admin.get(`/applications/${browserId}`).expect(200);
    expect(made.body).toMatchObject({ origins: ['https://shop.acme.test'], smsHost: 'acme.test' });
  });
});
