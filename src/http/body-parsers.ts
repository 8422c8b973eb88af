import type { FastifyInstance, FastifyRequest } from 'fastify';
import { CommonError } from './common.errors.js';

/** Options that a controller sets with `@RouteConfig`. */
interface BodyOptions {
  /** Accepts `application/x-www-form-urlencoded`. */
  acceptsForms?: boolean;
  /** Keeps the text of the body as `request.rawBody`, for signatures. */
  keepsRawBody?: boolean;
}

/** Accepts JSON on every route and forms on routes that opt in. Any other type gets 415. */
export function addBodyParsers(fastify: FastifyInstance): void {
  fastify.removeContentTypeParser('text/plain');
  addJsonParser(fastify);
  addFormParser(fastify);
}

/** Treats an empty body as no body, because many clients declare JSON when they send nothing. */
function addJsonParser(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeContentTypeParser('application/json');
  fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') return done(null, undefined);
    if (optionsOf(request).keepsRawBody) Object.assign(request, { rawBody: body });
    void parse(request, body as string, done);
  });
}

/** Any web page can send a form without a preflight request, so a route must opt in. */
function addFormParser(fastify: FastifyInstance): void {
  const type = 'application/x-www-form-urlencoded';
  fastify.addContentTypeParser(type, { parseAs: 'string' }, (request, body, done) => {
    if (request.is404) return done(null);
    if (!optionsOf(request).acceptsForms) return done(CommonError.unsupportedType());
    const pairs = [...new URLSearchParams(body as string)];
    const fields = Object.fromEntries(pairs);
    if (Object.keys(fields).length < pairs.length) return done(CommonError.malformedRequest());
    done(null, fields);
  });
}

function optionsOf({ routeOptions }: FastifyRequest): BodyOptions {
  return routeOptions.config as object;
}
