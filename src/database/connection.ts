import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import pg from 'pg';
import { StartError } from '../common/start-error.js';
import type { Config } from '../config/config.js';
import type { DatabaseUrl } from '../config/database-url.js';
import { embeddedPostgres } from './embedded-postgres.js';

/**
 * Every statement finds its rows by an index, so one plan per statement is good for all parameters
 * and table sizes. These options keep the planner from choosing others, also before the first
 * ANALYZE of a new database.
 */
const FIXED_PLANS = '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off';

/**
 * Ends a transaction whose process hangs or lost its network, so that its locks do not stay. Our
 * transactions wait for nothing but their own statements.
 */
const END_IDLE_TRANSACTIONS = '-c idle_in_transaction_session_timeout=10000';

/**
 * A connection that the database ends emits an error. Between two statements, or just after the pool
 * handed it out, its user may not listen yet, and an error that nobody listens to ends the process.
 * The next statement on the connection fails anyway.
 */
class Client extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }
}

type DatabaseConfig = Pick<Config, 'DATABASE_URL' | 'DATABASE_POOL_SIZE' | 'DATA_DIR'>;

/** How TypeORM reaches the database. */
export function connectionOptions(config: DatabaseConfig) {
  const shared = {
    type: 'postgres' as const,
    uuidExtension: 'pgcrypto' as const,
    installExtensions: false,
  };
  const url = config.DATABASE_URL;
  if (!url) return { ...shared, driver: embeddedPostgres(config.DATA_DIR), attempts: 1 };
  return {
    ...shared,
    driver: pg,
    // The parts and not the URL, because pg lets everything in a URL replace the options below.
    host: url.host,
    port: url.port,
    username: url.user,
    password: url.password,
    database: url.database,
    poolSize: config.DATABASE_POOL_SIZE,
    applicationName: 'otp-auth-server',
    // Longest wait for a connection and longest run of a statement. After either, the reply is 503.
    connectTimeoutMS: 5_000,
    extra: {
      Client,
      statement_timeout: 10_000,
      query_timeout: 12_000,
      keepAlive: true,
      ssl: tlsOptions(url),
      ...(url.sslNegotiation && { sslnegotiation: url.sslNegotiation }),
      ...url.session,
      options: [FIXED_PLANS, END_IDLE_TRANSACTIONS, url.options].filter(Boolean).join(' '),
    },
    poolErrorHandler: () => undefined,
    // The database may start later than the server (Compose, a failover), so retry for half a minute.
    attempts: 15,
    tlsIsOptional: url.sslMode === 'allow' || url.sslMode === 'prefer',
  };
}

/**
 * `sslmode` as libpq defines it. Without it, `ssl` stays undefined and the connection is not
 * encrypted. pg itself would verify the certificate in every mode.
 */
function tlsOptions(url: DatabaseUrl): ConnectionOptions | false | undefined {
  const { sslRootCert, sslMode = sslRootCert ? 'verify-full' : undefined } = url;
  if (sslMode === undefined) return undefined;
  // As for libpq, a socket on this machine needs no encryption.
  if (sslMode === 'disable' || url.host?.startsWith('/')) return false;
  const options: ConnectionOptions = {
    cert: url.sslCert && contentOf('sslcert', url.sslCert),
    key: url.sslKey && contentOf('sslkey', url.sslKey),
  };
  // "system" is libpq's name for the certificate authorities that the machine trusts.
  const ca = sslRootCert && sslRootCert !== 'system' ? certificate(sslRootCert) : undefined;
  switch (sslMode) {
    case 'verify-full':
      return { ...options, ca };
    case 'verify-ca':
      return { ...options, ca, checkServerIdentity: () => undefined };
    case 'require':
      // libpq: with a root certificate, require is verify-ca.
      if (sslRootCert) return { ...options, ca, checkServerIdentity: () => undefined };
      return { ...options, rejectUnauthorized: false };
    case 'allow':
    case 'prefer':
      return { ...options, rejectUnauthorized: false };
  }
}

function certificate(file: string): string {
  const content = contentOf('sslrootcert', file);
  try {
    new X509Certificate(content);
    return content;
  } catch {
    throw new StartError(`The file ${file}, sslrootcert of DATABASE_URL, is not a certificate in PEM.`);
  }
}

function contentOf(parameter: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(`The file ${file}, ${parameter} of DATABASE_URL, cannot be read (${code}).`);
  }
}
