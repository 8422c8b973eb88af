// node scripts/bundle.js <entry>: run after `nest build`. Bundles an entry point of dist with the
// two thousand files that it loads, which halves the start-up time. The other files of dist stay
// as they are, and main.js works unbundled too.
//
// Patches of library code, each with the check that fails the build when the library changes:
//
// 1. @nestjs/typeorm asks Node for TypeORM at run time and would get a second copy, outside the
//    bundle. `bundledTypeorm` removes that. Check: the line to remove is found exactly once.
//
// Names: Nest, TypeORM and @nestjs/swagger read the names of classes and functions. esbuild keeps
// them, because identifiers are not minified and decorated classes have a name of their own. Its
// option `keepNames` would also name each function anew whenever one is created, which costs half as
// much processor time again for a small request. test/e2e/bundle.spec.ts fails when a
// class is renamed.
import { readFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
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

await build({
  entryPoints: name ? { [name]: entry } : [entry],
  outdir: 'dist',
  allowOverwrite: true,
  bundle: true,
  splitting: true,
  chunkNames: 'bundle/[name]-[hash]',
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  legalComments: 'none',
  minifyWhitespace: true,
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
