import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { StartError } from '../common/start-error.js';
import type { Config } from '../config/config.js';
import type { PageName } from '../config/settings.js';

/** Built by `packages/pages`. */
const BUILT_PAGES = fileURLToPath(new URL('../../packages/pages/dist/', import.meta.url));

/** The files of each page in the setting `PAGES`. The path is the name of the file. */
const FILES = {
  reset: ['reset'],
  undo: ['undo', 'undo-deletion'],
  'sign-in': ['sign-in'],
  account: ['account'],
  console: ['console'],
} satisfies Record<PageName, string[]>;

/** Pages that show messages: a frame without scripts, which may have inline styles as mails do. */
const MESSAGE_PAGES = ['inbox', 'inbox/preview'];

export interface BuiltPage {
  html: string;
  policy: string;
}

/**
 * Serves the pages that `PAGES` names, in development also the pages for developers, and the scripts
 * and styles of all pages.
 */
export function servePages(fastify: FastifyInstance, config: Config): void {
  const files = [...config.pages.flatMap((name) => FILES[name]), ...developmentPages(config)];
  const pages = files.map((file) => ({ path: `/${file}`, page: readPage(file, config) }));
  void fastify.register(async (scope) => {
    for (const { path, page } of pages) scope.get(path, (_request, reply) => replyWithPage(reply, page));
    // Their names have a digest of their content, so browsers may keep them for good.
    await scope.register(fastifyStatic, {
      root: `${BUILT_PAGES}assets`,
      prefix: '/assets/',
      decorateReply: false,
      immutable: true,
      maxAge: '365d',
    });
  });
}

export function replyWithPage(reply: FastifyReply, { html, policy }: BuiltPage): FastifyReply {
  return reply.type('text/html; charset=utf-8').header('content-security-policy', policy).send(html);
}

/** The page with what it needs to know about this server. */
export function readPage(file: string, config: Config): BuiltPage {
  const about = {
    brandName: config.BRAND_NAME ?? null,
    brandColor: config.BRAND_COLOR ?? null,
    defaultLocale: config.DEFAULT_LOCALE,
    passwordMinLength: config.PASSWORD_MIN_LENGTH,
    codeLength: config.OTP_LENGTH,
    channels: { login: config.channelsFor('login'), contact_change: config.channelsFor('contact_change') },
    pages: config.pages,
    hasDocs: config.DOCS,
    hasInbox: config.hasInbox,
    mailFrom: config.MAIL_FROM ?? null,
    signInPage: config.SIGN_IN_URL ?? signInPage(config),
  };
  const html = readBuilt(`${file}.html`).replace('__SERVER__', escaped(JSON.stringify(about)));
  return { html, policy: contentSecurityPolicy(file) };
}

/** Where people sign in on this server. */
function signInPage({ pages, production }: Config): string | null {
  if (pages.includes('account')) return 'account';
  return production ? null : 'demo';
}

function developmentPages({ production, hasInbox }: Config): string[] {
  if (production) return [];
  return ['demo', ...(hasInbox ? ['inbox'] : []), 'inbox/preview'];
}

/** Only scripts and styles of this server, and requests to it. */
function contentSecurityPolicy(file: string): string {
  const hasMessages = MESSAGE_PAGES.includes(file);
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self'${hasMessages ? " 'unsafe-inline'" : ''}`,
    'img-src data:',
    "connect-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function readBuilt(file: string): string {
  try {
    return readFileSync(BUILT_PAGES + file, 'utf8');
  } catch {
    throw new StartError('The pages are not built. Run: pnpm build');
  }
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
