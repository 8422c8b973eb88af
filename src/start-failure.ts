import { ConfigError } from './config/config.js';

/**
 * Tells the operator why the program stopped. The message of a database error may contain the
 * database URL with its password, so such an error is named by its code only.
 */
export function describeFailure(summary: string, error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  const { name, message, code } = error as NodeJS.ErrnoException;
  const isSafe = name === 'DataDirInUseError' || !code;
  return `${summary}: ${isSafe ? `${name}: ${message}` : code}`;
}
