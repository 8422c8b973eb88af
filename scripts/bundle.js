// node scripts/bundle.js <entry>: run after `nest build`. Bundles an entry point of dist with the
// two thousand files that it loads, which halves the start-up time. The other files of dist stay
// as they are, and main.js works unbundled too.
//
// Patches of library code, each with the check that fails the build when the library changes:
//
// 1. @nestjs/typeorm asks Node for TypeORM at run time and would get a second copy, outside the
//    bundle. `bundledTypeorm` removes that. Check: the line to remove is found exactly once.
//
// 2. esbuild's `keepNames` names each function anew whenever one is created, which costs half as much
//    processor time again for a small request. `withCheapNames` keeps the names of classes, which
//    Nest and TypeORM read, and of functions named `type`, by which @nestjs/swagger recognises
//    `type: () => Foo`. Checks: both texts to replace are found, and test/e2e/bundle.spec.ts compares
//    the OpenAPI document.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { build } from 'esbuild';

// The bundle is dist/<name>.js. Without a name it keeps the name of the entry.
const [entry, name] = process.argv.slice(2);
const dist = resolve('dist');

/** Our files find the files next to them by `import.meta.url`, which is that of the bundle. */
const ownUrls = {
  name: 'own URLs',
  setup({ onLoad }) {
    onLoad({ filter: /\.js$/ }, async ({ path }) => {
      if (!path.startsWith(dist)) return undefined;
      const url = `new URL('./${relative(dist, path)}', import.meta.url).href`;
      return { contents: (await readFile(path, 'utf8')).replaceAll('import.meta.url', url) };
    });
  },
};

const bundledTypeorm = {
  name: 'bundled TypeORM',
  setup({ onLoad, onEnd }) {
    const ownRequire = 'const require = createRequire(import.meta.url);';
    let found = 0;
    onLoad({ filter: /typeorm-compat\.js$/ }, async ({ path }) => {
      const parts = (await readFile(path, 'utf8')).split(ownRequire);
      found += parts.length - 1;
      return { contents: parts.join('') };
    });
    onEnd(() => {
      if (found !== 1) throw new Error('@nestjs/typeorm loads TypeORM in another way');
    });
  },
};

const NAME_FUNCTION = '=(target,value)=>__defProp(target,"name",{value,configurable:!0})';
const NAME_CLASS = /static\{__name\(this,("[^"]+")\)\}/g;

function withCheapNames(code) {
  return code
    .replace(
      `__name${NAME_FUNCTION}`,
      '__name=(target,value)=>value==="type"?__defProp(target,"name",{value,configurable:!0}):target',
    )
    .replaceAll(NAME_CLASS, 'static{Object.defineProperty(this,"name",{value:$1,configurable:!0})}');
}

const { outputFiles } = await build({
  entryPoints: name ? { [name]: entry } : [entry],
  outdir: 'dist',
  write: false,
  allowOverwrite: true,
  bundle: true,
  splitting: true,
  chunkNames: 'bundle/[name]-[hash]',
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  keepNames: true,
  legalComments: 'none',
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: 'error',
  external: [
    // Packages with files that are not JavaScript.
    ...['@electric-sql/*', 'bcrypt', 'swagger-ui-dist', 'twilio', 'postmark', 'nodemailer'],
    // Optional packages that Nest, TypeORM and class-transformer look for.
    ...['@nestjs/microservices', '@nestjs/websockets', '@nestjs/platform-express'],
    ...['@nestjs/mongoose', '@fastify/view', '@fastify/multipart', 'pg-native'],
    'class-transformer/storage',
  ],
  // CommonJS modules expect these.
  banner: {
    js: `import { createRequire as makeRequire } from 'node:module';
const require = makeRequire(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname;`,
  },
  plugins: [ownUrls, bundledTypeorm],
});

const all = outputFiles.map(({ text }) => text).join('');
if (!all.includes(NAME_FUNCTION) || !NAME_CLASS.test(all))
  throw new Error('esbuild names functions and classes in another way');
for (const { path, text } of outputFiles) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, withCheapNames(text));
}
