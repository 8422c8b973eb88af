import type { Response } from 'supertest';
import { PASSWORD, signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { until } from '../support/until.js';

const KINDS = ['unknown', 'known', 'disabled', 'unproved'] as const;
type Kind = (typeof KINDS)[number];
type Addresses = Record<Kind, string>;

const WRONG_CODE = '000000';
const WRONG_PASSWORD = 'never the password of anyone';

/** All that a reply shows, but for what names this one request and moment; how long to wait is compared apart. */
function shown({ status, headers, text }: Response): object {
  const anonymous = (value: string) =>
    value
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
      .replace(/"retryAfter":\d+/, '"retryAfter":<seconds>');
  const named = Object.entries(headers as Record<string, string>).filter(([name]) => name !== 'date');
  return {
    status,
    headers: named.map(
      ([name, value]) => `${name}: ${name === 'retry-after' ? '<seconds>' : anonymous(value)}`,
    ),
    body: anonymous(text),
  };
}

describe('whether an address has an account', () => {
  let app: TestApp;
  let groups = 0;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4' });
  });
  beforeEach(() => app.sql('delete from password_guesses'));
  afterAll(() => app?.stop());

  /** One address of each kind, unlike in nothing else: no code of yesterday counts any more. */
  async function addresses(): Promise<Addresses> {
    const group = ++groups;
    const all = Object.fromEntries(
      KINDS.map((kind) => [kind, `p.${kind}.${group}@example.com`]),
    ) as unknown as Addresses;
    await signUp(app, all.known);
    await signUp(app, all.disabled);
    await app.sql('update users set disabled_at = now() where email = $1', [all.disabled]);
    await app.post('/auth/register', { email: all.unproved, password: PASSWORD }).expect(201);
    await app.code(all.unproved);
    const unsent = `select from messages where state in ('queued', 'sending')`;
    await until('every message has gone', async () => (await app.sql(unsent)).length === 0);
    await app.age(86_401);
    return all;
  }

  /** Asks for each kind and expects replies that nobody can tell apart; returns the first. */
  async function alike(all: Addresses, ask: (email: string) => PromiseLike<Response>): Promise<Response> {
    const replies: Response[] = [];
    for (const kind of KINDS) replies.push(await ask(all[kind]));
    const [first] = replies as [Response, ...Response[]];
    expect(Object.fromEntries(replies.map((reply, i) => [KINDS[i], shown(reply)]))).toEqual(
      Object.fromEntries(KINDS.map((kind) => [kind, shown(first)])),
    );
    const waits = replies.map(({ headers }) => Number(headers['retry-after'] ?? 0));
    expect(Math.max(...waits) - Math.min(...waits)).toBeLessThanOrEqual(2);
    return first;
  }

  const guess = (path: string, email: string) => app.post(path, { email, otp: WRONG_CODE });
  const started = (path: string) => (email: string) =>
    app.post(path, { email, ...(path === '/auth/register' && { password: PASSWORD }) });
  const wrongGuesses: [string, string, (email: string) => PromiseLike<Response>][] = [
    ['/auth/send_otp', '/auth/verify_otp', (email) => guess('/auth/verify_otp', email)],
    ['/auth/register', '/auth/verify', (email) => guess('/auth/verify', email)],
    [
      '/auth/forgot',
      '/auth/reset',
      (email) => app.patch('/auth/reset', { email, otp: WRONG_CODE, password: PASSWORD }),
    ],
    ['/otp/generate', '/otp/verify', (email) => guess('/otp/verify', email)],
  ];

  it.each([
    ['/auth/register', 201],
    ['/auth/forgot', 202],
    ['/auth/send_otp', 201],
    ['/otp/generate', 200],
  ])('is not in the reply of %s, nor when it is asked again too soon (E1)', async (path, status) => {
    const all = await addresses();
    expect((await alike(all, started(path))).status).toBe(status);
    await alike(all, started(path));
  });

  it('is not in the reply to a wrong password (E1)', async () => {
    const all = await addresses();
    for (const path of ['/auth/login', '/api/login']) {
      const reply = await alike(all, (email) => app.post(path, { email, password: WRONG_PASSWORD }));
      expect(reply.status).toBe(401);
      expect(reply.body).toMatchObject({ code: 'invalid_credentials' });
    }
  });

  it('shows to who knows the password: one is disabled, one is not proved yet', async () => {
    const all = await addresses();
    const codes = await Promise.all(
      KINDS.map(async (kind) => {
        const { status, body } = await app.post('/auth/login', { email: all[kind], password: PASSWORD });
        return [kind, `${status} ${(body as { code?: string }).code}`];
      }),
    );
    expect(Object.fromEntries(codes)).toEqual({
      unknown: '401 invalid_credentials',
      known: '200 undefined',
      disabled: '403 account_disabled',
      unproved: '403 email_unverified',
    });
  });

  it.each(wrongGuesses)(
    'is not in the replies to wrong codes: after %s, at %s (E1, R1)',
    async (start, _, ask) => {
      const all = await addresses();
      await alike(all, started(start));
      const codes: unknown[] = [];
      for (let tries = 1; tries <= 4; tries++)
        codes.push(((await alike(all, ask)).body as { code: unknown }).code);
      expect(codes).toEqual(['otp_invalid', 'otp_invalid', 'otp_invalid', 'otp_attempts_exhausted']);
    },
  );

  it.each(['/auth/register', '/auth/forgot', '/auth/send_otp'])(
    'is not in the state of a challenge: %s (E1, E4)',
    async (path) => {
      const all = await addresses();
      const purposes = { '/auth/register': 'email_verification', '/auth/forgot': 'password_reset' };
      const purpose = purposes[path as keyof typeof purposes] ?? 'login';
      for (const kind of KINDS) await started(path)(all[kind]);
      const states = async (email: string) => {
        const [row] = await app.sql<{ id: string }>(
          'select id from challenges where recipient = $1 and purpose = $2',
          [`email:${email}`, purpose],
        );
        const ask = () => app.get(`/otp/challenges/${row?.id}`);
        await until('it is delivered', async () => {
          const { delivery } = (await ask()).body as { delivery: string };
          return delivery === 'sent';
        });
        return ask();
      };
      const { body } = await alike(all, states);
      expect(body).toMatchObject({ status: 'pending', attemptsLeft: 3, delivery: 'sent' });
      const verify = { email_verification: '/auth/verify', login: '/auth/verify_otp' }[purpose];
      if (!verify) return;
      for (const left of [2, 1, 0]) {
        for (const kind of KINDS) await guess(verify, all[kind]);
        expect((await alike(all, states)).body).toMatchObject({ attemptsLeft: left });
      }
    },
  );

  it.each(['/auth/register', '/auth/send_otp'])(
    'is not in the number of messages a day: %s (E3)',
    async (path) => {
      const all = await addresses();
      const codes: string[] = [];
      for (let sends = 1; sends <= 11; sends++) {
        const { status, body } = await alike(all, started(path));
        codes.push(`${status} ${(body as { code?: string }).code}`);
        if (sends < 11) await app.ageWhenSent(61);
      }
      const sent = new Array(10).fill('201 undefined') as string[];
      expect(codes).toEqual([...sent, '429 otp_send_limit']);
    },
  );

  it('is not in the number of reset mails, whose limit does not show at all (E3, P2)', async () => {
    const all = await addresses();
    const before = await Promise.all(KINDS.map(async (kind) => (await app.messages(all[kind])).length));
    for (let asked = 1; asked <= 12; asked++) {
      expect((await alike(all, started('/auth/forgot'))).status).toBe(202);
      await app.ageWhenSent(61);
    }
    for (const [i, kind] of KINDS.entries())
      expect((await app.messages(all[kind])).length - (before[i] ?? 0)).toBe(10);
  });

  it('is not in the number of wrong passwords it bears, nor in the time to wait after them (E3)', async () => {
    const all = await addresses();
    for (let wrong = 1; wrong <= 20; wrong++) {
      await app.sql(`delete from password_guesses where who like 'ip:%'`);
      await alike(all, (email) => app.post('/auth/login', { email, password: WRONG_PASSWORD }));
    }
    const { status, body } = await alike(all, (email) =>
      app.post('/auth/login', { email, password: PASSWORD }),
    );
    expect({ status, body }).toMatchObject({ status: 429, body: { code: 'password_guess_limit' } });
  });

  it('is told by mail only, to who reads it: registering again, and resetting (E5)', async () => {
    const all = await addresses();
    const subjects = async (path: string) => {
      const found: [Kind, string | undefined][] = [];
      for (const kind of KINDS) {
        const earlier = (await app.messages(all[kind])).length;
        await started(path)(all[kind]);
        const mails = await until('a mail more', async () => {
          const mails = await app.messages(all[kind]);
          return mails.length > earlier && mails;
        });
        expect(mails).toHaveLength(earlier + 1);
        found.push([kind, mails[0]?.subject?.replace(/\d{6}/, '<code>')]);
      }
      return Object.fromEntries(found);
    };
    expect(await subjects('/auth/register')).toEqual({
      unknown: '<code> is your code',
      known: 'You already have an account',
      disabled: 'You already have an account',
      unproved: '<code> is your code',
    });
    expect(await subjects('/auth/forgot')).toEqual({
      unknown: 'No account with this address',
      known: 'Reset your password',
      disabled: 'No account with this address',
      unproved: 'No account with this address',
    });
  });

  it('does not change by registering it again with another password (E5, PA)', async () => {
    const { known: email } = await addresses();
    await app.post('/auth/register', { email, password: 'velvet otters dance' }).expect(201);
    await app.post('/auth/login', { email, password: 'velvet otters dance' }).expect(401);
    await app.post('/auth/login', { email, password: PASSWORD }).expect(200);
  });
});
