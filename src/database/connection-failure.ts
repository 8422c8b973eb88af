/** Why the database cannot be used, for the operator. */
export interface ConnectionFailure {
  reason: string;
  /** It may pass without a change by the operator, so it is worth another attempt. */
  isTemporary: boolean;
}

interface Rule {
  code?: RegExp;
  message?: RegExp;
  reason: string;
}

const CERTIFICATE =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_\w+|INVALID_CA|PATH_LENGTH_EXCEEDED)$/;

const WRONG_PASSWORD = 'it refuses the user name or the password of DATABASE_URL';
const NO_DATABASE = 'the database that DATABASE_URL names does not exist. Create it, or correct the name';
const TLS_MISSING = /^The server does not support SSL connections$/;

/** Failures that only the operator can end. The first rule that fits applies. */
const PERMANENT: Rule[] = [
  { code: /^28P01$/, reason: WRONG_PASSWORD },
  {
    code: /^08P01$/, // PgBouncer
    message: /no such user|authentication failed|auth failed/i,
    reason: WRONG_PASSWORD,
  },
  { message: /^SASL.*client password must be/, reason: 'it asks for a password, and DATABASE_URL has none' },
  {
    code: /^28000$/,
    message: /role .* does not exist/,
    reason: 'it has no user of the name in DATABASE_URL',
  },
  {
    message: /no encryption|SSL off|SSL (connection )?is required|connection is insecure|requires (an )?SSL/i,
    reason:
      'it accepts this user only over TLS, or not from this machine. Add ?sslmode=require to DATABASE_URL, ' +
      'or correct pg_hba.conf',
  },
  {
    code: /^28/,
    reason: 'it does not admit this user from this machine. Correct pg_hba.conf, or the user of DATABASE_URL',
  },
  { code: /^3D000$/, reason: NO_DATABASE },
  { code: /^08P01$/, message: /no such database|database .* does not exist/, reason: NO_DATABASE }, // PgBouncer
  {
    code: /^42501$/,
    message: /for database/,
    reason: 'the user of DATABASE_URL may not connect to it. Run: grant connect on database ... to ...',
  },
  {
    code: /^42501$/,
    reason:
      'the user of DATABASE_URL may not create tables. Run: grant usage, create on schema public to ..., ' +
      'or make the user the owner of the database',
  },
  { code: /^3F000$/, reason: 'there is no schema to create tables in. Correct search_path' },
  {
    code: /^(42704|22023|42601)$/,
    message: /parameter|command-line argument/,
    reason: 'it does not accept a parameter. Correct options in DATABASE_URL, and use PostgreSQL 15 or later',
  },
  {
    code: /^08P01$/,
    message: /unsupported startup parameter/,
    reason:
      'PgBouncer does not accept the parameters of the connection. Set ' +
      'ignore_startup_parameters = statement_timeout,options in pgbouncer.ini, and see docs/scale.md',
  },
  {
    message: TLS_MISSING,
    reason: 'it does not offer TLS, which DATABASE_URL asks for. Turn TLS on there, or use sslmode=disable',
  },
  {
    code: /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    reason:
      'its TLS certificate is for another host name. Correct the host of DATABASE_URL, or use ' +
      'sslmode=verify-ca',
  },
  { code: /^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/, reason: 'its TLS certificate is not valid today' },
  {
    code: CERTIFICATE,
    reason:
      'its TLS certificate is not signed by an authority that this machine trusts. Name the certificate of ' +
      'the authority with sslrootcert in DATABASE_URL',
  },
  { code: /^(ERR_SSL_|ERR_TLS_|ERR_OSSL_|EPROTO$)/, reason: 'the TLS connection could not be made' },
  {
    code: /^(XX00[12]|58P01)$/,
    reason:
      'its files are damaged. Restore a backup, or move the folder postgres in DATA_DIR away if it is the ' +
      'embedded database',
  },
];

const TEMPORARY: Rule[] = [
  { code: /^ECONNREFUSED$/, reason: 'the server refused the connection' },
  { code: /^ENOTFOUND$/, reason: 'the host name of DATABASE_URL is unknown' },
  { code: /^EAI_AGAIN$/, reason: 'the host name of DATABASE_URL cannot be looked up now' },
  { code: /^(EHOSTUNREACH|ENETUNREACH|EHOSTDOWN)$/, reason: 'there is no route to the server' },
  { code: /^ENOENT$/, reason: 'the socket that DATABASE_URL names does not exist' },
  { code: /^EACCES$/, reason: 'this process may not open the socket that DATABASE_URL names' },
  { code: /^ETIMEDOUT$/, reason: 'the server did not answer in time' },
  {
    message: /timeout (expired|exceeded)|connection timeout|read timeout/i,
    reason: 'the server did not answer in time',
  },
  { code: /^(ECONNRESET|EPIPE)$/, reason: 'the server closed the connection' },
  {
    message: /^Connection terminated|error establishing an SSL connection/,
    reason: 'the server closed the connection',
  },
  { code: /^57P03$/, reason: 'it is starting or stopping' },
  { code: /^53300$/, reason: 'it has no free connection' },
  { code: /^25006$/, reason: 'it is read-only. DATABASE_URL must name the primary' },
  { code: /^(08...|40...|53...|55...|57...|58...|XX000)$/, reason: 'it reported an error' },
];

/** Undefined for an error that has nothing to do with the connection. */
export function explainFailure(error: unknown): ConnectionFailure | undefined {
  const { code, message = '' } = error as NodeJS.ErrnoException;
  const fits = (rule: Rule) => (rule.code?.test(code ?? '') ?? true) && (rule.message?.test(message) ?? true);
  const permanent = PERMANENT.find(fits);
  const rule = permanent ?? TEMPORARY.find(fits);
  if (!rule) return undefined;
  // The message of the error is left out, because it may repeat parts of the URL.
  return { reason: rule.reason + (code ? ` (${code})` : ''), isTemporary: rule !== permanent };
}

export function isTlsMissing(error: unknown): boolean {
  return TLS_MISSING.test((error as Error).message);
}
