import { signUp, type Person } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { withChangedSignature } from '../support/jws.js';
import { agedToken, signingKeyOf } from '../support/signing-key.js';

const APP_SECRET = 'known to this test, so that it can make tokens older';
const REQUESTS = 600;
const FAILED_TOKENS = 60;

describe('limits per minute of signed-in requests', () => {
  let app: TestApp;
  let people = 0;
  beforeAll(async () => {
    app = await TestApp.start({
      APP_SECRET,
      BCRYPT_COST: '4',
      IP_RATE_LIMIT: '1000',
      TRUST_PROXY: 'loopback',
    });
  });
  afterAll(() => app?.stop());

  const newPerson = () => signUp(app, `somebody-${++people}@example.com`);
  const getMe = (token: string, from: string) =>
    app.get('/users/me').set({ authorization: `Bearer ${token}`, 'x-forwarded-for': from });

  function expectLimited({
    status,
    body,
    headers,
  }: {
    status: number;
    body: unknown;
    headers: object;
  }): void {
    expect([status, body]).toEqual([429, expect.objectContaining({ code: 'rate_limited' })]);
    const wait = Number((headers as Record<string, string>)['retry-after']);
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);
  }

  /** Sends invalid tokens until the network of the address may send no more. */
  async function spendFailedTokens(from: string): Promise<void> {
    for (let count = 0; count < FAILED_TOKENS; count++) await getMe(`wrong-${count}`, from).expect(401);
    expectLimited(await getMe('wrong', from));
  }

  it('allows one user 600 requests over all routes, sessions and networks', async () => {
    const ada = await newPerson();
    const eve = await newPerson();
    // On a busy machine the first requests are a minute old before the last ones are sent.
    let accepted = 0;
    for (let isLimited = false; !isLimited;) {
      const batch = Array.from({ length: 100 }, (_, i) =>
        fetch(`${app.url}/users/me`, {
          headers: { authorization: `Bearer ${ada.accessToken}`, 'x-forwarded-for': `203.0.113.${i}` },
        }),
      );
      const statuses = (await Promise.all(batch)).map(({ status }) => status);
      accepted += statuses.filter((status) => status === 200).length;
      isLimited = statuses.includes(429);
    }
    expect(accepted).toBeGreaterThanOrEqual(REQUESTS);
    expectLimited(await getMe(ada.accessToken, '203.0.113.99'));
    expectLimited(await ada.get('/auth/sessions'));
    expectLimited(await ada.post('/customers', { address: 'x' }));
    const limited = await app.get('/api/customers').set('authorization', ada.accessToken);
    expectLimited(limited);
    expect(limited.body).toHaveProperty('msg');
    await eve.get('/users/me').expect(200);
  });

  it('tells the user what is left of the limit', async () => {
    const { accessToken } = await newPerson();
    for (const remaining of [REQUESTS - 1, REQUESTS - 2]) {
      const { headers } = await getMe(accessToken, '203.0.113.1').expect(200);
      expect(headers['ratelimit-policy']).toBe(`"user";q=${REQUESTS};w=60`);
      expect(headers.ratelimit).toMatch(new RegExp(`^"user";r=${remaining};t=\\d{1,2}$`));
    }
  });

  it('allows one network 60 invalid tokens, and any number of valid ones', async () => {
    const person = await newPerson();
    await spendFailedTokens('2001:db8:1:2::1');
    const sameNetwork = '2001:db8:1:2::ffff';
    expectLimited(await getMe(withChangedSignature(person.accessToken), sameNetwork));
    await getMe(person.accessToken, sameNetwork).expect(200);
    await getMe('wrong', '2001:db8:1:3::1').expect(401);
  });

  it.each<[string, (person: Person) => [string, string]]>([
    ['a token of an ended session', ({ accessToken }) => ['/users/me', `Bearer ${accessToken}`]],
    ['a token without Bearer', () => ['/users/me', 'wrong']],
    ['another scheme', () => ['/users/me', 'Basic d3Jvbmc6d3Jvbmc=']],
    ['a token for a route of administrators', () => ['/users', 'Bearer wrong']],
    ['a token under /api', () => ['/api/customers', 'wrong']],
  ])('counts %s as invalid', async (_, request) => {
    const from = `198.51.100.${++people}`;
    const person = await newPerson();
    await person.post('/auth/logout').expect(201);
    await spendFailedTokens(from);
    const [path, authorization] = request(person);
    expectLimited(await app.get(path).set({ authorization, 'x-forwarded-for': from }));
  });

  it('answers missing and expired tokens with 401 at any rate, so that clients refresh', async () => {
    const from = '192.0.2.1';
    const { accessToken } = await newPerson();
    const expired = agedToken(accessToken, await signingKeyOf(app, APP_SECRET, accessToken), 3_600);
    for (let count = 0; count <= FAILED_TOKENS; count++) {
      await getMe(expired, from).expect(401);
      await app.get('/users/me').set('x-forwarded-for', from).expect(401);
    }
    await getMe('wrong', from).expect(401);
    await spendFailedTokens('192.0.2.2');
    await getMe(expired, '192.0.2.2').expect(401);
  });
});
