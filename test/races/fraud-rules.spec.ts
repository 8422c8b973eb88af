import { logIn, signUp, type Person } from '../support/accounts.js';
import type { Client } from '../support/client.js';
import { Cluster } from '../support/cluster.js';
import { until } from '../support/until.js';

/** A change must reach every process within this time. */
const SECONDS = 10;
const REASON = 'Test.';
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();

describe('blocks and safe list, over two processes', () => {
  let cluster: Cluster;
  let admin: Person;
  let other: Client;
  let lines = 1_000;
  beforeAll(async () => {
    cluster = await Cluster.start(2, {
      BCRYPT_COST: '4',
      TRUST_PROXY: 'loopback',
      IP_RATE_LIMIT: '0',
      FRAUD_MODE: 'enforce',
    });
    const [client] = cluster.clients as [Client, Client];
    other = cluster.clients[1] as Client;
    await signUp(client, 'admin@example.com');
    await cluster.sql(`update users set roles = '{user,admin}'`);
    // Its calls go to the first process.
    admin = await logIn(client, 'admin@example.com');
  });
  afterAll(() => cluster?.stop());

  const result = async (call: PromiseLike<{ status: number; body: unknown }>) => {
    const { status, body } = await call;
    return `${status} ${(body as { code?: string }).code ?? ''}`.trim();
  };
  const forgetCounts = () => cluster.sql('truncate budget_counters');
  /** Asks the second process for a code to a new number of the prefix. */
  const sms = (prefix: string) =>
    result(
      other
        .post('/otp/generate', { phone_number: `${prefix}${++lines}` })
        .set('x-forwarded-for', `10.7.${lines % 250}.1`),
    );
  const mail = (ip: string) =>
    result(
      other.post('/otp/generate', { email: `somebody-${++lines}@example.com` }).set('x-forwarded-for', ip),
    );
  /** What the requests before have counted must not refuse one. */
  const untilAnswer = (answer: string, ask: () => Promise<string>, prepare = forgetCounts) =>
    until(
      `the second process answers ${answer}`,
      async () => {
        await prepare();
        return (await ask()) === answer;
      },
      SECONDS,
    );
  const save = async (list: string, rule: object) => {
    const { body } = await admin.post(`/fraud/${list}`, { reason: REASON, ...rule }).expect(201);
    return (body as { id: string }).id;
  };

  it.each<[string, object, () => Promise<string>, string]>([
    ['prefix', { prefix: '+1415201' }, () => sms('+1415201'), '429 phone_send_limit'],
    ['country', { country: 'DE' }, () => sms('+491512345'), '429 phone_send_limit'],
    ['network', { network: '198.51.100.0/24' }, () => mail('198.51.100.7'), '429 network_send_limit'],
  ])('block a %s in the other process, and end there by removal', async (_, target, ask, refusal) => {
    expect(await ask()).toBe('200');
    const id = await save('blocks', { ...target, until: inSeconds(3_600) });
    await untilAnswer(refusal, ask);
    await admin.delete(`/fraud/blocks/${id}`).expect(204);
    await untilAnswer('200', ask);
  });

  it('block in the other process until the time that was given', async () => {
    const seconds = 2 * SECONDS;
    const end = Date.now() + seconds * 1_000;
    await save('blocks', { prefix: '+1415302', until: new Date(end).toISOString() });
    await untilAnswer('429 phone_send_limit', () => sms('+1415302'));
    await until('the block has ended', () => Date.now() > end);
    await untilAnswer('200', () => sms('+1415302'));
  });

  it('exempt a number and a network in the other process, until they are removed or end', async () => {
    const [prefix, network] = ['+1415403', '203.0.113.0/24'];
    // Far above the limits of the prefix and of the network.
    const exceedLimits = () =>
      cluster.sql(
        `insert into budget_counters (key, hour_sent, day_sent) values ($1, 1000, 1000), ($2, 1000, 1000)
         on conflict (key) do update set hour_sent = 1000, day_sent = 1000`,
        [`prefix:${prefix}`, `network:${network}`],
      );
    const untilExceeding = (answer: string, ask: () => Promise<string>) =>
      untilAnswer(answer, ask, exceedLimits);
    await exceedLimits();
    const [toNumber, fromNetwork] = [() => sms(prefix), () => mail('203.0.113.9')];
    const [refusedNumber, refusedNetwork] = ['429 phone_send_limit', '429 network_send_limit'];
    expect([await toNumber(), await fromNetwork()]).toEqual([refusedNumber, refusedNetwork]);

    const ids = [await save('safe-list', { prefix }), await save('safe-list', { network })];
    await untilExceeding('200', toNumber);
    await untilExceeding('200', fromNetwork);
    for (const id of ids) await admin.delete(`/fraud/safe-list/${id}`).expect(204);
    await untilExceeding(refusedNumber, toNumber);
    await untilExceeding(refusedNetwork, fromNetwork);

    const end = Date.now() + 2 * SECONDS * 1_000;
    await save('safe-list', { prefix, until: new Date(end).toISOString() });
    await untilExceeding('200', toNumber);
    await until('the entry has ended', () => Date.now() > end);
    await untilExceeding(refusedNumber, toNumber);
  });
});
