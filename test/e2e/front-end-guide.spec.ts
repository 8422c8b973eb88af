import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TestApp } from '../support/app.js';
import { PASSWORD, signUp } from '../support/accounts.js';
import { withChangedSignature } from '../support/jws.js';

const SERVER = 'https://auth.example.com';

interface Auth {
  user: object | null;
  accessToken: () => Promise<string | null>;
  signOut: () => Promise<void>;
  api: { GET: (path: string) => Promise<{ data: object }> };
}
type Forms = Record<string, (...args: unknown[]) => Promise<{ user?: { email: string } | null } | null>>;

/** Runs the code of docs/front-end.md as readers copy it. */
describe('front-end guide', () => {
  // Inside node_modules, because the copied code imports packages.
  const folder = mkdtempSync(resolve('node_modules', '.front-end-guide-'));
  let app: TestApp;
  let auth: Auth;
  let forms: Forms;

  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4', SIGN_UP_ON_VERIFY: 'true', PUBLIC_URL: SERVER });
    ({ auth } = await loadGuideFile<{ auth: Auth }>('auth.js', `'${SERVER}'`));
    forms = await loadGuideFile<Forms>('forms.js');
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await app?.stop();
  });

  /** Imports a file of the guide, with `server` replaced by the URL of the test app. */
  async function loadGuideFile<Module>(name: string, server = ''): Promise<Module> {
    const page = readFileSync('docs/front-end.md', 'utf8');
    const block = page.split('```js\n').find((text) => text.startsWith(`// ${name}`));
    const code = block?.split('```')[0] ?? '';
    const file = join(folder, name.replace('.js', '.mjs'));
    writeFileSync(
      file,
      code
        .replace(server, server.replace(/\w+:\/\/[\w.]+|\$\{\w+\}/, app.url))
        .replace('./auth.js', './auth.mjs'),
    );
    return (await import(file)) as Module;
  }

  function callForm(name: string, ...args: unknown[]) {
    const form = forms[name];
    if (!form) throw new Error(`the guide has no ${name}`);
    return form(...args);
  }

  it('signs in with a code and signs out', async () => {
    const phone = '+14155550123';
    await callForm('sendCode', { phone });
    const result = await callForm('enterCode', await app.code(phone));
    expect(result?.user).toMatchObject({ phone });
    expect((await auth.api.GET('/users/me')).data).toEqual(result?.user);

    const accessToken = await auth.accessToken();
    await auth.signOut();
    expect(auth.user).toBeNull();
    await app.get('/users/me').set('authorization', `Bearer ${accessToken}`).expect(401);
  });

  it('registers, verifies the address and signs in with a password', async () => {
    const email = 'grace@example.com';
    await callForm('register', { email, password: PASSWORD });
    await callForm('enterCode', await app.code(email));
    await auth.signOut();
    await expect(callForm('signIn', email, 'a wrong password')).rejects.toMatchObject({
      code: 'invalid_credentials',
    });
    await callForm('signIn', email, PASSWORD);
    expect((await auth.api.GET('/users/me')).data).toMatchObject({ email });
    await auth.signOut();
  });

  it('sets a new password with the token of the mailed link', async () => {
    const email = 'alan@example.com';
    await signUp(app, email);
    const { text } = await app.codeOf(email, () => callForm('forgotPassword', email));
    Object.assign(globalThis, { location: { hash: /#token=[\w-]+/.exec(text)?.[0] } });
    const password = 'another good passphrase';
    await callForm('setPassword', password);
    expect((await callForm('signIn', email, password))?.user?.email).toBe(email);
  });

  it('reads no code from an SMS where the browser cannot', async () => {
    expect(await callForm('codeFromSms', new AbortController().signal)).toBeNull();
  });

  it('verifies a token in a backend', async () => {
    const { user, accessToken } = await signUp(app, 'edsger@example.com');
    const { whoIsCalling } = await loadGuideFile<Forms>('check.js', '`${SERVER}/.well-known');
    expect(await whoIsCalling?.(`Bearer ${accessToken}`)).toMatchObject({
      sub: user.id,
      roles: ['user'],
    });
    await expect(whoIsCalling?.(`Bearer ${withChangedSignature(accessToken)}`)).rejects.toThrow();
  });
});
