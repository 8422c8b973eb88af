import { logIn, signInByCode, signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { withProof } from '../support/proof.js';
import { wrongCode } from '../support/wrong-code.js';

const DAY = 86_400;

/** What a caller can make the server send. Each test is an attack that once worked. */
describe('message budget', () => {
  let app: TestApp;
  let count = 0;
  beforeAll(async () => {
    app = await TestApp.start({
      BCRYPT_COST: '4',
      TRUST_PROXY: 'loopback',
      FRAUD_MODE: 'enforce',
      LOG_LEVEL: 'warn',
    });
  });
  afterAll(() => app?.stop());
  beforeEach(() => app.sql('delete from budget_counters'));

  const newEmail = () => `somebody-${++count}@example.com`;

  /** Status of each request, sent twenty at a time. */
  async function statuses(
    requests: (() => PromiseLike<{ status: number }>)[],
  ): Promise<Record<string, number>> {
    const found: Record<string, number> = {};
    for (let at = 0; at < requests.length; at += 20)
      for (const { status } of await Promise.all(requests.slice(at, at + 20).map((send) => send())))
        found[status] = (found[status] ?? 0) + 1;
    return found;
  }

  async function messagesLike(recipient: string): Promise<number> {
    return (await app.sql('select from messages where recipient like $1', [recipient])).length;
  }

  it('sends few messages to 2,000 consecutive numbers from 20 networks, and few more for another purpose', async () => {
    const ranges = ['+1415201', '+1415302', '+1415403', '+1415504'];
    const attempts = (purpose: string) =>
      Array.from(
        { length: 2_000 },
        (_, i) => () =>
          app
            .post('/otp/generate', {
              phone_number: `${ranges[i % 4]}${1_000 + Math.floor(i / 4)}`,
              purpose,
            })
            .set('x-forwarded-for', `10.0.${i % 20}.1`),
      );
    const first = await statuses(attempts('verification'));
    const sent = await messagesLike('phone:+1415%');
    expect(sent).toBe(first['200']);
    // Five for each range: one per cent.
    expect(sent).toBeLessThanOrEqual(20);
    const { 403: asked = 0, 429: refused = 0 } = first;
    expect(sent + asked + refused).toBe(2_000);

    await statuses(attempts('checkout'));
    expect(await messagesLike('phone:+1415%')).toBeLessThanOrEqual(2 * sent);
  }, 240_000);

  it('lets an account ask for five new numbers a day, in 600 requests', async () => {
    const eve = await signUp(app, newEmail());
    const found = await statuses(
      Array.from(
        { length: 600 },
        (_, i) => () =>
          eve
            .patch('/users/me', { phone: `+1628${2_010_000 + i * 1_001}` })
            .set('x-forwarded-for', `10.1.${i % 250}.1`),
      ),
    );
    expect(found['200']).toBeLessThanOrEqual(5);
    expect(await messagesLike('phone:+1628%')).toBe(found['200']);
    expect(Object.keys(found).sort()).toEqual(expect.not.arrayContaining(['500', '503']));
    const { body } = await eve.patch('/users/me', { email: newEmail() }).expect(429);
    expect(body).toMatchObject({ code: 'address_change_limit' });
  }, 60_000);

  it('sends at most ten messages a day to a number with thirty recognised devices', async () => {
    const phone = '+14155550150';
    const owner = await signUp(app, newEmail(), { phone });
    await signInByCode(app, { phone }, { deviceToken: owner.deviceToken });
    await app.ageWhenSent(DAY);
    const before = await messagesLike(`phone:${phone}`);
    const found: Record<string, number> = {};
    for (let device = 0; device < 30; device++) {
      const { deviceToken } = await logIn(app, owner.email);
      const { status } = await app.post('/auth/send_otp', { phone }).set('x-device-token', deviceToken);
      found[status] = (found[status] ?? 0) + 1;
    }
    expect(found['201']).toBeLessThanOrEqual(10);
    expect(await messagesLike(`phone:${phone}`)).toBe(before + (found['201'] ?? 0));
    expect(found['429']).toBe(30 - (found['201'] ?? 0));
  }, 60_000);

  it('counts sixty spellings of one mailbox as one recipient', async () => {
    const send = (email: string, network: number) =>
      app.post('/otp/generate', { email }).set('x-forwarded-for', `10.2.${network}.1`);
    const tags = Array.from({ length: 60 }, (_, i) => () => send(`eve+${i}@example.com`, i));
    expect(await statuses(tags)).toEqual({ 200: 6, 403: 54 });
    const dots = ['d.orothy', 'do.rothy', 'dor.othy', 'doro.thy', 'dorot.hy', 'doroth.y', 'd.o.rothy'];
    const spellings = dots.map((name, i) => () => send(`${name}+x@${i % 2 ? 'gmail' : 'googlemail'}.com`, i));
    expect(await statuses(spellings)).toEqual({ 200: 6, 403: 1 });
  });

  it('lets an owner on a new phone in after a stranger used all that is free', async () => {
    const { email } = await signUp(app, newEmail());
    await app.ageWhenSent(DAY);
    const stranger = (path: string, body: object) =>
      app.post(path, { email, ...body }).set('x-forwarded-for', '198.51.100.9');
    let mails = (await app.messages(email)).length;
    let judged = 0;
    for (let send = 0; send < 10; send++) {
      const { status } = await stranger('/auth/send_otp', {});
      if (status !== 201) continue;
      const otp = await app.code(email, ++mails);
      for (let guess = 0; guess < 3; guess++) {
        const { body } = await stranger('/auth/verify_otp', { otp: wrongCode(otp) });
        if ((body as { code: string }).code === 'otp_invalid') judged++;
      }
    }
    expect(judged).toBe(18);
    await app.sql('update challenges set failures = 20 where recipient = $1', [`email:${email}`]);

    const owner = (path: string, body: object) =>
      withProof((proof) =>
        app.post(path, { email, ...body, ...proof }).set('x-forwarded-for', '203.0.113.5'),
      );
    expect((await owner('/auth/send_otp', {})).status).toBe(201);
    const { status, body } = await owner('/auth/verify_otp', { otp: await app.code(email, mails + 1) });
    expect(status).toBe(201);
    expect(body).toMatchObject({ VerificationStatus: 'approved', user: { email } });
  });

  it.each(['known', 'unknown'])(
    'says at /auth/forgot when nothing is sent, for a %s address',
    async (kind) => {
      const email = newEmail();
      if (kind === 'known') await signUp(app, email);
      await app.sql('delete from budget_counters');
      const before = await messagesLike(`email:${email}`);
      const forgot = (proof: object = {}) => app.post('/auth/forgot', { email, ...proof });
      for (let mail = 1; mail <= 6; mail++) {
        await forgot().expect(202);
        expect((await forgot().expect(429)).body).toMatchObject({ code: 'otp_cooldown' });
        await app.ageWhenSent(61);
      }
      await forgot().expect(403);
      expect((await withProof(forgot)).status).toBe(202);
      await app.ageWhenSent(61);
      await app.sql(`update budget_counters set day_sent = 20 where key = $1`, [`to:email:${email}`]);
      const { body, headers } = await forgot().expect(429);
      expect(body).toMatchObject({ code: 'otp_send_limit' });
      expect(Number(headers['retry-after'])).toBeGreaterThan(DAY - 3_600);
      expect(await messagesLike(`email:${email}`)).toBe(before + 7);
    },
  );

  it('counts messages of all purposes, lanes and routes together', async () => {
    const { email } = await signUp(app, newEmail());
    await app.sql('delete from budget_counters');
    const sends = [
      () => app.post('/otp/generate', { email }),
      () => app.post('/otp/generate', { email, purpose: 'checkout' }),
      () => app.post('/otp/generate', { email, purpose: 'transaction', context: { payee: 'Acme' } }),
      () => app.post('/auth/send_otp', { email }),
      () => app.post('/auth/forgot', { email }),
      () => app.post('/auth/register', { email, password: 'velvet otters dance' }),
    ];
    for (const send of sends) expect((await send()).status).toBeLessThan(300);
    const { body } = await app.post('/otp/generate', { email, purpose: 'payout' }).expect(403);
    expect(body).toMatchObject({ code: 'proof_of_work_required' });
    await app.ageWhenSent(DAY);
    await app.post('/otp/generate', { email, purpose: 'payout' }).expect(200);
  });
});
