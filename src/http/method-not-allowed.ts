import type { FastifyInstance } from 'fastify';
import { CommonError } from './common.errors.js';

const METHODS = ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'];

/** Replies 405 with `Allow` when the path exists with other methods (RFC 9110, section 15.5.6). */
export function addMethodNotAllowed(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    // CORS has a route for OPTIONS on every path, and has already answered the preflights it allows.
    if (!request.is404 && request.method !== 'OPTIONS') return done();
    const path = request.url.split('?')[0] ?? '';
    // `*` is a request target of its own (RFC 9110, section 7.1) and no path.
    const allowed = METHODS.filter((method) => path !== '*' && fastify.findRoute({ method, url: path }));
    if (allowed.length === 0) return done();
    void reply.header('allow', allowed.join(', '));
    done(CommonError.methodNotAllowed(allowed.join(', ')));
  });
}
