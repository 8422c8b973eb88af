import { createClient, type TokenStorage } from '@otp-auth/client';
import { PASSWORD } from '../../../test/support/accounts.js';
import { until } from '../../../test/support/until.js';
import { StubServer } from './stub-server.js';

const user = { id: '1', email: 'ada@example.com' };
const tokens = (n: number) => ({
  accessToken: `access-${n}`,
  refreshToken: `refresh-${n}`,
  expiresIn: 900,
  user,
});

describe('storage', () => {
  let stub: StubServer;
  beforeAll(async () => {
    stub = await StubServer.start();
  });
  beforeEach(() => {
    stub.requests.length = 0;
    stub.reply = () => ({ body: { ...tokens(1), deviceToken: 'device-1' } });
  });
  afterAll(() => stub?.stop());

  const client = (storage: TokenStorage) => createClient({ url: stub.url, storage });
  const signIn = (auth: ReturnType<typeof client>) =>
    auth.signInWithPassword({ email: user.email, password: PASSWORD });

  function fake(parts: Partial<TokenStorage>): TokenStorage {
    const items = new Map<string, string>();
    return {
      getItem: (key) => items.get(key) ?? null,
      setItem: (key, value) => items.set(key, value),
      removeItem: (key) => items.delete(key),
      ...parts,
    };
  }
  const refuse = () => {
    throw new DOMException('', 'QuotaExceededError');
  };

  it('may be asynchronous', async () => {
    const items = new Map<string, string>();
    const pause = () => new Promise((resolve) => setTimeout(resolve, 5));
    const storage: TokenStorage = {
      getItem: async (key) => (await pause(), items.get(key)),
      setItem: async (key, value) => (await pause(), items.set(key, value)),
      removeItem: async (key) => (await pause(), items.delete(key)),
    };
    const auth = client(storage);
    await signIn(auth);
    expect(await auth.accessToken()).toBe('access-1');

    const reloaded = client(storage);
    expect(reloaded.user).toBeNull();
    const seen: unknown[] = [];
    reloaded.onChange((state) => seen.push(state.user));
    await until('the stored session is read', () => seen.length > 0);
    expect(seen).toEqual([user]);
    expect(await reloaded.accessToken()).toBe('access-1');
  });

  it.each([
    ['is full', { setItem: refuse }],
    ['is full and asynchronous', { setItem: async () => Promise.reject(new Error('full')) }],
    ['cannot be read', { getItem: refuse, setItem: refuse, removeItem: refuse }],
    ['fails later', { getItem: async () => Promise.reject(new Error('locked')), setItem: refuse }],
  ])('keeps the person signed in for the page when it %s', async (_, parts) => {
    const auth = client(fake(parts));
    await signIn(auth);
    expect(auth.user).toEqual(user);
    expect(await auth.accessToken()).toBe('access-1');
    await auth.signOut();
    expect(auth.user).toBeNull();
    expect(await auth.accessToken()).toBeNull();
    // The device token is kept as well.
    await signIn(auth);
    expect(stub.requests.at(-1)?.headers['x-device-token']).toBe('device-1');
  });

  it('does not keep the previous person when it becomes full', async () => {
    let isFull = false;
    const items = new Map<string, string>();
    const storage = fake({
      getItem: (key) => items.get(key),
      setItem: (key, value) => (isFull ? refuse() : items.set(key, value)),
      removeItem: (key) => items.delete(key),
    });
    const auth = client(storage);
    await signIn(auth);
    isFull = true;
    stub.reply = () => ({ body: tokens(2) });
    await signIn(auth);
    expect(await auth.accessToken()).toBe('access-2');
    expect(await client(storage).accessToken()).toBeNull();
  });

  it.each(['not JSON', '{}', '[1]', '"text"', '{"accessToken":1}'])('ignores %s in it', async (text) => {
    const auth = client(fake({ getItem: () => text }));
    expect(auth.user).toBeNull();
    expect(await auth.accessToken()).toBeNull();
  });

  it('forgets a device token once the server keeps it in a cookie', async () => {
    const storage = fake({});
    await signIn(client(storage));
    stub.reply = () => ({ body: tokens(2) });
    await signIn(client(storage));
    await signIn(client(storage));
    const sent = stub.requests
      .filter(({ path }) => path === '/auth/login')
      .map(({ headers }) => headers['x-device-token']);
    expect(sent).toEqual([undefined, 'device-1', undefined]);
  });
});
