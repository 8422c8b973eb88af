import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';
import { StartError } from '../common/start-error.js';

interface LogSettings {
  LOG_LEVEL: string;
  production: boolean;
}

/** Nest's own account of its start. */
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
    const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
    this.pino = pino(
      options,
      production ? batches() : pretty({ ignore: 'context', sync: true, singleLine: true }),
    );
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

  /** Nest passes a stack between message and context; where it passes its own errors that is all there is of them. */
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

/** Lines are written together, four times a second at the latest: a slow sink holds up no request. */
function batches() {
  const destination = pino.destination({ sync: false, minLength: 8192, periodicFlush: 250 });
  process.once('exit', () => destination.flushSync());
  return destination;
}
