import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppModule } from './app.module.js';
import { answerClientError } from './common/client-error.js';
import { CommonError } from './common/common.errors.js';
import { endOfTick } from './common/once-per-tick.js';
import { Metrics } from './common/metrics.js';
import { ProblemFilter } from './common/problem.filter.js';
import { newId } from './common/random.js';
import { DtoValidationPipe } from './common/validation.pipe.js';
import type { Config } from './config/config.js';
import { AppLogger } from './common/app-logger.js';
import { DEVICE_COOKIE } from './common/client.js';
import { serveDocs } from './docs.js';

const BODY_LIMIT = 16 * 1024;
/** For a whole request to arrive; a slow sender is answered 408. */
const REQUEST_TIMEOUT_MS = 10_000;
const DAYS_180 = 180 * 86_400;
/** For what was under way when the server was told to stop. */
const LET_GO_MS = 2_000;

/** The application as `main.ts` serves it and the tests drive it: everything but the listening. */
export async function createApp(config: Config): Promise<NestFastifyApplication> {
  const logger = new AppLogger(config);
  const metrics = new Metrics();
  const problems = new ProblemFilter(metrics);
  const headers = headersOfAll(config);
  const adapter = new FastifyAdapter({
    trustProxy: config.TRUST_PROXY,
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: 2 * REQUEST_TIMEOUT_MS,
    http: { headersTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: 1_000 },
    genReqId: () => newId(),
    // What arrives on an open connection while the server stops is still served.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 100 },
    // A path that cannot be read comes to no hook and no route.
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      void reply.headers(headers).header('x-request-id', request.id);
      problems.answer(error, request, reply);
    },
    clientErrorHandler: answerClientError,
    skipMiddie: true,
    multipart: false,
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(config, metrics), adapter, {
    logger,
    // Fastify's own parser reads JSON and refuses every other type with 415.
    bodyParser: false,
    abortOnError: false,
  });
  app.useGlobalPipes(new DtoValidationPipe());
  app.useGlobalFilters(problems);
  protect(app, config, headers);
  keepStep(app);
  keepDevices(app, config);
  letGoOfConnections(app);
  logRequests(app, logger, metrics);
  serveDocs(app);
  return app;
}

function protect(app: NestFastifyApplication, config: Config, headers: Record<string, string>): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done) => {
    void reply.headers(headers).header('x-request-id', request.id);
    done();
  });
  if (config.CORS_ORIGINS.length > 0) {
    const origin = config.CORS_ORIGINS.includes('*') ? '*' : [...config.CORS_ORIGINS];
    app.enableCors({
      origin,
      methods: ['GET', 'POST', 'PATCH', 'DELETE'],
      exposedHeaders: ['Link', 'Retry-After', 'X-Request-Id'],
      // For the device cookie, which signs nobody in; only named origins may send it.
      credentials: origin !== '*',
    });
  }
  fastify.removeContentTypeParser('text/plain');
  acceptEmptyBodies(fastify);
  acceptFormsWhereSaid(fastify);
  // An address of ours with another method: say which methods it has.
  fastify.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done) => {
    if (!request.is404) return done();
    const path = request.url.split('?')[0] ?? '';
    const allowed = ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'].filter((method) =>
      fastify.findRoute({ method, url: path }),
    );
    if (allowed.length === 0) return done();
    void reply.header('allow', allowed.join(', '));
    done(CommonError.methodNotAllowed(allowed.join(', ')));
  });
}

/** Many clients say that they send JSON when they send nothing, on sign-out for example. */
function acceptEmptyBodies(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeContentTypeParser('application/json');
  fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') return done(null, undefined);
    // For signatures over the very bytes.
    if (configOf(request).keepsBody) Object.assign(request, { rawBody: body });
    void parse(request, body as string, done);
  });
}

/** Forms are what web pages of strangers can send without asking: a route that takes them says so. */
function acceptFormsWhereSaid(fastify: FastifyInstance): void {
  const type = 'application/x-www-form-urlencoded';
  fastify.addContentTypeParser(type, { parseAs: 'string' }, (request, body, done) => {
    if (request.is404) return done(null);
    if (!configOf(request).takesForms) return done(CommonError.unsupportedType());
    const pairs = [...new URLSearchParams(body as string)];
    const fields = Object.fromEntries(pairs);
    if (Object.keys(fields).length < pairs.length) return done(CommonError.malformedRequest());
    done(null, fields);
  });
}

/** What a controller said of a route with `@RouteConfig`. */
function configOf({ routeOptions }: FastifyRequest): { takesForms?: boolean; keepsBody?: boolean } {
  return routeOptions.config as object;
}

/**
 * What every reply has (OWASP Secure Headers and REST Security); the policy is that of the pages: Swagger UI, the inbox and
 * those that links open. Fastify keeps them until it writes the reply; `app.useSecurityHeaders()` sets each on the raw
 * response, and Node then goes through all of them once more.
 */
function headersOfAll({ publicUrl }: Config): Record<string, string> {
  const isSecure = publicUrl.startsWith('https:');
  const policy = [
    "default-src 'self'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "img-src 'self' data:",
    "object-src 'none'",
    "script-src 'self'",
    "script-src-attr 'none'",
    "style-src 'self' 'unsafe-inline'",
    ...(isSecure ? ['upgrade-insecure-requests'] : []),
  ];
  return {
    'content-security-policy': policy.join(';'),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    ...(isSecure && { 'strict-transport-security': 'max-age=31536000; includeSubDomains' }),
    'cache-control': 'no-store',
  };
}

/**
 * Requests that arrived together go through their handlers side by side, each step for all of them before the next one. A step
 * takes the processor less time right after it was done for another, above all those that hash and seal.
 */
function keepStep(app: NestFastifyApplication): void {
  app.getHttpAdapter().getInstance().addHook('preHandler', endOfTick);
}

/** Gives browsers the device token of a sign-in as a cookie too. It signs nobody in, so a forged request gains nothing. */
function keepDevices(app: NestFastifyApplication, { publicUrl }: Config): void {
  const attributes = `Path=/; Max-Age=${DAYS_180}; HttpOnly; SameSite=Lax${publicUrl.startsWith('https:') ? '; Secure' : ''}`;
  app
    .getHttpAdapter()
    .getInstance()
    .addHook(
      'preSerialization',
      (_request, reply: FastifyReply, payload: { deviceToken?: string } | null, done) => {
        const token = payload?.deviceToken;
        if (token) void reply.header('set-cookie', `${DEVICE_COOKIE}=${token}; ${attributes}`);
        done(null, payload);
      },
    );
}

/**
 * While the server stops, every answer closes its connection; otherwise kept-alive ones would hold it up for as long
 * as their clients like. What is left after a while has not sent a whole request.
 */
function letGoOfConnections(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  let stopping = false;
  fastify.addHook('preClose', (done) => {
    stopping = true;
    setTimeout(() => fastify.server.closeAllConnections(), LET_GO_MS).unref();
    done();
  });
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    if (stopping) void reply.header('connection', 'close');
    done(null, payload);
  });
}

/** One line a request: no bodies, no query strings, no addresses of people. */
function logRequests(app: NestFastifyApplication, logger: AppLogger, metrics: Metrics): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done) => {
      const { id: requestId, method } = request;
      const { statusCode: status, elapsedTime } = reply;
      const { url } = request.routeOptions;
      logger.request({
        requestId,
        method,
        route: url ?? '-',
        status,
        ms: Math.round(elapsedTime * 10) / 10,
        ip: request.ip,
      });
      metrics.answered(method, url, status, elapsedTime / 1_000);
      done();
    });
}
