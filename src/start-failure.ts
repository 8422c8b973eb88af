import { ConfigError } from './config/config.js';

/** Why the program did not start, for its operator. A database's message may hold its URL, so only its code is told. */
export function startFailure(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  const { name, message, code } = error as NodeJS.ErrnoException;
  return `The server did not start: ${code ?? name}${name === 'DataDirInUseError' || !code ? ` ${message}` : ''}`;
}
