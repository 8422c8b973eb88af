import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppModule } from './app.module.js';
import { fieldChecks } from './auth/field-checks.js';
import { newId } from './common/random.js';
import type { Config } from './config/config.js';
import { AppLogger } from './http/app-logger.js';
import { addBodyParsers } from './http/body-parsers.js';
import { enableCors } from './http/cors.js';
import { addDeadline } from './http/deadline.js';
import { addDeviceCookie } from './http/device-cookie.js';
import { serveElements } from './http/elements.js';
import { cleanForwardedFor } from './http/forwarded-for.js';
import { runHandlersPerTick } from './http/handlers-per-tick.js';
import { replyToMalformedRequest } from './http/malformed-requests.js';
import { addMethodNotAllowed } from './http/method-not-allowed.js';
import { addMsg, withMsg } from './http/msg.js';
import { servePages } from './http/pages.js';
import { ProblemFilter } from './http/problem.filter.js';
import { logRequests } from './http/request-log.js';
import { addResponseHeaders, responseHeaders } from './http/response-headers.js';
import { closeConnectionsOnShutdown } from './http/shutdown.js';
import { serveSwagger } from './http/swagger.js';
import { DtoValidationPipe } from './http/validation.pipe.js';
import { Metrics } from './metrics/metrics.js';
import { Purposes } from './otp/purposes.js';
import { Recipients } from './otp/recipients.js';
import { Passwords } from './passwords/passwords.service.js';

const BODY_LIMIT = 16 * 1024;
/** Time for a whole request to arrive; a slower client gets 408. */
const REQUEST_TIMEOUT_MS = 10_000;

/** Creates the application as `main.ts` serves it and the tests drive it, but does not listen. */
export async function createApp(config: Config): Promise<NestFastifyApplication> {
  const logger = new AppLogger(config);
  const metrics = new Metrics();
  const problems = new ProblemFilter(metrics);
  const headers = responseHeaders(config);
  const adapter = new FastifyAdapter({
    trustProxy: config.TRUST_PROXY,
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: 2 * REQUEST_TIMEOUT_MS,
    http: { headersTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: 1_000 },
    genReqId: () => newId(),
    // Requests on open connections are still served while the server stops.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 100 },
    // A path that cannot be decoded reaches neither hooks nor routes.
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      void reply
        .headers(headers)
        .header('x-request-id', request.id)
        .serializer((problem) => JSON.stringify(withMsg(request.url, problem)));
      problems.answer(error, request, reply);
    },
    clientErrorHandler: replyToMalformedRequest,
    skipMiddie: true,
    multipart: false,
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(config, metrics), adapter, {
    logger,
    // Fastify's own parser reads JSON and rejects every other type with 415.
    bodyParser: false,
    abortOnError: false,
  });
  const fastify = app.getHttpAdapter().getInstance();
  const checks = fieldChecks(app.get(Recipients), app.get(Passwords), app.get(Purposes));
  app.useGlobalPipes(new DtoValidationPipe(checks));
  app.useGlobalFilters(problems);
  cleanForwardedFor(fastify, config);
  addResponseHeaders(fastify, headers);
  enableCors(app, config);
  addBodyParsers(fastify);
  addMethodNotAllowed(fastify);
  addDeadline(fastify, problems);
  runHandlersPerTick(fastify);
  addDeviceCookie(fastify, config);
  addMsg(fastify);
  closeConnectionsOnShutdown(fastify);
  logRequests(fastify, logger, metrics);
  serveSwagger(app, config);
  servePages(fastify, config);
  await serveElements(fastify);
  return app;
}
