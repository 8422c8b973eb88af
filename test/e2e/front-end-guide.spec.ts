import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TestApp } from '../support/app.js';
import { PASSWORD, signUp } from '../support/accounts.js';
import { withChangedSignature } from '../support/jws.js';

const SERVER = 'https://auth.example.com';

interface Reply {
  accessToken: string;
  user: { id: string };
}
type Guide = Record<string, ((...args: unknown[]) => Promise<Reply>) | undefined>;

/** What a browser has. */
class Storage {
  private readonly items = new Map<string, string>();
  getItem = (name: string) => this.items.get(name) ?? null;
  setItem = (name: string, value: string) => void this.items.set(name, value);
  removeItem = (name: string) => void this.items.delete(name);
}

/** The code of docs/front-end.md, as people copy it. */
describe('the guide for front ends', () => {
  const phone = '+14155550123';
  const storage = new Storage();
  // Below node_modules, for the copied code imports a package.
  const folder = mkdtempSync(resolve('node_modules', '.front-end-guide-'));
  let app: TestApp;
  let guide: Guide;

  beforeAll(async () => {
    Object.assign(globalThis, { localStorage: storage });
    app = await TestApp.start({ BCRYPT_COST: '4', SIGN_UP_ON_VERIFY: 'true', PUBLIC_URL: SERVER });
    guide = await code('auth.js', `'${SERVER}'`);
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await app?.stop();
  });

  /** A file of the guide, with the address of this server in the place of another. */
  async function code(name: string, server: string): Promise<Guide> {
    const page = readFileSync('docs/front-end.md', 'utf8');
    const text = page.split('```js\n').find((block) => block.startsWith(`// ${name}`));
    const file = join(folder, name.replace('.js', '.mjs'));
    writeFileSync(
      file,
      (text?.split('```')[0] ?? '').replace(server, server.replace(/\w+:\/\/[\w.]+|\$\{\w+\}/, app.url)),
    );
    return (await import(file)) as Guide;
  }

  function run(name: string, ...args: unknown[]): Promise<Reply> {
    const step = guide[name];
    if (!step) throw new Error(`the guide has no ${name}`);
    return step(...args);
  }

  it('signs in with a code, calls, refreshes once for three calls, and signs out', async () => {
    await run('sendCode', { phone });
    const { user } = await run('signInWithCode', { phone }, await app.code(phone));
    expect(await run('call', 'GET', '/users/me')).toEqual(user);

    const kept = JSON.parse(storage.getItem('tokens') ?? '') as Reply;
    storage.setItem('tokens', JSON.stringify({ ...kept, accessToken: 'one.that.ended' }));
    const replies = await Promise.all([1, 2, 3].map(() => run('call', 'GET', '/users/me')));
    expect(replies).toEqual([user, user, user]);

    await run('signOut');
    expect(storage.getItem('tokens')).toBeNull();
    await app.get('/users/me').set('authorization', `Bearer ${kept.accessToken}`).expect(401);
  });

  it('registers, proves the address and signs in with a password', async () => {
    const email = 'grace@example.com';
    await run('register', { email, password: PASSWORD });
    await run('verifyEmail', email, await app.code(email));
    await run('signOut');
    await expect(run('signIn', email, 'a wrong password')).rejects.toMatchObject({
      code: 'invalid_credentials',
    });
    await run('signIn', email, PASSWORD);
    expect(await run('call', 'GET', '/users/me')).toMatchObject({ email });
  });

  it('checks a token in a backend', async () => {
    const { user, accessToken } = await signUp(app, 'alan@example.com');
    const { whoIsCalling } = await code('check.js', '`${SERVER}/.well-known');
    expect(await whoIsCalling?.(`Bearer ${accessToken}`)).toMatchObject({ sub: user.id, roles: ['user'] });
    await expect(whoIsCalling?.(`Bearer ${withChangedSignature(accessToken)}`)).rejects.toThrow();
  });
});
