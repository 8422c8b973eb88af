// Builds dist/index.js for bundlers, and dist/elements.js with everything it needs for pages without
// a build step, next to the worker that it starts. TypeScript writes the declarations.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const shared = {
  absWorkingDir: fileURLToPath(new URL('.', import.meta.url)),
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  // Texts in ten languages, as UTF-8.
  charset: 'utf8',
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'error',
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
};

await build({ ...shared, entryPoints: ['src/index.ts'], outdir: 'dist', packages: 'external' });
await build({
  ...shared,
  entryPoints: { elements: 'src/index.ts', 'proof-worker': '../client/src/proof-worker.ts' },
  outdir: 'dist',
  alias: { '@otp-auth/client': '../client/src/index.ts' },
});
