import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TestApp } from '../support/app.js';
import { PASSWORD, signUp } from '../support/accounts.js';
import { withChangedSignature } from '../support/jws.js';

const SERVER = 'https://auth.example.com';

interface SignedIn {
  accessToken: string;
  user: { id: string };
}
type Guide = Record<string, ((...args: unknown[]) => Promise<SignedIn>) | undefined>;

/** Stand-in for the `localStorage` of a browser. */
class MemoryStorage {
  private readonly items = new Map<string, string>();
  getItem = (name: string) => this.items.get(name) ?? null;
  setItem = (name: string, value: string) => void this.items.set(name, value);
  removeItem = (name: string) => void this.items.delete(name);
}

/** Runs the code of docs/front-end.md as readers copy it. */
describe('front-end guide', () => {
  const phone = '+14155550123';
  const storage = new MemoryStorage();
  // Inside node_modules, because the copied code imports a package.
  const folder = mkdtempSync(resolve('node_modules', '.front-end-guide-'));
  let app: TestApp;
  let guide: Guide;

  beforeAll(async () => {
    Object.assign(globalThis, { localStorage: storage });
    app = await TestApp.start({ BCRYPT_COST: '4', SIGN_UP_ON_VERIFY: 'true', PUBLIC_URL: SERVER });
    guide = await loadGuideFile('auth.js', `'${SERVER}'`);
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await app?.stop();
  });

  /** Imports a file of the guide, with `server` replaced by the URL of the test app. */
  async function loadGuideFile(name: string, server: string): Promise<Guide> {
    const page = readFileSync('docs/front-end.md', 'utf8');
    const text = page.split('```js\n').find((block) => block.startsWith(`// ${name}`));
    const file = join(folder, name.replace('.js', '.mjs'));
    writeFileSync(
      file,
      (text?.split('```')[0] ?? '').replace(server, server.replace(/\w+:\/\/[\w.]+|\$\{\w+\}/, app.url)),
    );
    return (await import(file)) as Guide;
  }

  function callGuide(name: string, ...args: unknown[]): Promise<SignedIn> {
    const guideFunction = guide[name];
    if (!guideFunction) throw new Error(`the guide has no ${name}`);
    return guideFunction(...args);
  }

  it('signs in with a code, refreshes once for three calls and signs out', async () => {
    await callGuide('sendCode', { phone });
    const { user } = await callGuide('signInWithCode', { phone }, await app.code(phone));
    expect(await callGuide('call', 'GET', '/users/me')).toEqual(user);

    const storedTokens = JSON.parse(storage.getItem('tokens') ?? '') as SignedIn;
    storage.setItem('tokens', JSON.stringify({ ...storedTokens, accessToken: 'one.that.ended' }));
    const replies = await Promise.all([1, 2, 3].map(() => callGuide('call', 'GET', '/users/me')));
    expect(replies).toEqual([user, user, user]);

    await callGuide('signOut');
    expect(storage.getItem('tokens')).toBeNull();
    await app.get('/users/me').set('authorization', `Bearer ${storedTokens.accessToken}`).expect(401);
  });

  it('registers, verifies the address and signs in with a password', async () => {
    const email = 'grace@example.com';
    await callGuide('register', { email, password: PASSWORD });
    await callGuide('verifyEmail', email, await app.code(email));
    await callGuide('signOut');
    await expect(callGuide('signIn', email, 'a wrong password')).rejects.toMatchObject({
      code: 'invalid_credentials',
    });
    await callGuide('signIn', email, PASSWORD);
    expect(await callGuide('call', 'GET', '/users/me')).toMatchObject({ email });
  });

  it('verifies a token in a backend', async () => {
    const { user, accessToken } = await signUp(app, 'alan@example.com');
    const { whoIsCalling } = await loadGuideFile('check.js', '`${SERVER}/.well-known');
    expect(await whoIsCalling?.(`Bearer ${accessToken}`)).toMatchObject({
      sub: user.id,
      roles: ['user'],
    });
    await expect(whoIsCalling?.(`Bearer ${withChangedSignature(accessToken)}`)).rejects.toThrow();
  });
});
