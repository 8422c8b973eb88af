import { readdirSync } from 'node:fs';
import { defineConfig } from 'vite';

const pages = readdirSync('src', { recursive: true }).filter((name) => name.endsWith('.html'));

// The server serves `<name>.html` at `/<name>`. Paths of assets are relative, because a proxy may
// serve the pages below a prefix.
export default defineConfig({
  root: 'src',
  base: './',
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    target: 'es2022',
    // The content security policy allows no data URLs and no inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: pages.map((name) => `src/${name}`) },
  },
  // The client starts workers for proofs of work.
  worker: { format: 'es' },
});
