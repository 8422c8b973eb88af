import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../common/app-error.js';
import { CommonError } from './common.errors.js';
import type { Metrics } from '../metrics/metrics.js';
import { toProblem } from './problem.js';

/**
 * Turns every error into a problem document. Unknown errors are logged and reported as a plain 500.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Problem');

  constructor(private readonly metrics: Metrics) {}

  catch(error: unknown, host: ArgumentsHost): void {
    this.answer(error, host.switchToHttp().getRequest(), host.switchToHttp().getResponse());
  }

  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const known = error instanceof AppError ? error : this.recognise(error);
    // The deadline of the request has passed, and it was answered.
    if (reply.sent) return;
    const problem = toProblem(known, request.id);
    this.metrics.countProblem(request.routeOptions.url, problem.code);
    if (known.extra.retryAfter !== undefined) void reply.header('retry-after', known.extra.retryAfter);
    if (problem.status === 401) void reply.header('www-authenticate', authenticateHeader(problem.code));
    // Fastify would close the connection. Closing it while the body still arrives resets it, and
    // the client may lose the reply (RFC 9112, section 9.6). Node reads and discards the rest of
    // the body until the request timeout.
    if (problem.status === 413) void reply.removeHeader('connection');
    void reply.status(problem.status).type('application/problem+json; charset=utf-8').send(problem);
  }

  private recognise(error: unknown): AppError {
    const status = error instanceof HttpException ? error.getStatus() : statusCodeOf(error);
    if (status === 404) return CommonError.routeNotFound();
    if (status === 408) return CommonError.requestTimeout();
    if (status === 413) return CommonError.bodyTooLarge();
    if (status === 415) return CommonError.unsupportedType();
    if (status >= 400 && status < 500) return CommonError.malformedRequest();
    if (status === 503 || isDatabaseOutage(error)) {
      this.logger.error({ msg: 'unavailable', ...describe(error) });
      return CommonError.unavailable();
    }
    this.logger.error({ msg: 'unexpected error', ...describe(error) });
    return CommonError.internal();
  }
}

/**
 * RFC 6750, section 3, and RFC 9470, section 3. `max_age` is the maximum age of the sign-in in
 * seconds.
 */
function authenticateHeader(code: string): string {
  if (code === 'reauthentication_required')
    return 'Bearer error="insufficient_user_authentication", max_age=600';
  if (code === 'webhook_credentials_invalid') return 'Basic realm="webhooks", charset="UTF-8"';
  // Not `Basic`, for which browsers open a dialog.
  if (code === 'application_invalid' || code === 'application_required')
    return 'Application realm="applications"';
  return code === 'token_invalid' ? 'Bearer error="invalid_token"' : 'Bearer';
}

function statusCodeOf(error: unknown): number {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : 500;
}

/**
 * Connection errors of Node, the messages of `pg` for a lost connection or an exhausted pool, and
 * these SQLSTATE classes of PostgreSQL: 08 connection, 25006 read-only standby, 40 rollback,
 * 53 resources, 55P03 lock time-out, 57 operator intervention, 58 system.
 */
function isDatabaseOutage(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return (
    (typeof code === 'string' &&
      /^(08...|25006|40...|53...|55P03|57...|58...|ECONN.*|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN)$/.test(
        code,
      )) ||
    (typeof message === 'string' &&
      /^(timeout exceeded|Connection terminated|Query read timeout)/.test(message))
  );
}

/** Logs name, code and stack only, because errors of databases and vendors contain values. */
function describe(error: unknown): object {
  if (!(error instanceof Error)) return { error: typeof error };
  const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line));
  return {
    error: error.name,
    code: (error as { code?: unknown }).code,
    stack: frames?.slice(0, 12).join('\n'),
  };
}
