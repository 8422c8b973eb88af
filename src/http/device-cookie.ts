import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Config } from '../config/config.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The device token in the request's cookies. */
    readonly deviceCookie: string | undefined;
  }
}

const MAX_AGE_SECONDS = 180 * 86_400;

/**
 * Sends the device token of a sign-in as a cookie too, and reads that cookie. The token does not
 * sign anyone in, so a forged cross-site request gains nothing. Under https the prefix `__Host-`
 * keeps other hosts of the domain from planting a token of their own.
 */
export function addDeviceCookie(fastify: FastifyInstance, { publicUrl }: Config): void {
  const isSecure = publicUrl.startsWith('https:');
  const name = isSecure ? '__Host-device_token' : 'device_token';
  const attributes = `Path=/; Max-Age=${MAX_AGE_SECONDS}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
  const inCookies = new RegExp(`(?:^|; *)${name}=([\\w-]+)`);
  fastify.decorateRequest('deviceCookie', {
    getter(this: FastifyRequest) {
      return inCookies.exec(this.headers.cookie ?? '')?.[1];
    },
  });
  fastify.addHook<{ deviceToken?: string } | null>('preSerialization', (request, reply, payload, done) => {
    if (!payload?.deviceToken) return done(null, payload);
    const { deviceToken, ...others } = payload;
    void reply.header('set-cookie', `${name}=${deviceToken}; ${attributes}`);
    done(null, keepsCookies(request) ? others : payload);
  });
}

/**
 * Whether the client certainly keeps the cookie, so that scripts need not see the token. A page of
 * the same site does: browsers name the site, and scripts cannot change that header. A cookie with
 * `SameSite` does not reach other sites and apps, so they get the token in JSON. Any other client
 * shows by its next sign-in which of the two it kept.
 */
function keepsCookies({ headers, deviceCookie }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  if (site === 'same-origin' || site === 'same-site') return true;
  return deviceCookie !== undefined && headers['x-device-token'] === undefined;
}
