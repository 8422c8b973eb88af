import { readdirSync } from 'node:fs';
import { defineConfig } from 'vite';

const pages = readdirSync('src', { recursive: true }).filter((name) => name.endsWith('.html'));

/** What every page has in its head. The server fills in `__SERVER__`. */
const HEAD = [
  ['meta', { charset: 'utf-8' }],
  ['meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }],
  ['meta', { name: 'color-scheme', content: 'light dark' }],
  ['meta', { name: 'robots', content: 'noindex' }],
  ['meta', { name: 'server', content: '__SERVER__' }],
  ['link', { rel: 'icon', href: 'data:,' }],
].map(([tag, attrs]) => ({ tag, attrs, injectTo: 'head-prepend' }));

const NO_SCRIPT = {
  tag: 'noscript',
  children: '<p>This page needs JavaScript. Please allow it, or open the page in another browser.</p>',
  injectTo: 'body-prepend',
};

// The server serves `<name>.html` at `/<name>`. Paths of assets are relative, because a proxy may
// serve the pages below a prefix.
export default defineConfig({
  root: 'src',
  base: './',
  plugins: [{ name: 'shared-html', transformIndexHtml: () => [...HEAD, NO_SCRIPT] }],
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
