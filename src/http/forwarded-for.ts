import { isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/config.js';

const HEADER = 'x-forwarded-for';

/**
 * Cleans `X-Forwarded-For` before anything reads `request.ip`, which Fastify computes from the
 * header on each access. Some proxies write the client's port behind its address, and a limit that
 * counts the port as a part of the address limits nothing.
 */
export function cleanForwardedFor(fastify: FastifyInstance, { TRUST_PROXY }: Config): void {
  if (TRUST_PROXY === false) return;
  fastify.addHook('onRequest', ({ raw: { headers } }, _reply, done) => {
    const value = headers[HEADER];
    if (typeof value === 'string') headers[HEADER] = forwardedAddresses(value).join(', ');
    done();
  });
}

/**
 * The addresses of the header without ports, brackets and zones. Each proxy appends to the right,
 * so the list is read from there. It ends at the first entry that is no address: no proxy vouches
 * for what is left of it.
 */
export function forwardedAddresses(header: string): string[] {
  const addresses: string[] = [];
  for (const entry of header.split(',').reverse()) {
    const text = entry.trim();
    if (text === '') continue;
    const address = addressIn(text);
    if (address === undefined) break;
    addresses.unshift(address);
  }
  return addresses;
}

/** An IPv6 address cannot be longer. Also keeps the expressions below from reading kilobytes. */
const MAX_LENGTH = 100;

function addressIn(text: string): string | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1];
  if (bracketed !== undefined) return withoutZone(bracketed, 6);
  return withoutZone(text) ?? withoutZone(text.replace(/:\d{1,5}$/, ''));
}

/** A zone names a network interface of the proxy and means nothing here. */
function withoutZone(text: string, version?: 6): string | undefined {
  if (isIP(text) === 0 || (version && isIP(text) !== version)) return undefined;
  return text.split('%')[0];
}
