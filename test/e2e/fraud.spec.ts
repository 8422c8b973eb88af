import type { Response } from 'supertest';
import { logIn, signUp, type Person } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { until } from '../support/until.js';

const codeOf = ({ status, body }: Response) => `${status} ${(body as { code?: string }).code ?? ''}`.trim();
const inOneHour = () => new Date(Date.now() + 3_600_000).toISOString();

describe('fraud guard', () => {
  let app: TestApp;
  let admin: Person;
  let user: Person;
  beforeAll(async () => {
    app = await TestApp.start({
      BCRYPT_COST: '4',
      TRUST_PROXY: 'loopback',
      FRAUD_MODE: 'enforce',
      OTP_CHANNELS: 'sms,email,whatsapp',
      OTP_EXPOSE_CODE: 'true',
      PHONE_SPEND_PER_HOUR: '25',
      PHONE_SPEND_PER_DAY: '150',
    });
    user = await signUp(app, 'user@example.com');
    await signUp(app, 'admin@example.com');
    await app.sql(`update users set roles = '{user,admin}' where email = 'admin@example.com'`);
    admin = await logIn(app, 'admin@example.com');
  });
  afterAll(() => app?.stop());
  beforeEach(() => app.sql('delete from budget_counters'));

  let networks = 0;
  const nextNetwork = () => `10.${Math.floor(++networks / 250)}.${networks % 250}.1`;
  const send = (phone_number: string, ip = nextNetwork()) =>
    app.post('/otp/generate', { phone_number }).set('x-forwarded-for', ip);
  const sendMail = (email: string, ip: string) =>
    app.post('/otp/generate', { email }).set('x-forwarded-for', ip);
  const report = async (query = '') => (await admin.get(`/fraud${query}`).expect(200)).body as unknown;

  it('reports what was sent, spent and refused, and writes that it was read to the audit log', async () => {
    for (let index = 0; index < 7; index++) await send(`+1415555100${index}`);
    const { body } = await send('+14156660001').expect(200);
    const { otp } = body as { otp: string };
    await app.post('/otp/verify', { phone_number: '+14156660001', otp }).expect(200);
    // The next message stores the verdicts.
    await send('+4915112345678').expect(200);

    expect(await report()).toMatchObject({
      mode: 'enforce',
      countries: [
        { value: 'US', day: { sent: 6, verified: 1, outstanding: 5, free: 101, limit: null }, spent: 1.8 },
        { value: 'DE', day: { sent: 1, verified: 0, outstanding: 1 }, spent: 0.3 },
      ],
      prefixes: [
        {
          value: '+1415555',
          hour: { sent: 5, verified: 0, outstanding: 5, free: 5, limit: 15 },
          day: { sent: 5, free: 20, limit: 25 },
          spent: 1.5,
        },
        { value: '+491511234', hour: { sent: 1 }, spent: 0.3 },
        { value: '+1415666', hour: { sent: 1, verified: 1, outstanding: 0, free: 6, limit: 18 } },
      ],
      spend: {
        hour: { messages: 7, spent: 2.1, limit: 25 },
        day: { messages: 7, spent: 2.1, limit: 150 },
      },
      refusals: [{ verdict: 'proof_required', scope: 'prefix', country: 'US', hour: 2, day: 2 }],
    });
    expect(await report('?sort=sent')).toMatchObject({ countries: [{ value: 'US' }, { value: 'DE' }] });
    expect(codeOf(await admin.get('/fraud?sort=name'))).toBe('400 validation_failed');
    const { body: entries } = await admin.get('/audit?limit=1').expect(200);
    expect(entries).toMatchObject([{ action: 'fraud.read', actorId: admin.user.id }]);
  });

  it('reports what each provider accepted, delivered and cost in the last day', async () => {
    await app.sql('delete from messages');
    const day = 86_400_000;
    /** Ids begin with the time, as those of the server do. */
    const add = (ageMs: number, fields: object) =>
      app.sql(
        `insert into messages (id, recipient, purpose, channel, template, state, due_at, expires_at, provider,
          provider_ref, price, real_price)
        select (lpad(to_hex((extract(epoch from now()) * 1000 - $1::float8)::bigint), 12, '0')
          || '7' || substr(md5(random()::text), 1, 19))::uuid,
          'phone:+14155550001', 'verification', 'sms', 'code', f.state, now(), now(), f.provider, f.ref, f.price, f.real_price
        from jsonb_to_record($2::jsonb) as f(state text, provider text, ref text, price int, real_price int)`,
        [ageMs, JSON.stringify(fields)],
      );
    const sent = { state: 'sent', provider: 'twilio', ref: 'SM1', price: 300_000 };
    await add(1_000, sent);
    await add(2_000, { ...sent, state: 'delivered', real_price: 7_900 });
    await add(day - 60_000, { ...sent, state: 'failed' });
    await add(day + 60_000, sent);
    await add(3_000, { ...sent, provider: 'webhook', state: 'delivered' });
    // Not accepted by anybody.
    await add(4_000, { ...sent, state: 'failed', ref: null });
    await add(5_000, { ...sent, state: 'sending', provider: null, ref: null });

    const { providers, providersSince } = (await report()) as Record<string, unknown>;
    expect(providers).toEqual([
      { provider: 'twilio', channel: 'sms', sent: 3, delivered: 1, codes: 0, verified: 0, spent: 0.6079 },
      { provider: 'webhook', channel: 'sms', sent: 1, delivered: 1, codes: 0, verified: 0, spent: 0.3 },
    ]);
    expect(Date.now() - Date.parse(String(providersSince))).toBeLessThan(day + 60_000);
    await app.sql('delete from messages');
    expect(await report()).toMatchObject({ providers: [] });
  });

  it('reports how many codes of each provider and channel were entered', async () => {
    await app.sql('delete from messages');
    const enter = async (phone_number: string) => {
      const { body } = await send(phone_number).expect(200);
      const { otp } = body as { otp: string };
      await app.post('/otp/verify', { phone_number, otp }).expect(200);
    };
    const resend = (phone_number: string, channel: string) =>
      app.post('/otp/resend', { phone_number, channel }).set('x-forwarded-for', nextNetwork());
    await enter('+14155550021');
    await send('+14155550022').expect(200);
    await send('+14155550023').expect(200);
    await app.ageWhenSent(61);
    // A second code that was not entered replaces the first one, and a repeated code is one code.
    await enter('+14155550021');
    await send('+14155550021').expect(200);
    await resend('+14155550022', 'sms').expect(200);
    // A code counts for the channel that has sent it last.
    await resend('+14155550023', 'whatsapp').expect(200);
    await app.ageWhenSent(0);

    const { providers } = (await report()) as { providers: object[] };
    expect(providers).toMatchObject([
      { provider: 'inbox', channel: 'sms', sent: 6, codes: 2, verified: 0 },
      { provider: 'inbox', channel: 'whatsapp', sent: 1, codes: 1, verified: 0 },
    ]);
    await app.ageWhenSent(61);
    await enter('+14155550021');
    await app.ageWhenSent(0);
    expect(await report()).toMatchObject({
      providers: [{ channel: 'sms', sent: 7, codes: 2, verified: 1 }, { channel: 'whatsapp' }],
    });
  });

  it('counts the metric of every verdict', async () => {
    for (let index = 0; index < 6; index++) await send(`+1212555100${index}`);
    const { text } = await app.get('/metrics').expect(200);
    expect(text).toMatch(/send_verdicts_total\{scope="none",verdict="allowed",country="US"\} \d+/);
    expect(text).toMatch(/send_verdicts_total\{scope="prefix",verdict="proof_required",country="US"\} \d+/);
    expect(text).toMatch(/phone_spend_share\{window="hour"\} 0\.06/);
  });

  it('blocks a prefix, tells all its numbers the same, and lifts the block by itself', async () => {
    const reason = 'Pumped numbers since 9 a.m.';
    const block = { prefix: '+1312', until: inOneHour(), reason };
    const { body: made } = await admin.post('/fraud/blocks', block).expect(201);
    expect(made).toMatchObject({ scope: 'prefix', value: '+1312', reason, until: block.until });

    const refusals = [await send('+13125550001'), await send('+13125559999')];
    expect(refusals.map(codeOf)).toEqual(['429 phone_send_limit', '429 phone_send_limit']);
    expect(refusals[0]?.headers['retry-after']).toBe(refusals[1]?.headers['retry-after']);
    await send('+13135550001').expect(200);

    expect((await admin.get('/fraud/blocks').expect(200)).body).toMatchObject([{ value: '+1312' }]);
    await app.sql(`update fraud_rules set until = now() where value = '+1312'`);
    await until('the block is lifted', async () => (await send('+13125550001')).status === 200);
    expect((await admin.get('/fraud/blocks').expect(200)).body).toEqual([]);
  });

  it('blocks a country and a network until an administrator lifts it', async () => {
    const rest = { until: inOneHour(), reason: 'Test.' };
    const { body: country } = await admin.post('/fraud/blocks', { country: 'FR', ...rest }).expect(201);
    const { body: network } = await admin
      .post('/fraud/blocks', { network: '198.51.100.0/24', ...rest })
      .expect(201);
    expect(codeOf(await send('+33612345678'))).toBe('429 phone_send_limit');
    expect(codeOf(await sendMail('blocked@example.com', '198.51.100.7'))).toBe('429 network_send_limit');
    expect(codeOf(await sendMail('blocked@example.com', '::ffff:198.51.100.7'))).toBe(
      '429 network_send_limit',
    );

    for (const { id } of [country, network] as { id: string }[])
      await admin.delete(`/fraud/blocks/${id}`).expect(204);
    await send('+33612345678').expect(200);
    await sendMail('blocked@example.com', '198.51.100.7').expect(200);

    const { body: entries } = await admin.get('/audit?limit=4').expect(200);
    expect(
      (entries as { action: string; details: object }[]).map(({ action, details }) => [action, details]),
    ).toMatchObject([
      ['fraud.unblock', { scope: 'network', value: '198.51.100.0/24' }],
      ['fraud.unblock', { scope: 'country', value: 'FR' }],
      ['fraud.block', { scope: 'network' }],
      ['fraud.block', { scope: 'country' }],
    ]);
  });

  it('exempts the safe list from the limits per prefix and from blocks', async () => {
    const { body } = await admin
      .post('/fraud/safe-list', { prefix: '+1617555', reason: 'Office.' })
      .expect(201);
    await admin.post('/fraud/blocks', { prefix: '+1617', until: inOneHour(), reason: 'Test.' }).expect(201);
    for (let index = 0; index < 8; index++) await send(`+1617555100${index}`).expect(200);
    expect(codeOf(await send('+16176661000'))).toBe('429 phone_send_limit');
    expect((await admin.get('/fraud/safe-list').expect(200)).body).toMatchObject([
      { value: '+1617555', until: null },
    ]);
    await admin.delete(`/fraud/safe-list/${(body as { id: string }).id}`).expect(204);
    expect(codeOf(await send('+16175552000'))).toBe('429 phone_send_limit');
  });

  it('replaces a block of the same value, and pages through a list', async () => {
    const reason = 'Test.';
    for (const prefix of ['+4420', '+4421', '+4422', '+4420'])
      await admin.post('/fraud/blocks', { prefix, until: inOneHour(), reason }).expect(201);
    const first = await admin.get('/fraud/blocks?limit=2').expect(200);
    expect(first.body).toHaveLength(2);
    const next = /\/fraud\/blocks[^>]+/.exec(String(first.headers.link))?.[0] ?? '';
    const { body: second } = await admin.get(next).expect(200);
    const values = [...(first.body as { value: string }[]), ...(second as { value: string }[])].map(
      ({ value }) => value,
    );
    expect(values.filter((value) => value.startsWith('+442')).sort()).toEqual(['+4420', '+4421', '+4422']);
  });

  it.each([
    [{ prefix: '+1' }, 'prefix'],
    [{ prefix: '1415' }, 'prefix'],
    [{ country: 'XX' }, 'country'],
    [{ country: 'us' }, 'country'],
    [{ network: '300.1.1.1' }, 'network'],
    [{ network: '0.0.0.0/0' }, 'network'],
    [{ network: '2001:db8::/8' }, 'network'],
    [{ network: '192.0.2.0/33' }, 'network'],
    [{}, 'prefix'],
    [{ prefix: '+1415', country: 'US' }, 'prefix'],
    [{ prefix: '+1415', until: '2020-01-01T00:00:00Z' }, 'until'],
    [{ prefix: '+1415', until: 'tomorrow' }, 'until'],
    [{ prefix: '+1415', reason: ' ' }, 'reason'],
  ])('refuses the block %j', async (block, field) => {
    const reply = await admin.post('/fraud/blocks', { until: inOneHour(), reason: 'Test.', ...block });
    expect(codeOf(reply)).toBe('400 validation_failed');
    const { errors } = reply.body as { errors: { field: string }[] };
    expect(errors.map((error) => error.field)).toContain(field);
  });

  it('is for administrators only, and answers unknown entries with 404', async () => {
    const block = { prefix: '+1415', until: inOneHour(), reason: 'Test.' };
    expect(codeOf(await user.get('/fraud'))).toBe('403 forbidden');
    expect(codeOf(await user.post('/fraud/blocks', block))).toBe('403 forbidden');
    expect(codeOf(await user.post('/fraud/safe-list', block))).toBe('403 forbidden');
    expect(codeOf(await app.get('/fraud'))).toBe('401 token_invalid');
    expect(codeOf(await admin.delete('/fraud/blocks/0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001'))).toBe(
      '404 fraud_rule_not_found',
    );
    expect(codeOf(await admin.delete('/fraud/safe-list/1'))).toBe('404 fraud_rule_not_found');
  });

  it('keeps the last fifth of the money for recognised devices', async () => {
    await send('+14157770001').expect(200);
    await app.sql(`update budget_counters set hour_spent = 20000000 where key = 'money'`);
    expect(codeOf(await send('+14158880001'))).toBe('429 phone_send_limit');
    expect(app.log).toContain('have spent 80 % of their limit');
  });
});
