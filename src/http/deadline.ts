import type { FastifyInstance } from 'fastify';
import { CommonError } from './common.errors.js';
import type { ProblemFilter } from './problem.filter.js';

/** A request whose reply has not begun after this time gets 503. */
const DEADLINE_MS = 8_000;

/**
 * Answers requests that are stuck, for example behind a locked table, before clients and proxies
 * give up on them. The handler goes on, and Fastify drops its late result. An event stream has begun
 * its reply, so it may last longer. The time starts when the body has arrived, because slow bodies
 * have a limit of their own.
 */
export function addDeadline(
  fastify: FastifyInstance,
  problems: ProblemFilter,
  deadlineMs = DEADLINE_MS,
): void {
  fastify.addHook('preHandler', (request, reply, done) => {
    const timer = setTimeout(() => {
      if (!reply.raw.headersSent) problems.answer(CommonError.unavailable(), request, reply);
    }, deadlineMs).unref();
    reply.raw.once('close', () => clearTimeout(timer));
    done();
  });
}
