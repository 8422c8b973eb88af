import type { LoggerService } from '@nestjs/common';
import { pino, type DestinationStream, type Logger } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { StartError } from '../common/start-error.js';
import { LogSink } from './log-sink.js';

interface LogSettings {
  LOG_LEVEL: string;
  production: boolean;
}

/** Nest logs its start under these names. */
const FRAMEWORK = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/** Nest's logger on pino: one JSON line per event in production, readable lines in development. */
export class AppLogger implements LoggerService {
  private readonly pino: Logger;

  constructor({ LOG_LEVEL: level, production }: LogSettings) {
    const sink = new LogSink({
      // Writing many lines at once costs less than writing each.
      batchLength: production ? 8192 : 0,
      onRecovery: (dropped) => this.pino.warn({ dropped, msg: 'log lines were dropped' }),
    });
    process.once('exit', () => sink.flushAtExit());
    const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
    this.pino = pino(options, production ? sink : readable(sink));
  }

  log(message: unknown, context?: string): void {
    this.pino[FRAMEWORK.has(context ?? '') ? 'debug' : 'info'](fields(message, context));
  }

  warn(message: unknown, context?: string): void {
    this.pino.warn(fields(message, context));
  }

  debug(message: unknown, context?: string): void {
    this.pino.debug(fields(message, context));
  }

  /** Nest passes the stack between message and context. For its own errors it passes no context. */
  error(message: unknown, ...more: unknown[]): void {
    // The program prints it when it ends.
    if (message instanceof StartError) return;
    const context = more.at(-1);
    this.pino.error(fields(message, typeof context === 'string' ? context : undefined));
  }

  fatal(message: unknown, context?: string): void {
    this.pino.fatal(fields(message, context));
  }

  request(fields: object): void {
    this.pino.info(fields, 'request');
  }
}

function fields(message: unknown, context?: string): object {
  return { context, ...(typeof message === 'string' ? { msg: message } : (message as object)) };
}

function readable(sink: LogSink): DestinationStream {
  const format = prettyFactory({ ignore: 'context', singleLine: true });
  return { write: (line) => sink.write(format(line)) };
}
