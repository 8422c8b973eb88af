import type { Response } from 'supertest';
import { logIn, signUp, type Person } from '../support/accounts.js';
import { TestApp } from '../support/app.js';

const DAY = 86_400;
const PHONE = { 'x-forwarded-for': '2001:db8:1:2::7', 'user-agent': 'Acme/2.3 (iPhone; iOS 18.1)' };
/** Another address of the network, after an update of the app. */
const SAME_PHONE = { 'x-forwarded-for': '2001:db8:1:2::8', 'user-agent': 'Acme/2.4 (iPhone; iOS 18.2)' };
const ELSEWHERE = { 'x-forwarded-for': '203.0.113.9', 'user-agent': 'curl/8.5' };

type Headers = Record<string, string>;

describe('a refresh whose reply was lost', () => {
  let app: TestApp;
  let people = 0;
  const start = (settings = {}) => TestApp.start({ BCRYPT_COST: '4', TRUST_PROXY: 'loopback', ...settings });
  beforeAll(async () => {
    app = await start();
  });
  afterAll(() => app?.stop());

  const newPerson = (server = app) => signUp(server, `somebody-${++people}@example.com`);
  const device = ({ deviceToken }: Person): Headers => ({ 'x-device-token': deviceToken });
  const refresh = (refreshToken: string, headers: Headers = PHONE, server = app) =>
    server.post('/auth/refresh', { refreshToken }).set(headers);
  const tokenOf = ({ body }: Response) => body.refreshToken as string;

  async function refreshed(refreshToken: string, headers?: Headers, server?: TestApp): Promise<string> {
    return tokenOf(await refresh(refreshToken, headers, server).expect(200));
  }

  /** Signs in and refreshes once, and returns the person with the token of the reply. */
  async function withLostReply(server = app): Promise<{ person: Person; lost: string }> {
    const person = await newPerson(server);
    return { person, lost: await refreshed(person.refreshToken, PHONE, server) };
  }

  async function expectReplay(person: Person, refreshToken: string, headers?: Headers): Promise<void> {
    const { status, body } = await refresh(refreshToken, headers);
    expect([status, body.code]).toEqual([401, 'refresh_token_invalid']);
    await person.get('/users/me').expect(401);
    const elsewhere = await logIn(app, person.email);
    const { body: events } = await elsewhere.get('/users/me/events').expect(200);
    expect(events).toContainEqual(expect.objectContaining({ action: 'refresh', reason: 'replayed' }));
  }

  it.each<[string, (person: Person) => Headers]>([
    ['the device token as a header', (person) => ({ ...ELSEWHERE, ...device(person) })],
    [
      'the device token as a cookie',
      ({ deviceToken }) => ({ ...ELSEWHERE, cookie: `a=b; device_token=${deviceToken}` }),
    ],
    ['the network and the program of the last refresh', () => SAME_PHONE],
  ])('can be repeated within a day with %s', async (_, evidence) => {
    const { person } = await withLostReply();
    await app.age(DAY - 60);
    const next = await refreshed(person.refreshToken, evidence(person));
    expect(await refreshed(next)).toEqual(expect.any(String));
  });

  it.each<[string, Headers]>([
    ['another network and program', ELSEWHERE],
    ['another program in the network', { ...PHONE, 'user-agent': 'curl/8.5' }],
    ['the program in another network', { ...PHONE, 'x-forwarded-for': '2001:db8:1:3::7' }],
    ['the network without a program', { ...PHONE, 'user-agent': '' }],
    ['a malformed device token', { ...ELSEWHERE, 'x-device-token': 'rubbish' }],
  ])('ends the session if it is repeated from %s', async (_, headers) => {
    const { person } = await withLostReply();
    await app.age(11);
    await expectReplay(person, person.refreshToken, headers);
  });

  it('ends the session if it is repeated with another device token of the account', async () => {
    const { person } = await withLostReply();
    const laptop = await logIn(app, person.email);
    await app.age(11);
    await expectReplay(person, person.refreshToken, { ...ELSEWHERE, ...device(laptop) });
  });

  it('is not evidence that two clients name no program', async () => {
    const person = await newPerson();
    const unnamed = { ...PHONE, 'user-agent': '' };
    await refreshed(person.refreshToken, unnamed);
    await app.age(11);
    await expectReplay(person, person.refreshToken, unnamed);
  });

  it('ends the session a day after the first try, however often it was repeated', async () => {
    const { person } = await withLostReply();
    for (let tries = 0; tries < 3; tries++) {
      await app.age(DAY / 4);
      await refreshed(person.refreshToken);
    }
    await app.age(DAY / 4);
    await expectReplay(person, person.refreshToken, { ...PHONE, ...device(person) });
  });

  it('can be repeated until a reply arrives, and only the newest token is valid', async () => {
    const { person, lost } = await withLostReply();
    const tokens = [lost];
    for (let tries = 0; tries < 3; tries++) {
      await app.age(11);
      tokens.push(await refreshed(person.refreshToken));
    }
    expect(new Set(tokens).size).toBe(tokens.length);
    const newest = await refreshed(tokens.pop() ?? '');
    await expectReplay(person, tokens[1] ?? '');
    await refresh(newest).expect(401);
  });

  it('returns one token to repetitions that arrive together, and to a second tab', async () => {
    const { person, lost } = await withLostReply();
    await app.age(11);
    const retries = await Promise.all(Array.from({ length: 10 }, () => refreshed(person.refreshToken)));
    retries.push(await refreshed(person.refreshToken, { ...ELSEWHERE, ...device(person) }));
    expect(new Set(retries).size).toBe(1);
    expect(retries).not.toContain(lost);
    await refreshed(retries[0] ?? '');
  });

  it('needs evidence for a repetition right after another one', async () => {
    const { person } = await withLostReply();
    await app.age(11);
    await refreshed(person.refreshToken);
    await expectReplay(person, person.refreshToken, ELSEWHERE);
  });

  it('ends the session if it is repeated after its successor was presented', async () => {
    const { person, lost } = await withLostReply();
    await refreshed(lost);
    await expectReplay(person, person.refreshToken, { ...PHONE, ...device(person) });
  });

  it('ends the session when a thief presents a token that the owner has replaced', async () => {
    const person = await newPerson();
    const stolen = await refreshed(person.refreshToken, ELSEWHERE);
    await app.age(900);
    const owned = await refreshed(person.refreshToken, { ...PHONE, ...device(person) });
    await expectReplay(person, stolen, ELSEWHERE);
    await refresh(owned).expect(401);
  });

  it('ends the session when the owner presents a token that a thief has replaced', async () => {
    const { person, lost: owned } = await withLostReply();
    await app.age(900);
    const stolen = await refreshed(person.refreshToken, SAME_PHONE);
    await expectReplay(person, owned);
    await refresh(stolen, ELSEWHERE).expect(401);
  });

  it('does not follow a client that repeated the refresh within ten seconds', async () => {
    const { person, lost } = await withLostReply();
    expect(await refreshed(person.refreshToken, ELSEWHERE)).toBe(lost);
    await app.age(11);
    await expectReplay(person, person.refreshToken, ELSEWHERE);
  });

  it('does not prolong a session, and brings none back', async () => {
    const { person } = await withLostReply();
    const ends = async () =>
      app.sql(`select expires_at from sessions where user_id = $1 and ended_at is null`, [person.user.id]);
    await app.age(11);
    const before = await ends();
    await refreshed(person.refreshToken);
    expect(await ends()).toEqual(before);
    await person.post('/auth/logout').expect(201);
    await refresh(person.refreshToken).expect(401);
  });

  describe('with REFRESH_RETRY_SECONDS', () => {
    it('0, ends the session if it is repeated after ten seconds', async () => {
      const server = await start({ REFRESH_RETRY_SECONDS: '0' });
      try {
        const { person, lost } = await withLostReply(server);
        const evidence = { ...PHONE, ...device(person) };
        expect(await refreshed(person.refreshToken, evidence, server)).toBe(lost);
        await server.age(11);
        await refresh(person.refreshToken, evidence, server).expect(401);
        await refresh(lost, evidence, server).expect(401);
      } finally {
        await server.stop();
      }
    });

    it('of 14 days, still ends the session after 14 days without a refresh', async () => {
      const server = await start({ REFRESH_RETRY_SECONDS: String(14 * DAY) });
      try {
        const { person } = await withLostReply(server);
        await server.age(14 * DAY - 60);
        await refreshed(person.refreshToken, PHONE, server);
        const other = await withLostReply(server);
        await server.age(14 * DAY);
        await refresh(other.person.refreshToken, PHONE, server).expect(401);
      } finally {
        await server.stop();
      }
    });
  });
});
