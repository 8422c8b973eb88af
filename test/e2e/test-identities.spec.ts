import { decodeJwt } from 'jose';
import request from 'supertest';
import { PASSWORD } from '../support/accounts.js';
import { TestApp } from '../support/app.js';

const dateInDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

describe('test identities', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({
      SIGN_UP_ON_VERIFY: 'true',
      SMS_ALLOWED_COUNTRIES: 'IN',
      TEST_IDENTITIES: [
        `review@example.com=111111@${dateInDays(30)}`,
        '*@ci.example.com=222222',
        `+1555555*=333333@${dateInDays(0)}`,
        `*@over.example.com=444444@${dateInDays(-1)}`,
      ].join(),
    });
  });
  afterAll(() => app?.stop());

  const verify = async (address: object, otp: string): Promise<Record<string, string>> =>
    (await app.post('/auth/verify_otp', { ...address, otp }).expect(201)).body as Record<string, string>;
  const patch = (path: string, body: object) => request(app.url).patch(path).send(body);
  const expectNothingSent = async (address: string) => {
    expect(await app.messages(address)).toEqual([]);
    const rows = await app.sql<{ state: string; provider: string; wiped: boolean }>(
      `select distinct state, provider, sealed is null and finished_at is not null as wiped from messages
       where recipient like '%' || $1`,
      [address],
    );
    expect(rows).toEqual([{ state: 'sent', provider: 'test', wiped: true }]);
  };

  it.each([
    ['review@example.com', '111111'],
    ['Review@Example.com', '111111'],
    ['anybody@ci.example.com', '222222'],
    ['+15555550123', '333333'],
  ])('accepts the configured code for %s once and sends no message', async (address, otp) => {
    const body = address.startsWith('+') ? { phone_number: address } : { email: address };
    const sent = await app.post('/otp/generate', body).expect(200);
    expect(sent.body).not.toHaveProperty('otp');
    const { id } = sent.body.challenge as { id: string };
    const { body: status } = await app.get(`/otp/challenges/${id}`).expect(200);
    expect(status).toMatchObject({ status: 'pending', delivery: 'sent' });

    const { body: verified } = await app.post('/otp/verify', { ...body, otp }).expect(200);
    expect(decodeJwt(verified.proof as string)).toMatchObject({ test: true, jti: id });
    await app.post('/otp/verify', { ...body, otp }).expect(404);
    await expectNothingSent(address.toLowerCase());
  });

  it('has no cooldown and no send limit, but codes expire and attempts are limited', async () => {
    const email = 'limits@ci.example.com';
    for (let n = 0; n < 25; n++) {
      await app.post('/otp/generate', { email }).expect(200);
      await app.post('/otp/resend', { email }).expect(200);
    }
    for (let n = 0; n < 25; n++) {
      for (let guess = 0; guess < 3; guess++)
        await app.post('/otp/verify', { email, otp: '000000' }).expect(400);
      await app.post('/otp/verify', { email, otp: '222222' }).expect(403);
      await app.post('/otp/generate', { email }).expect(200);
    }
    await app.age(301);
    const { body } = await app.post('/otp/verify', { email, otp: '222222' }).expect(400);
    expect(body).toMatchObject({ code: 'otp_expired' });
    await app.post('/otp/generate', { email }).expect(200);
    await app.post('/otp/verify', { email, otp: '222222' }).expect(200);
  });

  it('marks access tokens as test tokens, also after a refresh', async () => {
    for (const [address, otp] of [
      [{ email: 'sign-in@ci.example.com' }, '222222'],
      [{ phone: '+15555550199' }, '333333'],
    ] as const) {
      await app.post('/auth/send_otp', address).expect(201);
      const { accessToken = '', refreshToken } = await verify(address, otp);
      expect(decodeJwt(accessToken)).toMatchObject({ test: true });
      const { body } = await app.post('/auth/refresh', { refreshToken }).expect(200);
      expect(decodeJwt(body.accessToken as string)).toMatchObject({ test: true });
    }
  });

  it('supports registration, password reset, sign-in and address change, and marks each event as a test', async () => {
    const email = 'everything@ci.example.com';
    await app.post('/auth/register', { email, password: PASSWORD }).expect(201);
    await app.post('/auth/verify', { email, otp: '222222' }).expect(200);
    await app.post('/auth/forgot', { email }).expect(202);
    const password = 'another correct horse battery';
    await patch('/auth/reset', { email, otp: '222222', password }).expect(200);
    const { body } = await app.post('/auth/login', { email, password }).expect(200);
    expect(decodeJwt(body.accessToken as string)).toMatchObject({ test: true });

    const newEmail = 'moved@ci.example.com';
    const authorization = `Bearer ${body.accessToken as string}`;
    await patch('/users/me', { email: newEmail }).set('authorization', authorization).expect(200);
    await app
      .post('/users/me/contact/verify', { email: newEmail, otp: '222222' })
      .set('authorization', authorization)
      .expect(200);
    await expectNothingSent(email);
    await expectNothingSent(newEmail);

    const events = await app.sql<{ action: string; reason: string }>(
      `select action, reason from account_events where user_id = $1 order by id`,
      [body.user.id],
    );
    expect(events.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['email_verification', 'sign_in', 'password_reset', 'contact_change']),
    );
    expect(new Set(events.map(({ reason }) => reason))).toEqual(new Set(['test']));
  });

  it('rejects the sign-in of a test identity with the administrator role', async () => {
    const address = { email: 'root@ci.example.com' };
    await app.post('/auth/send_otp', address).expect(201);
    await verify(address, '222222');
    await app.sql(`update users set roles = '{user,admin}' where email = $1`, [address.email]);
    await app.post('/auth/send_otp', address).expect(201);
    const { body } = await app.post('/auth/verify_otp', { ...address, otp: '222222' }).expect(403);
    expect(body).toMatchObject({ code: 'forbidden' });
  });

  it('opens no account with the known code that was made without it', async () => {
    const email = 'person@ci.example.com';
    await app.post('/auth/send_otp', { email }).expect(201);
    await verify({ email }, '222222');
    await app.sql('update users set is_test = false where email = $1', [email]);

    await app.post('/auth/send_otp', { email }).expect(201);
    const { body } = await app.post('/auth/verify_otp', { email, otp: '222222' }).expect(403);
    expect(body).toMatchObject({ code: 'forbidden' });
    await app.post('/auth/register', { email, password: PASSWORD }).expect(201);
    // The address is taken, so the registration gets a mail without a code.
    await app.post('/auth/verify', { email, otp: '222222' }).expect(400);
    await app.post('/auth/forgot', { email }).expect(202);
    await patch('/auth/reset', { email, otp: '222222', password: PASSWORD }).expect(403);
    await app.post('/auth/login', { email, password: PASSWORD }).expect(401);
  });

  it('treats expired test identities and similar addresses as ordinary addresses', async () => {
    for (const [email, otp] of [
      ['late@over.example.com', '444444'],
      ['review@example.com.example.org', '111111'],
      ['xreview@example.com', '111111'],
      ['x@notci.example.com', '222222'],
    ] as const) {
      await app.post('/otp/generate', { email }).expect(200);
      await app.post('/otp/generate', { email }).expect(429);
      const sent = await app.code(email);
      if (sent !== otp) await app.post('/otp/verify', { email, otp }).expect(400);
      const { body } = await app.post('/otp/verify', { email, otp: sent }).expect(200);
      expect(decodeJwt(body.proof as string)).not.toHaveProperty('test');
    }
    await app.post('/otp/generate', { phone_number: '+15555560123' }).expect(400);
    await app.post('/otp/generate', { phone_number: '+14155550123' }).expect(400);
  });

  it('logs only the number of active test identities at startup', () => {
    expect(app.log).toMatch(/TEST_IDENTITIES.*active.*3/);
    expect(app.log).not.toMatch(/ci\.example\.com|111111|222222|333333/);
  });
});
