/* eslint-disable no-control-regex -- these tests look for control characters */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Response } from 'supertest';
import { changeContact, logIn, PASSWORD, signInByCode, signUp, undoToken } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { until } from '../support/until.js';
import { wrongCode } from '../support/wrong-code.js';

const USER_AGENT = 'Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0';
const NEW_PASSWORD = 'another horse battery staple';

interface Event {
  id: string;
  at: string;
  action: string;
  succeeded: boolean;
  reason: string | null;
  address: string | null;
  ip: string | null;
  userAgent: string | null;
}

type Person = Awaited<ReturnType<typeof signUp>>;

describe('account events', () => {
  let app: TestApp;
  let userCount = 0;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4', PUBLIC_URL: 'https://auth.example.com' });
  });
  afterAll(() => app?.stop());

  const newEmail = () => `somebody-${++userCount}@example.com`;
  const newUser = () => signUp(app, newEmail());

  async function listEvents(person: Person): Promise<Event[]> {
    return (await person.get('/users/me/events?limit=100').expect(200)).body as Event[];
  }

  /** The events after `before`, newest first: `sign_in`, or `sign_in: invalid_credentials`. */
  async function eventsSince(person: Person, before: Event[]): Promise<string[]> {
    const events = await listEvents(person);
    return events.slice(0, events.length - before.length).map(({ action, succeeded, reason }) => {
      expect(succeeded).toBe(reason === null);
      return reason === null ? action : `${action}: ${reason}`;
    });
  }

  it('records action, outcome, reason, masked address, IP address and User-Agent', async () => {
    const ada = await newUser();
    await app.post('/auth/login', { email: ada.email, password: 'wrong' }).set('user-agent', USER_AGENT);
    const [refused, ...before] = await listEvents(ada);
    expect(refused).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      action: 'sign_in',
      succeeded: false,
      reason: 'invalid_credentials',
      address: 's•••@example.com',
      ip: '127.0.0.1',
      userAgent: USER_AGENT,
      applicationId: null,
    });
    expect(before.map(({ action }) => action)).toEqual(['sign_in', 'email_verification']);
  });

  describe('recorded actions', () => {
    it('records successful and refused verification of a new address', async () => {
      const email = newEmail();
      await app.post('/auth/register', { email, password: PASSWORD }).expect(201);
      const otp = await app.code(email);
      await app.post('/auth/verify', { email, otp: wrongCode(otp) }).expect(400);
      await app.post('/auth/login', { email, password: PASSWORD }).expect(401);
      // Without an account, events are counted only.
      const counts = await app.sql(
        `select action, reason, sum(count)::int as count from anonymous_events
         where reason in ('otp_invalid', 'invalid_credentials') and action in ('email_verification', 'sign_in')
         group by action, reason order by action`,
      );
      expect(counts).toEqual([
        { action: 'email_verification', reason: 'otp_invalid', count: 1 },
        { action: 'sign_in', reason: 'invalid_credentials', count: 1 },
      ]);
      const { body } = await app.post('/auth/verify', { email, otp }).expect(200);
      const events = await app.get('/users/me/events').auth((body as Person).accessToken, { type: 'bearer' });
      expect((events.body as Event[]).map(({ action }) => action)).toEqual(['sign_in', 'email_verification']);
      await app.post('/auth/verify', { email, otp }).expect(404);
      const [latest] = (
        await app.get('/users/me/events').auth((body as Person).accessToken, { type: 'bearer' })
      ).body as Event[];
      expect(latest).toMatchObject({
        action: 'email_verification',
        succeeded: false,
        reason: 'otp_not_found',
      });
    });

    it('records successful, refused and rate-limited sign-in by password', async () => {
      const ada = await newUser();
      const before = await listEvents(ada);
      await logIn(app, ada.email);
      await app.post('/auth/login', { email: ada.email, password: 'wrong' }).expect(401);
      await app.post('/api/login', { email: ada.email.toUpperCase(), password: 'wrong' }).expect(401);
      expect(await eventsSince(ada, before)).toEqual([
        'sign_in: invalid_credentials',
        'sign_in: invalid_credentials',
        'sign_in',
      ]);
      await app.sql(`update password_guesses set failures = 20 where subject = $1`, [`email:${ada.email}`]);
      await app.post('/auth/login', { email: ada.email, password: PASSWORD }).expect(429);
      expect((await eventsSince(ada, before))[0]).toBe('sign_in: password_guess_limit');
    });

    it('records successful and refused sign-in by code', async () => {
      const ada = await newUser();
      const before = await listEvents(ada);
      const { email } = ada;
      await app.post('/auth/verify_otp', { email, otp: '123456' }).expect(404);
      await app.post('/auth/send_otp', { email }).expect(201);
      const otp = await app.code(email, 2);
      for (const status of [400, 400, 400, 403])
        await app.post('/auth/verify_otp', { email, otp: wrongCode(otp) }).expect(status);
      await app.ageWhenSent(61);
      await app.post('/auth/send_otp', { email }).expect(201);
      const nextCode = await app.code(email, 3);
      await app.ageWhenSent(301);
      await app.post('/auth/verify_otp', { email, otp: nextCode }).expect(400);
      await signInByCode(app, { email });
      const invalidCode = 'sign_in: otp_invalid';
      expect(await eventsSince(ada, before)).toEqual([
        'sign_in',
        'sign_in: otp_expired',
        'sign_in: otp_attempts_exhausted',
        invalidCode,
        invalidCode,
        invalidCode,
        'sign_in: otp_not_found',
      ]);
    });

    it('records successful and refused password resets and changes', async () => {
      const ada = await newUser();
      const before = await listEvents(ada);
      const { email } = ada;
      await app.post('/auth/forgot', { email }).expect(202);
      const otp = await app.code(email, 2);
      const [{ text = '' } = {}] = await app.messages(email);
      const [, token] = /#token=([\w-]+)/.exec(text) ?? [];
      const reset = (body: object) => app.patch('/auth/reset', { password: NEW_PASSWORD, ...body });
      await reset({ email, otp: wrongCode(otp) }).expect(400);
      await reset({ email, otp }).expect(200);
      await reset({ token }).expect(400);
      const afterReset = await logIn(app, email, { password: NEW_PASSWORD });
      const wrongChange = { password: PASSWORD, currentPassword: 'wrong' };
      await afterReset.patch('/users/me', wrongChange).expect(401);
      await afterReset.patch('/auth/reset', wrongChange).expect(401);
      await afterReset.patch('/users/me', { ...wrongChange, currentPassword: NEW_PASSWORD }).expect(200);
      const afterChange = await logIn(app, email);
      await afterChange.patch('/auth/reset', { password: NEW_PASSWORD }).expect(200);
      expect(await eventsSince(await logIn(app, email, { password: NEW_PASSWORD }), before)).toEqual([
        'sign_in',
        'password_change',
        'sign_in',
        'password_change',
        'reauthentication: current_password_wrong',
        'reauthentication: current_password_wrong',
        'sign_in',
        'password_reset: reset_link_invalid',
        'password_reset',
        'password_reset: otp_invalid',
      ]);
    });

    it('records refused attempts on a disabled account', async () => {
      const ada = await newUser();
      const before = await listEvents(ada);
      const { email } = ada;
      await app.post('/auth/forgot', { email }).expect(202);
      const otp = await app.code(email, 2);
      await app.sql('update users set disabled_at = now() where id = $1', [ada.user.id]);
      await app.post('/auth/login', { email, password: PASSWORD }).expect(403);
      await app.patch('/auth/reset', { email, otp, password: NEW_PASSWORD }).expect(403);
      // A disabled user cannot read events.
      await app.sql('update users set disabled_at = null where id = $1', [ada.user.id]);
      expect(await eventsSince(ada, before)).toEqual([
        'password_reset: account_disabled',
        'sign_in: account_disabled',
      ]);
    });

    it('records sign-out and the replay of a used refresh token', async () => {
      const ada = await newUser();
      const before = await listEvents(ada);
      const [stolen, other] = [await logIn(app, ada.email), await logIn(app, ada.email)];
      const refresh = () => app.post('/auth/refresh', { refreshToken: stolen.refreshToken });
      await refresh().expect(200);
      await app.ageWhenSent(11);
      await refresh().expect(401);
      await other.post('/auth/logout').expect(201);
      await logIn(app, ada.email);
      const [oldSession] = (await ada.get('/auth/sessions').expect(200)).body as {
        id: string;
        current: boolean;
      }[];
      expect(oldSession?.current).toBe(false);
      await ada.delete(`/auth/sessions/${oldSession?.id}`).expect(204);
      await ada.delete('/auth/sessions').expect(204);
      expect(await eventsSince(ada, before)).toEqual([
        'sign_out',
        'sign_out',
        'sign_in',
        'sign_out',
        'refresh: replayed',
        'sign_in',
        'sign_in',
      ]);
    });

    it('records a change of address, refused attempts and the undo', async () => {
      const [ada, bob] = [await newUser(), await newUser()];
      const before = await listEvents(ada);
      const email = newEmail();
      await ada.patch('/users/me', { email: bob.email }).expect(200);
      const otp = await app.code(bob.email, 2);
      const verify = (code: string) => ada.post('/users/me/contact/verify', { email: bob.email, otp: code });
      await verify(wrongCode(otp)).expect(400);
      await verify(otp).expect(409);
      await changeContact(app, ada, { email });
      expect(await eventsSince(ada, before)).toEqual([
        'contact_change',
        'contact_change: address_taken',
        'contact_change: otp_invalid',
      ]);
      await app.post('/users/contact/undo', { token: await undoToken(app, ada.email) }).expect(204);
      const restored = await signInByCode(app, { email: ada.email });
      expect((await eventsSince(restored, before)).slice(0, 2)).toEqual(['sign_in', 'contact_undo']);
    });
  });

  it('shows events only to the account owner, including attempts by strangers', async () => {
    const [ada, eve] = [await newUser(), await newUser()];
    const before = await listEvents(eve);
    await app.post('/auth/login', { email: ada.email, password: 'guess' }).set('user-agent', 'a stranger');
    expect((await listEvents(ada))[0]).toMatchObject({ succeeded: false, userAgent: 'a stranger' });
    expect(await listEvents(eve)).toEqual(before);
    await eve.get(`/users/me/events?cursor=${(await listEvents(ada))[0]?.id}`).expect(200, before);
    await app.get('/users/me/events').expect(401);
    for (const query of [`userId=${ada.user.id}`, 'limit=0', 'cursor=x', `user=${ada.user.id}`])
      await eve.get(`/users/me/events?${query}`).expect(400);
  });

  it('pages newest first without duplicates or gaps while new events arrive', async () => {
    const ada = await newUser();
    for (let i = 0; i < 23; i++) await app.post('/auth/login', { email: ada.email, password: 'wrong' });
    const all = await listEvents(ada);
    expect(all.map(({ at }) => at)).toEqual(
      all
        .map(({ at }) => at)
        .sort()
        .reverse(),
    );
    const seen: Event[] = [];
    for (let path = '/users/me/events'; path;) {
      const reply: Response = await ada.get(path).expect(200);
      seen.push(...(reply.body as Event[]));
      const { link = '' } = reply.headers as { link?: string };
      path = /^<https:\/\/auth\.example\.com(\/[^>]+)>; rel="next"$/.exec(link)?.[1] ?? '';
      await app.post('/auth/login', { email: ada.email, password: 'wrong' });
    }
    expect(seen).toEqual(all);
    expect(seen).toHaveLength(25);
  });

  it('keeps full addresses, codes, passwords and tokens out of events and logs', async () => {
    const ada = await newUser();
    const [email, phone] = [newEmail(), '+14155550142'];
    await changeContact(app, ada, { email });
    await changeContact(app, ada, { phone });
    const tokenToUndo = await undoToken(app, ada.email);
    // Wait for the notice about the new number, which would otherwise arrive after the reset code.
    await until('the contact change notice arrived', async () => (await app.messages(email)).length === 2);
    await app.post('/auth/forgot', { email }).expect(202);
    const otp = await app.code(email, 3);
    const [{ text = '' } = {}] = await app.messages(email);
    const tokenToReset = /#token=([\w-]+)/.exec(text)?.[1] ?? '';
    await app.patch('/auth/reset', { email, otp: wrongCode(otp), password: NEW_PASSWORD }).expect(400);
    await app.patch('/auth/reset', { token: tokenToReset, password: NEW_PASSWORD }).expect(200);
    const events = await app.sql<{ event: string }>(
      'select to_jsonb(e)::text as event from account_events e',
    );
    const stored = events.map(({ event }) => event).join('\n') + app.log;
    const { accessToken, refreshToken, deviceToken } = ada;
    const secrets = [
      PASSWORD,
      NEW_PASSWORD,
      accessToken,
      refreshToken,
      deviceToken,
      tokenToUndo,
      tokenToReset,
    ];
    for (const secret of [ada.email, email, phone, ...secrets]) {
      expect(secret).not.toBe('');
      expect(stored).not.toContain(secret);
    }
    expect(stored).not.toMatch(new RegExp(`\\b(${otp}|${wrongCode(otp)})\\b`));
    expect(stored).toContain('s•••@example.com');
    expect(stored).toContain('+14•••••••42');
  });

  it.each([
    ['a line break', 'x\r\n[00:00:00.000] INFO: forged'],
    ['a line feed', 'x\n[00:00:00.000] INFO: forged'],
    ['an escape sequence', 'x\u001b[2J\u001b[31mforged'],
    ['JSON', '","level":60,"msg":"forged'],
    ['an 8-bit control character', 'x\u009b31mforged'],
  ])('keeps a User-Agent with %s from forging log lines or events', async (_, agent) => {
    const ada = await newUser();
    const body = JSON.stringify({ email: ada.email, password: 'wrong' });
    const { hostname, port } = new URL(app.url);
    const socket = connect(Number(port), hostname);
    const closed = once(socket, 'close');
    socket.resume().on('error', () => undefined);
    const requestHead = [
      'POST /auth/login HTTP/1.1',
      'host: x',
      'connection: close',
      'content-type: application/json',
    ];
    socket.end(
      Buffer.from(
        [...requestHead, `content-length: ${body.length}`, `user-agent: ${agent}`, '', body].join('\r\n'),
        'latin1',
      ),
    );
    await closed;
    expect(app.log.replace(/\x1b\[(\d+)m/g, '')).not.toMatch(/forged|[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
    for (const { userAgent } of await listEvents(ada))
      expect(userAgent ?? '').not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
  });

  it('truncates a User-Agent to 256 characters', async () => {
    const ada = await newUser();
    await app
      .post('/auth/login', { email: ada.email, password: 'wrong' })
      .set('user-agent', `${'x'.repeat(300)}y`);
    expect((await listEvents(ada))[0]).toMatchObject({ userAgent: 'x'.repeat(256) });
  });

  it('counts refused sign-ins of addresses without an account per hour, and stores nothing else of them', async () => {
    const where = `where action = 'sign_in' and reason = 'invalid_credentials'`;
    await app.sql(`delete from anonymous_events ${where}`);
    const events = await app.sql('select id from account_events');
    for (let i = 0; i < 20; i++)
      await app.post('/auth/login', { email: newEmail(), password: 'wrong' }).set('user-agent', USER_AGENT);
    const rows = await app.sql<{ row: object; hour: Date; count: string }>(
      `select to_jsonb(a) as row, hour, count from anonymous_events a ${where}`,
    );
    expect(rows.reduce((sum, { count }) => sum + Number(count), 0)).toBe(20);
    for (const { row } of rows)
      expect(Object.keys(row).sort()).toEqual(['action', 'count', 'hour', 'reason', 'shard']);
    expect(await app.sql('select id from account_events')).toEqual(events);
    const { text } = await app.get('/metrics').expect(200);
    expect(text).toMatch(/^anonymous_events_total\{action="sign_in",reason="invalid_credentials"\} 2\d$/m);

    await app.sql(`update anonymous_events set hour = hour - interval '91 days' ${where}`);
    await until(
      'the old counts removed',
      async () => (await app.sql(`select 1 from anonymous_events ${where}`)).length === 0,
      40,
    );
  });
});
