import { createClient, memoryStorage, type TokenStorage } from '@otp-auth/client';
import { PASSWORD, signUp } from '../../../test/support/accounts.js';
import { TestApp } from '../../../test/support/app.js';
import { LossyProxy } from '../../../test/support/lossy-proxy.js';
import { until } from '../../../test/support/until.js';
import { StubServer } from './stub-server.js';

const REFRESH = 'POST /auth/refresh';

describe('session', () => {
  let app: TestApp;
  let proxy: LossyProxy;
  let stub: StubServer;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4' });
    proxy = await LossyProxy.start(app.url);
    stub = await StubServer.start();
  });
  afterAll(async () => {
    await proxy?.stop();
    await stub?.stop();
    await app?.stop();
  });

  const client = (storage: TokenStorage = memoryStorage(), url = proxy.url) => createClient({ url, storage });

  async function signedIn(email: string, storage = memoryStorage()) {
    await signUp(app, email);
    const auth = client(storage);
    await auth.signInWithPassword({ email, password: PASSWORD });
    return { auth, storage };
  }

  /** Makes the stored access token look as if it had been received an hour ago. */
  function expire(storage: TokenStorage, url = proxy.url): void {
    const key = `otp-auth:${url}`;
    const session = JSON.parse(storage.getItem(key) as string) as object;
    storage.setItem(key, JSON.stringify({ ...session, receivedAt: Date.now() - 3_600_000 }));
  }

  it('refreshes an access token that is due, once for many calls', async () => {
    const { auth, storage } = await signedIn('one@example.com');
    const before = await auth.accessToken();
    expire(storage);
    const count = proxy.count(REFRESH);
    const tokens = await Promise.all([1, 2, 3, 4, 5].map(() => auth.accessToken()));
    expect(new Set(tokens).size).toBe(1);
    expect(tokens[0]).not.toBe(before);
    expect(proxy.count(REFRESH)).toBe(count + 1);
    expect((await auth.api.GET('/users/me')).data.email).toBe('one@example.com');
  });

  it('refreshes once for two clients that share a storage', async () => {
    const { auth, storage } = await signedIn('two@example.com');
    const other = client(storage);
    expire(storage);
    const count = proxy.count(REFRESH);
    const tokens = await Promise.all([auth.accessToken(), other.accessToken(), auth.accessToken()]);
    expect(new Set(tokens).size).toBe(1);
    expect(proxy.count(REFRESH)).toBe(count + 1);
  });

  it.each([
    ['is lost', false],
    ['is cut off', true],
  ])('keeps the person signed in when the reply to a refresh %s', async (_, afterHeaders) => {
    const email = `lost-${afterHeaders}@example.com`;
    const { auth, storage } = await signedIn(email);
    expire(storage);
    proxy.loseReply(REFRESH, { afterHeaders });
    await expect(auth.accessToken()).rejects.toMatchObject({ code: 'network_error', status: 0 });
    expect(auth.user?.email).toBe(email);
    // Longer than the ten seconds in which the server forgives a second use in any case.
    await app.age(60);
    expect((await auth.api.GET('/users/me')).data.email).toBe(email);
    expire(storage);
    expect(await auth.accessToken()).toBeTruthy();
  });

  it('returns a token that is due but still valid when the refresh fails', async () => {
    const { auth, storage } = await signedIn('due@example.com');
    const key = `otp-auth:${proxy.url}`;
    const session = JSON.parse(storage.getItem(key) as string) as { accessToken: string; expiresIn: number };
    const receivedAt = Date.now() - session.expiresIn * 1_000 + 20_000;
    storage.setItem(key, JSON.stringify({ ...session, receivedAt }));
    proxy.loseReply(REFRESH);
    expect(await auth.accessToken()).toBe(session.accessToken);
  });

  it('signs out when the session has ended on the server', async () => {
    const { auth, storage } = await signedIn('ended@example.com');
    const users: unknown[] = [];
    auth.onChange(({ user }) => users.push(user && user.email));
    await app
      .post('/auth/logout')
      .set('authorization', `Bearer ${await auth.accessToken()}`)
      .expect(201);
    await expect(auth.api.GET('/users/me')).rejects.toMatchObject({ code: 'token_invalid' });
    expect(users).toEqual(['ended@example.com', null]);
    expect(storage.getItem(`otp-auth:${proxy.url}`)).toBeUndefined();
  });

  it('signs out locally when the server cannot be reached', async () => {
    const { auth } = await signedIn('offline@example.com');
    proxy.loseReply('POST /auth/logout');
    await auth.signOut();
    expect(auth.user).toBeNull();
    expect(await auth.accessToken()).toBeNull();
  });

  it('ends a session whose access token has expired when the person signs out', async () => {
    const { auth, storage } = await signedIn('late@example.com');
    const { refreshToken } = JSON.parse(storage.getItem(`otp-auth:${proxy.url}`) as string) as {
      refreshToken: string;
    };
    expire(storage);
    await auth.signOut();
    await app.post('/auth/refresh', { refreshToken }).expect(401);
  });

  it('signs out at once while a server does not answer', async () => {
    stub.reply = () => ({ body: { accessToken: 'a', refreshToken: 'r', expiresIn: 900, user: { id: '1' } } });
    const storage = memoryStorage();
    const auth = client(storage, stub.url);
    await auth.signInWithPassword({ email: 'ada@example.com', password: PASSWORD });
    expire(storage, stub.url);
    let answer = () => {};
    stub.reply = () => new Promise((resolve) => (answer = () => resolve({ status: 503 })));
    const signedOut = auth.signOut();
    await until('the refresh is sent', () => stub.requests.at(-1)?.path === '/auth/refresh');
    expect(auth.user).toBeNull();
    expect(await auth.accessToken()).toBeNull();
    answer();
    await signedOut;
  });

  describe('with a server that misbehaves', () => {
    const user = { id: '1', email: 'ada@example.com' };
    const tokens = (n: number) => ({
      tokenType: 'Bearer',
      accessToken: `access-${n}`,
      refreshToken: `refresh-${n}`,
      expiresIn: 900,
      user,
    });

    async function stubbed(storage = memoryStorage()) {
      stub.reply = () => ({ body: tokens(1) });
      const auth = client(storage, stub.url);
      await auth.signInWithPassword({ email: user.email, password: PASSWORD });
      stub.requests.length = 0;
      return { auth, storage };
    }
    const sentTokens = () =>
      stub.requests.filter(({ path }) => path === '/auth/refresh').map(({ body }) => body.refreshToken);

    it.each([
      [502, '<html>Bad Gateway</html>', 'unexpected_reply'],
      [503, { code: 'service_unavailable', title: 'Service Unavailable' }, 'service_unavailable'],
      [429, { code: 'rate_limited', title: 'Too Many Requests' }, 'rate_limited'],
      [401, '<html>Unauthorized</html>', 'unexpected_reply'],
      // The sign-in page of a hotel's network.
      [200, '<html>Welcome</html>', 'unexpected_reply'],
      [200, {}, 'unexpected_reply'],
    ])('keeps the tokens after %i to a refresh and sends the same again', async (status, body, code) => {
      const { auth, storage } = await stubbed();
      expire(storage, stub.url);
      stub.reply = () => ({ status, body });
      await expect(auth.accessToken()).rejects.toMatchObject({ code, status });
      expect(auth.user).toEqual(user);
      stub.reply = () => ({ body: tokens(2) });
      expect(await auth.accessToken()).toBe('access-2');
      expect(sentTokens()).toEqual(['refresh-1', 'refresh-1']);
    });

    it('ignores a refusal of a refresh token that was replaced meanwhile', async () => {
      const { auth, storage } = await stubbed();
      expire(storage, stub.url);
      stub.reply = async () => {
        stub.reply = () => ({ body: tokens(7) });
        await client(storage, stub.url).signInWithPassword({ email: user.email, password: PASSWORD });
        return { status: 401, body: { code: 'refresh_token_invalid', title: 'Unauthorized' } };
      };
      expect(await auth.accessToken()).toBe('access-7');
      expect(auth.user).toEqual(user);
    });

    it('drops the reply to a refresh of a person who has signed out meanwhile', async () => {
      const { auth, storage } = await stubbed();
      expire(storage, stub.url);
      stub.reply = () => {
        storage.removeItem(`otp-auth:${stub.url}`);
        return { body: tokens(2) };
      };
      expect(await auth.accessToken()).toBeNull();
      expect(auth.user).toBeNull();
      expect(storage.getItem(`otp-auth:${stub.url}`)).toBeUndefined();
    });

    it('does not stop a refresh when one of its callers gives up', async () => {
      const { auth, storage } = await stubbed();
      expire(storage, stub.url);
      const stop = new AbortController();
      stub.reply = () => {
        stop.abort();
        return { body: tokens(2) };
      };
      const first = auth.accessToken({ signal: stop.signal });
      const second = auth.accessToken();
      await expect(first).rejects.toMatchObject({ name: 'AbortError' });
      expect(await second).toBe('access-2');
    });
  });

  describe('fetch', () => {
    it('sends the access token to a backend', async () => {
      const { auth } = await signedIn('backend@example.com');
      stub.requests.length = 0;
      stub.reply = () => ({ body: { ok: true } });
      const response = await auth.fetch(`${stub.url}/orders`, {
        method: 'POST',
        headers: { 'x-own': '1' },
        body: '{}',
      });
      expect(await response.json()).toEqual({ ok: true });
      expect(stub.requests[0]).toMatchObject({
        method: 'POST',
        headers: { authorization: `Bearer ${await auth.accessToken()}`, 'x-own': '1' },
      });
    });

    it('repeats a request once that a backend refuses with an older token', async () => {
      const { auth, storage } = await signedIn('older@example.com');
      const key = `otp-auth:${proxy.url}`;
      const session = JSON.parse(storage.getItem(key) as string) as object;
      storage.setItem(key, JSON.stringify({ ...session, receivedAt: Date.now() - 120_000 }));
      stub.requests.length = 0;
      stub.reply = () => ({ status: 401 });
      expect((await auth.fetch(new Request(`${stub.url}/orders`))).status).toBe(401);
      expect(stub.requests).toHaveLength(2);
      expect(stub.requests[0]?.headers.authorization).not.toBe(stub.requests[1]?.headers.authorization);
      // The token is new now, so another one would not help.
      await auth.fetch(`${stub.url}/orders`);
      expect(stub.requests).toHaveLength(3);
    });

    it('sends no token when nobody is signed in', async () => {
      stub.requests.length = 0;
      stub.reply = () => ({ status: 401 });
      expect((await client().fetch(`${stub.url}/orders`)).status).toBe(401);
      expect(stub.requests[0]?.headers.authorization).toBeUndefined();
    });
  });
});
