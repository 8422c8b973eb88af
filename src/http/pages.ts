import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { StartError } from '../common/start-error.js';
import type { Config } from '../config/config.js';
import type { PageName } from '../config/settings.js';

/** Built by `packages/pages`. */
const PAGES = fileURLToPath(new URL('../../packages/pages/dist/', import.meta.url));
const ASSETS = fileURLToPath(new URL('../../packages/pages/dist/assets/', import.meta.url));

/** The file and the path of each page, by the name in the setting `PAGES`. */
const PAGES_BY_NAME = {
  reset: ['reset'],
  undo: ['undo', 'undo-deletion'],
  account: ['account'],
  console: ['console'],
} satisfies Record<PageName, string[]>;

/** Only scripts and styles of this server, and requests to it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * Serves the pages that `PAGES` names, and their scripts and styles. These have a digest in their
 * names, so browsers may keep them for good.
 */
export async function servePages(fastify: FastifyInstance, config: Config): Promise<void> {
  for (const name of config.pages) {
    for (const file of PAGES_BY_NAME[name]) {
      const html = readPage(file, config);
      fastify.get(`/${file}`, (_request, reply) =>
        reply.type('text/html; charset=utf-8').header('content-security-policy', POLICY).send(html),
      );
    }
  }
  await fastify.register(fastifyStatic, {
    root: ASSETS,
    prefix: '/assets/',
    decorateReply: false,
    immutable: true,
    maxAge: '365d',
  });
}

/** The page with what it needs to know about this server. */
function readPage(file: string, config: Config): string {
  const about = {
    brandName: config.BRAND_NAME ?? 'OTP Auth Server',
    brandColor: config.BRAND_COLOR ?? null,
    passwordMinLength: config.PASSWORD_MIN_LENGTH,
    codeLength: config.OTP_LENGTH,
    pages: config.pages,
  };
  try {
    const html = readFileSync(`${PAGES}${file}.html`, 'utf8');
    return html.replace('__SERVER__', escaped(JSON.stringify(about)));
  } catch {
    throw new StartError('The pages are not built. Run: pnpm build');
  }
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
