import type { FastifyInstance } from 'fastify';

/** Time for requests in progress when the server is told to stop. */
const GRACE_MS = 2_000;

/**
 * While the server stops, every response closes its connection. Otherwise clients with keep-alive
 * connections would delay the stop. Connections that are left after the grace period have not sent
 * a whole request.
 */
export function closeConnectionsOnShutdown(fastify: FastifyInstance): void {
  let stopping = false;
  fastify.addHook('preClose', (done) => {
    stopping = true;
    setTimeout(() => fastify.server.closeAllConnections(), GRACE_MS).unref();
    done();
  });
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    if (stopping) void reply.header('connection', 'close');
    done(null, payload);
  });
}
