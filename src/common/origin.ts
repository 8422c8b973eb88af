import { isIP } from 'node:net';

/**
 * Whether the text is an origin as browsers send it, such as `https://app.example.com` or
 * `capacitor://localhost`, or a pattern for sub-domains, such as `https://*.example.com`.
 */
export function isOrigin(text: string): boolean {
  return isWebOrigin(text) || isAppOrigin(text) || isSubdomainPattern(text);
}

/**
 * What `Origin` must equal or match. `https://*.example.com` stands for its sub-domains of any depth,
 * not for `https://example.com`.
 */
export function originMatcher(origin: string): string | RegExp {
  const [scheme, domain] = origin.split('*.');
  if (scheme === undefined || domain === undefined) return origin;
  return new RegExp(`^${scheme}(?:[a-z0-9_-]{1,63}\\.)+${domain.replaceAll('.', '\\.')}$`);
}

export function matchesOrigin(origin: string, matchers: (string | RegExp)[]): boolean {
  return matchers.some((matcher) =>
    typeof matcher === 'string' ? matcher === origin : matcher.test(origin),
  );
}

/** A domain as `URL` writes it, at least of two labels: not an IP address, without a port. */
export const HOST_NAME =
  /^(?=.{1,253}$)(?:localhost|(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9])$/;

/** Whether pages of the origin may have the host, or a sub-domain of it. */
export function coversHost(origin: string, host: string): boolean {
  const [, isPattern, own = ''] = /^[^:]+:\/\/(\*\.)?([^:]+)/.exec(origin) ?? [];
  return isWithin(own, host) || (isPattern !== undefined && isWithin(host, own));
}

function isWithin(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`);
}

function isWebOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text && !text.includes('*');
}

/** Apps and browser extensions have a scheme of their own. `URL` knows no origin for those. */
function isAppOrigin(text: string): boolean {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\/[A-Za-z0-9._-]+(:\d{1,5})?$/.exec(text)?.[1];
  return scheme !== undefined && !NOT_APPS.has(scheme);
}

const NOT_APPS = new Set([
  'http',
  'https',
  'ws',
  'wss',
  'ftp',
  'file',
  'javascript',
  'data',
  'blob',
  'about',
]);

/** `https://*.example.com`. A pattern such as `https://*.com` would allow sites of other people. */
function isSubdomainPattern(text: string): boolean {
  const [, domain] = /^https?:\/\/\*\.([^/]*)$/.exec(text) ?? [];
  if (domain === undefined || !isWebOrigin(text.replace('*.', ''))) return false;
  const host = domain.split(':')[0] ?? '';
  return isIP(host) === 0 && (host.includes('.') || host === 'localhost');
}
