import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../metrics/metrics.js';
import type { AppLogger } from './app-logger.js';

/** Logs one line per request, without bodies, query strings, e-mail addresses or phone numbers. */
export function logRequests(fastify: FastifyInstance, logger: AppLogger, metrics: Metrics): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const { id: requestId, method, ip } = request;
    const { statusCode: status, elapsedTime } = reply;
    const { url } = request.routeOptions;
    const ms = Math.round(elapsedTime * 10) / 10;
    logger.request({ requestId, method, route: url ?? '-', status, ms, ip });
    metrics.observeRequest(method, url, status, elapsedTime / 1_000);
    done();
  });
}
