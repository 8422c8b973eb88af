import type { Response } from 'supertest';
import { PASSWORD, signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { withProof } from '../support/proof.js';
import { until } from '../support/until.js';

const KINDS = ['unknown', 'known', 'disabled', 'unverified'] as const;
type Kind = (typeof KINDS)[number];
type Addresses = Record<Kind, string>;

const WRONG_CODE = '000000';
const WRONG_PASSWORD = 'never the password of anyone';

/** A reply without ids, times and seconds to wait. The seconds to wait are compared separately. */
function comparable({ status, headers, text }: Response): object {
  const anonymous = (value: string) =>
    value
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
      .replace(/"retryAfter":\d+/, '"retryAfter":<seconds>')
      // Of a proof of work.
      .replace(/"expiresAt":\d+/, '"expiresAt":<seconds>')
      .replace(/\b(?:[0-9a-f]{32}){1,2}\b/g, '<random>');
  const comparableHeaders = Object.entries(headers as Record<string, string>).filter(
    ([name]) => name !== 'date',
  );
  return {
    status,
    headers: comparableHeaders.map(
      ([name, value]) => `${name}: ${name === 'retry-after' ? '<seconds>' : anonymous(value)}`,
    ),
    body: anonymous(text),
  };
}

describe('account enumeration', () => {
  let app: TestApp;
  let groupCount = 0;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4' });
  });
  beforeEach(() => app.sql(`delete from budget_counters where key like 'password%'`));
  afterAll(() => app?.stop());

  /** One address of each kind, aged by a day so that the codes of the set-up no longer count. */
  async function newAddresses(): Promise<Addresses> {
    const group = ++groupCount;
    const accounts = Object.fromEntries(
      KINDS.map((kind) => [kind, `p.${kind}.${group}@example.com`]),
    ) as unknown as Addresses;
    await signUp(app, accounts.known);
    await signUp(app, accounts.disabled);
    await app.sql('update users set disabled_at = now() where email = $1', [accounts.disabled]);
    await app.post('/auth/register', { email: accounts.unverified, password: PASSWORD }).expect(201);
    await app.code(accounts.unverified);
    const unsent = `select from messages where state in ('queued', 'sending')`;
    await until('every message is sent', async () => (await app.sql(unsent)).length === 0);
    await app.age(86_401);
    return accounts;
  }

  /** Sends a request for each kind, expects indistinguishable replies and returns the first. */
  async function expectAlike(
    accounts: Addresses,
    request: (email: string) => PromiseLike<Response>,
  ): Promise<Response> {
    const replies: Response[] = [];
    for (const kind of KINDS) replies.push(await request(accounts[kind]));
    const [first] = replies as [Response, ...Response[]];
    expect(Object.fromEntries(replies.map((reply, i) => [KINDS[i], comparable(reply)]))).toEqual(
      Object.fromEntries(KINDS.map((kind) => [kind, comparable(first)])),
    );
    const waitSeconds = replies.map(({ headers }) => Number(headers['retry-after'] ?? 0));
    expect(Math.max(...waitSeconds) - Math.min(...waitSeconds)).toBeLessThanOrEqual(2);
    return first;
  }

  const tryWrongCode = (path: string, email: string) => app.post(path, { email, otp: WRONG_CODE });
  const requestCode =
    (path: string) =>
    (email: string, proof = {}) =>
      app.post(path, { email, ...(path === '/auth/register' && { password: PASSWORD }), ...proof });
  const wrongCodeFlows: [string, string, (email: string) => PromiseLike<Response>][] = [
    ['/auth/send_otp', '/auth/verify_otp', (email) => tryWrongCode('/auth/verify_otp', email)],
    ['/auth/register', '/auth/verify', (email) => tryWrongCode('/auth/verify', email)],
    [
      '/auth/forgot',
      '/auth/reset',
      (email) => app.patch('/auth/reset', { email, otp: WRONG_CODE, password: PASSWORD }),
    ],
    ['/otp/generate', '/otp/verify', (email) => tryWrongCode('/otp/verify', email)],
  ];

  it.each([
    ['/auth/register', 201],
    ['/auth/forgot', 202],
    ['/auth/send_otp', 201],
    ['/otp/generate', 200],
  ])('returns the same reply from %s for every address, also inside the cooldown', async (path, status) => {
    const accounts = await newAddresses();
    expect((await expectAlike(accounts, requestCode(path))).status).toBe(status);
    await expectAlike(accounts, requestCode(path));
  });

  it('returns the same reply to a wrong password for every address', async () => {
    const accounts = await newAddresses();
    for (const path of ['/auth/login', '/api/login']) {
      const reply = await expectAlike(accounts, (email) =>
        app.post(path, { email, password: WRONG_PASSWORD }),
      );
      expect(reply.status).toBe(401);
      expect(reply.body).toMatchObject({ code: 'invalid_credentials' });
    }
  });

  it.each(['/auth/login', '/api/login'])(
    'returns the same reply to the password that was just registered: %s',
    async (login) => {
      const passwords = ['first velvet otters dance', 'second velvet otters dance'];
      const accounts = await newAddresses();
      const registerAll = (password: string) =>
        expectAlike(accounts, (email) => app.post('/auth/register', { email, password }));
      const signInToAll = async () => {
        for (const password of passwords) {
          const { body } = await expectAlike(accounts, (email) => app.post(login, { email, password }));
          expect(body).toMatchObject({ code: 'invalid_credentials' });
        }
      };
      // Once, again with another password, again after the wait, and after wrong codes.
      for (const [password = '', status] of [
        [passwords[0], 201],
        [passwords[1], 429],
      ] as const) {
        expect((await registerAll(password)).status).toBe(status);
        await signInToAll();
      }
      await app.ageWhenSent(61);
      expect((await registerAll(passwords[0] ?? '')).status).toBe(201);
      for (let guess = 1; guess <= 3; guess++)
        await expectAlike(accounts, (email) => tryWrongCode('/auth/verify', email));
      await signInToAll();
      expect((await expectAlike(accounts, requestCode('/auth/forgot'))).status).toBe(202);
      await signInToAll();
    },
  );

  it('spends the same guesses for every address on the password that was just registered', async () => {
    const accounts = await newAddresses();
    const password = 'velvet otters dance';
    for (const kind of KINDS) await app.post('/auth/register', { email: accounts[kind], password });
    const logIn = () => expectAlike(accounts, (email) => app.post('/auth/login', { email, password }));
    for (let failures = 1; failures <= 10; failures++) expect((await logIn()).status).toBe(401);
    expect((await logIn()).body).toMatchObject({ code: 'proof_of_work_required' });
    await app.sql(`update budget_counters set day_sent = 15 where key like 'password:%'`);
    expect((await logIn()).status).toBe(429);
  });

  it('reveals that an account is disabled only with the right password', async () => {
    const accounts = await newAddresses();
    const codes = await Promise.all(
      KINDS.map(async (kind) => {
        const { status, body } = await app.post('/auth/login', {
          email: accounts[kind],
          password: PASSWORD,
        });
        return [kind, `${status} ${(body as { code?: string }).code}`];
      }),
    );
    expect(Object.fromEntries(codes)).toEqual({
      unknown: '401 invalid_credentials',
      known: '200 undefined',
      disabled: '403 account_disabled',
      unverified: '401 invalid_credentials',
    });
  });

  it.each(wrongCodeFlows)(
    'returns the same replies to wrong codes for every address: after %s, at %s',
    async (start, _, request) => {
      const accounts = await newAddresses();
      await expectAlike(accounts, requestCode(start));
      const codes: unknown[] = [];
      for (let attempt = 1; attempt <= 4; attempt++)
        codes.push(((await expectAlike(accounts, request)).body as { code: unknown }).code);
      expect(codes).toEqual(['otp_invalid', 'otp_invalid', 'otp_invalid', 'otp_attempts_exhausted']);
    },
  );

  it.each(['/auth/register', '/auth/forgot', '/auth/send_otp'])(
    'returns the same challenge status for every address: %s',
    async (path) => {
      const accounts = await newAddresses();
      const purposes = { '/auth/register': 'email_verification', '/auth/forgot': 'password_reset' };
      const purpose = purposes[path as keyof typeof purposes] ?? 'login';
      for (const kind of KINDS) await requestCode(path)(accounts[kind]);
      const status = async (email: string) => {
        const [row] = await app.sql<{ id: string }>(
          'select id from challenges where recipient = $1 and purpose = $2',
          [`email:${email}`, purpose],
        );
        const request = () => app.get(`/otp/challenges/${row?.id}`);
        await until('the message is sent', async () => {
          const { delivery } = (await request()).body as { delivery: string };
          return delivery === 'sent';
        });
        return request();
      };
      const { body } = await expectAlike(accounts, status);
      expect(body).toMatchObject({ status: 'pending', attemptsLeft: 3, delivery: 'sent' });
      const verify = { email_verification: '/auth/verify', login: '/auth/verify_otp' }[purpose];
      if (!verify) return;
      for (const left of [2, 1, 0]) {
        for (const kind of KINDS) await tryWrongCode(verify, accounts[kind]);
        expect((await expectAlike(accounts, status)).body).toMatchObject({ attemptsLeft: left });
      }
    },
  );

  it.each(['/auth/register', '/auth/send_otp', '/auth/forgot'])(
    'applies the same daily message limit to every address: %s',
    async (path) => {
      const accounts = await newAddresses();
      const before = await Promise.all(
        KINDS.map(async (kind) => (await app.messages(accounts[kind])).length),
      );
      const request = requestCode(path);
      const codes: string[] = [];
      const send = async (withProofs = false) => {
        const { status, body } = await expectAlike(accounts, (email) =>
          withProofs ? withProof((proof) => request(email, proof)) : request(email),
        );
        codes.push(`${status} ${(body as { code?: string }).code}`);
        await app.ageWhenSent(61);
      };
      for (let sends = 1; sends <= 7; sends++) await send();
      await send(true);
      await app.sql(`update budget_counters set day_sent = 20 where key like 'to:%'`);
      await send();
      const accepted = `${path === '/auth/forgot' ? 202 : 201} undefined`;
      const free = new Array<string>(6).fill(accepted);
      expect(codes).toEqual([...free, '403 proof_of_work_required', accepted, '429 otp_send_limit']);
      // Each reply tells the truth: as many mails were sent.
      for (const [i, kind] of KINDS.entries())
        expect((await app.messages(accounts[kind])).length - (before[i] ?? 0)).toBe(7);
    },
  );

  it('applies the same password guess limit and wait to every address', async () => {
    const accounts = await newAddresses();
    const logIn = (password: string) =>
      expectAlike(accounts, (email) => app.post('/auth/login', { email, password }));
    for (let failures = 1; failures <= 10; failures++) expect((await logIn(WRONG_PASSWORD)).status).toBe(401);
    expect((await logIn(PASSWORD)).body).toMatchObject({ code: 'proof_of_work_required' });
    const { body: wrong } = await expectAlike(accounts, (email) =>
      withProof((proof) => app.post('/auth/login', { email, password: WRONG_PASSWORD, ...proof })),
    );
    expect(wrong).toMatchObject({ code: 'invalid_credentials' });
    await app.sql(`update budget_counters set day_sent = 15 where key like 'password:%'`);
    const { status, body } = await logIn(PASSWORD);
    expect({ status, body }).toMatchObject({ status: 429, body: { code: 'password_guess_limit' } });
  });

  it('reveals an account only by mail, on registration and on reset', async () => {
    const accounts = await newAddresses();
    const subjects = async (path: string) => {
      const found: [Kind, string | undefined][] = [];
      for (const kind of KINDS) {
        const mailsBefore = (await app.messages(accounts[kind])).length;
        await requestCode(path)(accounts[kind]);
        const mails = await until('another mail', async () => {
          const mails = await app.messages(accounts[kind]);
          return mails.length > mailsBefore && mails;
        });
        expect(mails).toHaveLength(mailsBefore + 1);
        found.push([kind, mails[0]?.subject?.replace(/\d{6}/, '<code>')]);
      }
      return Object.fromEntries(found);
    };
    expect(await subjects('/auth/register')).toEqual({
      unknown: '<code> is your verification code',
      known: 'You already have an account',
      disabled: 'You already have an account',
      unverified: '<code> is your verification code',
    });
    expect(await subjects('/auth/forgot')).toEqual({
      unknown: 'No account with this address',
      known: 'Reset your password',
      disabled: 'No account with this address',
      unverified: 'No account with this address',
    });
  });

  it('keeps the password when a known address registers again', async () => {
    const { known: email } = await newAddresses();
    await app.post('/auth/register', { email, password: 'velvet otters dance' }).expect(201);
    await app.post('/auth/login', { email, password: 'velvet otters dance' }).expect(401);
    await app.post('/auth/login', { email, password: PASSWORD }).expect(200);
  });
});
