import { StartError } from './common/start-error.js';
import { ConfigError } from './config/config.js';

/**
 * Tells the operator why the program stopped. The message of a database error may contain the
 * database URL with its password, so an error with a code is named by its code only.
 */
export function describeFailure(summary: string, error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  if (error instanceof StartError) return `${summary}: ${error.message}`;
  const { name, message, code } = error as NodeJS.ErrnoException;
  return `${summary}: ${code ?? `${name}: ${message}`}`;
}
