import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { Window } from 'happy-dom';
import { compile as compileSvelte } from 'svelte/compiler';
import { compileScript, parse } from 'vue/compiler-sfc';
import { signUp } from '../../../test/support/accounts.js';
import { TestApp } from '../../../test/support/app.js';
import { until } from '../../../test/support/until.js';

const PACKAGE = resolve('packages/client');
const URL_IN_EXAMPLES = 'https://auth.example.com';
const ORIGIN = 'http://app.example.com';

/** Compiles the examples as the frameworks' own build tools do. */
const frameworks = (serverUrl: string): Plugin => ({
  name: 'frameworks',
  setup(esbuild) {
    const read = (path: string) => readFileSync(path, 'utf8').replace(URL_IN_EXAMPLES, serverUrl);
    esbuild.onLoad({ filter: /examples\/.*\.jsx?$/ }, ({ path }) => ({
      contents: read(path),
      loader: 'jsx',
    }));
    esbuild.onLoad({ filter: /\.vue$/ }, ({ path }) => {
      const { descriptor } = parse(read(path), { filename: path });
      return { contents: compileScript(descriptor, { id: 'example', inlineTemplate: true }).content };
    });
    esbuild.onLoad({ filter: /\.svelte$/ }, ({ path }) => ({
      contents: compileSvelte(read(path), { filename: path, generate: 'client' }).js.code,
    }));
  },
});

describe('example', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4', CORS_ORIGINS: ORIGIN });
  });
  afterAll(() => app?.stop());

  async function open(entry: string, html: string): Promise<Window> {
    const { outputFiles } = await build({
      entryPoints: [join(PACKAGE, 'examples', entry)],
      bundle: true,
      write: false,
      format: 'iife',
      conditions: ['browser'],
      jsx: 'automatic',
      define: { 'process.env.NODE_ENV': '"production"', 'import.meta.url': '"http://localhost/"' },
      logLevel: 'error',
      plugins: [frameworks(app.url)],
    });
    const window = new Window({ url: `${ORIGIN}/`, settings: { enableJavaScriptEvaluation: true } });
    window.document.body.innerHTML = html;
    window.eval(outputFiles[0]?.text ?? '');
    return window;
  }

  it.each([
    ['plain', 'plain/main.js'],
    ['react', 'react/main.jsx'],
    ['vue', 'vue/main.js'],
    ['svelte', 'svelte/main.js'],
  ])('%s signs a person in and out', async (name, entry) => {
    const email = `${name}@example.com`;
    await signUp(app, email);
    await app.age(3_600);
    const page = readFileSync(join(PACKAGE, 'examples/plain/index.html'), 'utf8').replace(/<script.*/, '');
    const window = await open(entry, name === 'plain' ? page : '<div id="app"></div>');
    const { document } = window;
    const text = () => document.body.textContent;
    // The form that is shown. The plain example hides the other one.
    const shown = (selector: string) =>
      [...document.querySelectorAll(selector)].filter((element) => !element.closest('[hidden]')).at(-1);
    const fill = async (field: string, value: string) => {
      const input = await until(`the field ${field}`, () => shown(`input[name=${field}]`));
      (input as unknown as HTMLInputElement).value = value;
      input.dispatchEvent(new window.Event('input', { bubbles: true }));
      input.closest('form')?.dispatchEvent(new window.Event('submit', { bubbles: true, cancelable: true }));
    };
    try {
      const { otp } = await app.codeOf(email, () => fill('email', email));
      await fill('code', '000000');
      await until('the refusal is shown', () => text().includes('2 attempt(s) left'));
      await fill('code', otp);
      await until('the person is signed in', () => shown('b')?.textContent === email);
      const button = [...document.querySelectorAll('button')].find(
        ({ textContent }) => textContent === 'Sign out',
      );
      button?.dispatchEvent(new window.Event('click', { bubbles: true }));
      await until('the form is back', () => shown('input[name=email]'), 10);
    } finally {
      await window.happyDOM.close();
    }
  });

  it.each(['plain/index.html', 'plain/main.js', 'react/main.jsx', 'vue/App.vue', 'svelte/App.svelte'])(
    '%s is shown in the README as it is tested',
    (file) => {
      const readme = readFileSync(join(PACKAGE, 'README.md'), 'utf8');
      expect(readme).toContain(readFileSync(join(PACKAGE, 'examples', file), 'utf8').trim());
    },
  );
});
