import * as z from 'zod';
import { faultOfServerUrl } from './server-url.js';

export const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof SSL_MODES)[number];

/** The parts of `DATABASE_URL`, with the meaning that they have for libpq. */
export interface DatabaseUrl {
  host?: string;
  port?: number;
  user?: string;
  password?: string;
  database?: string;
  sslMode?: SslMode;
  /** Names of files. */
  sslRootCert?: string;
  sslCert?: string;
  sslKey?: string;
  sslNegotiation?: string;
  /** Command-line options for the server process: `-c name=value`. */
  options?: string;
  /** Parameters of the session that the URL sets. */
  session: Record<string, string>;
}

const SESSION_PARAMETERS = [
  'application_name',
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'query_timeout',
];

/** `ssl=true` is how clients without `sslmode` say it. */
const SSL_FLAGS: Record<string, SslMode> = {
  true: 'verify-full',
  '1': 'verify-full',
  false: 'disable',
  '0': 'disable',
  'no-verify': 'require',
};

/**
 * Reads the URL as libpq does. `URL` cannot: a URL with a user name and no host, as a socket has, is
 * no URL for it. Parameters in the query override the parts before them.
 */
export const databaseUrl = z.string().transform((value, context): DatabaseUrl => {
  const fault = faultOfServerUrl(value, ['postgres:', 'postgresql:']);
  if (fault) {
    context.addIssue(fault);
    return z.NEVER;
  }
  const [, authority = '', path = '', query = ''] =
    /^[^:]+:\/\/([^/?]*)\/?([^?]*)\??(.*)$/s.exec(value) ?? [];
  // A raw @ in the password is read as libpq's own parser would not, but without doubt.
  const at = authority.lastIndexOf('@');
  const [, user = '', password = ''] = /^([^:]*):?(.*)$/s.exec(authority.slice(0, Math.max(at, 0))) ?? [];
  const server = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(authority.slice(at + 1));
  const parameters = new URLSearchParams(query);
  const part = (name: string, encoded = '') =>
    parameters.get(name) || decodeURIComponent(encoded) || undefined;

  const port = part('port', server?.[2]);
  const sslMode = parameters.get('sslmode') ?? parameters.get('ssl') ?? undefined;
  const knownMode = sslMode === undefined ? undefined : sslModeOf(sslMode);
  if (!server || part('host', server[1])?.includes(','))
    context.addIssue('must name one server: postgres://user:password@host:port/database');
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) > 0 && Number(port) < 65_536))
    context.addIssue('must have a port from 1 to 65535');
  if (sslMode !== undefined && !knownMode)
    context.addIssue(`must have an sslmode of ${SSL_MODES.join(', ')}`);

  return {
    host: part('host', server?.[1])?.replace(/^\[(.*)\]$/, '$1'),
    port: port === undefined ? undefined : Number(port),
    user: part('user', user),
    password: part('password', password),
    database: part('dbname', path),
    sslMode: knownMode,
    sslRootCert: part('sslrootcert'),
    sslCert: part('sslcert'),
    sslKey: part('sslkey'),
    sslNegotiation: part('sslnegotiation'),
    options: part('options'),
    session: Object.fromEntries(
      SESSION_PARAMETERS.flatMap((name) => {
        const given = parameters.get(name);
        return given ? [[name, given]] : [];
      }),
    ),
  };
});

function sslModeOf(value: string): SslMode | undefined {
  return SSL_MODES.find((mode) => mode === value) ?? SSL_FLAGS[value];
}
