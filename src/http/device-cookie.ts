import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/config.js';
import { DEVICE_COOKIE } from './client.js';

const MAX_AGE_SECONDS = 180 * 86_400;

/**
 * For browsers, also sends the device token of a sign-in as a cookie. The token does not sign
 * anyone in, so a forged cross-site request gains nothing.
 */
export function addDeviceCookie(fastify: FastifyInstance, { publicUrl }: Config): void {
  const secure = publicUrl.startsWith('https:') ? '; Secure' : '';
  const attributes = `Path=/; Max-Age=${MAX_AGE_SECONDS}; HttpOnly; SameSite=Lax${secure}`;
  fastify.addHook<{ deviceToken?: string } | null>('preSerialization', (_request, reply, payload, done) => {
    const token = payload?.deviceToken;
    if (token) void reply.header('set-cookie', `${DEVICE_COOKIE}=${token}; ${attributes}`);
    done(null, payload);
  });
}
