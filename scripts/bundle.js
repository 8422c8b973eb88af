// node scripts/bundle.js <entry>: after `nest build`, a program and the two thousand files it loads as one file in dist, which
// starts in half the time. The other files of dist stay as they are, for tools, and main.js works without this as well.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { build } from 'esbuild';

// The bundle is dist/<name>.js. Without a name it keeps the name of the entry.
const [entry, name] = process.argv.slice(2);
const dist = resolve('dist');

/** Files of ours go on finding what lies beside them. */
const inPlace = {
  name: 'in place',
  setup({ onLoad }) {
    onLoad({ filter: /\.js$/ }, async ({ path }) => {
      if (!path.startsWith(dist)) return undefined;
      const own = `new URL('./${relative(dist, path)}', import.meta.url).href`;
      return { contents: (await readFile(path, 'utf8')).replaceAll('import.meta.url', own) };
    });
  },
};

/** It asks Node for TypeORM, and would get another copy than the one in here. */
const oneTypeorm = {
  name: 'one TypeORM',
  setup({ onLoad }) {
    onLoad({ filter: /typeorm-compat\.js$/ }, async ({ path }) => {
      const own = /const require = createRequire\(import\.meta\.url\);/;
      return { contents: (await readFile(path, 'utf8')).replace(own, '') };
    });
  },
};

/** What esbuild's `keepNames` puts in: a call for every function, wherever one is made, and one for every class. */
const NAMING = '=(target,value)=>__defProp(target,"name",{value,configurable:!0})';
const NAMED_CLASS = /static\{__name\(this,("[^"]+")\)\}/g;

/** Names classes only: to name each function again as often as it is made was a tenth of a request. */
function withClassNames(code) {
  return code
    .replace(`__name${NAMING}`, '__name=target=>target')
    .replaceAll(NAMED_CLASS, 'static{Object.defineProperty(this,"name",{value:$1,configurable:!0})}');
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
  // Nest and TypeORM call things by the names of their classes.
  keepNames: true,
  legalComments: 'none',
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: 'error',
  // What brings files that are not JavaScript, and what Nest and TypeORM would use if it were installed.
  external: [
    ...['@electric-sql/*', 'bcrypt', 'swagger-ui-dist', 'twilio', 'postmark', 'nodemailer'],
    ...['@nestjs/microservices', '@nestjs/websockets', '@nestjs/platform-express', '@nestjs/mongoose'],
    ...['@fastify/view', '@fastify/multipart', 'pg-native', 'class-transformer/storage'],
  ],
  // CommonJS inside expects these.
  banner: {
    js: `import { createRequire as makeRequire } from 'node:module';
const require = makeRequire(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname;`,
  },
  plugins: [inPlace, oneTypeorm],
});
const all = outputFiles.map(({ text }) => text).join('');
if (!all.includes(NAMING) || !NAMED_CLASS.test(all)) throw new Error('esbuild names things in another way');
for (const { path, text } of outputFiles) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, withClassNames(text));
}
