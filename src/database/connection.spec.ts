import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import type { PostgresDataSourceOptions } from 'typeorm/driver/postgres/PostgresDataSourceOptions.js';
import { FakePostgres, LOCALHOST_CERTIFICATE } from '../../test/support/fake-postgres.js';
import { Config } from '../config/config.js';
import { databaseUrl } from '../config/database-url.js';
import { connectionOptions } from './connection.js';
import { explainFailure, isTlsMissing } from './connection-failure.js';
import { openDatabase, type DatabaseOptions } from './open-database.js';

const PASSWORD = 'hunter2hunter2';
const WRONG_PASSWORD = { code: '28P01', message: 'password authentication failed for user "ada"' };

const folder = mkdtempSync(join(tmpdir(), 'otp-tls-'));
const certificate = join(folder, 'localhost.crt');
const junk = join(folder, 'junk.crt');
writeFileSync(certificate, LOCALHOST_CERTIFICATE);
writeFileSync(junk, 'junk');
const servers: FakePostgres[] = [];
afterAll(() => {
  servers.forEach((server) => server.stop());
  rmSync(folder, { recursive: true });
});

async function start(behaviour?: Parameters<typeof FakePostgres.start>[0]): Promise<FakePostgres> {
  const server = await FakePostgres.start(behaviour);
  servers.push(server);
  return server;
}

function optionsFor(DATABASE_URL: string): DatabaseOptions {
  return connectionOptions(Config.from({ DATABASE_URL }));
}

function urlOf({ port }: FakePostgres, query = '', host = 'localhost'): string {
  return `postgres://ada:${PASSWORD}@${host}:${port}/otp${query}`;
}

/** Connects as TypeORM does, and returns the error, if any. */
async function connect(url: string): Promise<Error | undefined> {
  const { host, port, username, password, database, extra } = optionsFor(url) as PostgresDataSourceOptions;
  const client = new pg.Client({
    host,
    port,
    user: username,
    password,
    database,
    ...extra,
  } as pg.ClientConfig);
  client.on('error', () => undefined);
  try {
    await client.connect();
    return undefined;
  } catch (error) {
    return error as Error;
  } finally {
    void client.end().catch(() => undefined);
  }
}

/** Opens the database until it fails for good. Returns the message of the failure and the log. */
async function failToOpen(url: string): Promise<{ message: string; lines: string[] }> {
  const lines: string[] = [];
  const keep = (line: unknown) => void lines.push(String(line));
  const log = import.meta.jest.spyOn(Logger.prototype, 'warn').mockImplementation(keep);
  try {
    await openDatabase(optionsFor(url), 0);
    throw new Error('the database opened');
  } catch (error) {
    return { message: (error as Error).message, lines };
  } finally {
    log.mockRestore();
  }
}

describe('sslmode', () => {
  const trusted = `&sslrootcert=${certificate}`;

  it.each([
    ['', false, 'localhost'],
    ['?sslmode=disable', false, 'localhost'],
    ['?ssl=false', false, 'localhost'],
    ['?sslmode=allow', true, 'localhost'],
    ['?sslmode=prefer', true, 'localhost'],
    ['?sslmode=require', true, 'localhost'],
    ['?sslmode=require', true, '127.0.0.1'],
    ['?ssl=no-verify', true, '127.0.0.1'],
    [`?sslmode=require${trusted}`, true, '127.0.0.1'],
    [`?sslmode=verify-ca${trusted}`, true, 'localhost'],
    [`?sslmode=verify-ca${trusted}`, true, '127.0.0.1'],
    [`?sslmode=verify-full${trusted}`, true, 'localhost'],
    [`?${trusted}`, true, 'localhost'],
  ])('connects with %j (encrypted: %s, host %s)', async (query, isEncrypted, host) => {
    const server = await start({ tls: true });
    expect(await connect(urlOf(server, query, host))).toBeUndefined();
    expect(server.connections[0]?.encrypted).toBe(String(isEncrypted));
  });

  it.each([
    ['?sslmode=verify-full', 'localhost', 'not signed by an authority'],
    ['?sslmode=verify-full&sslrootcert=system', 'localhost', 'not signed by an authority'],
    ['?ssl=true', 'localhost', 'not signed by an authority'],
    ['?sslmode=verify-ca', 'localhost', 'not signed by an authority'],
    [`?sslmode=verify-full${trusted}`, '127.0.0.1', 'for another host name'],
    [`?${trusted}`, '127.0.0.1', 'for another host name'],
  ])('does not connect with %j to %s', async (query, host, reason) => {
    const error = await connect(urlOf(await start({ tls: true }), query, host));
    expect(explainFailure(error)).toMatchObject({
      reason: expect.stringContaining(reason),
      isTemporary: false,
    });
  });

  it('names a certificate file that cannot be used', () => {
    expect(() => optionsFor(`postgres://db/otp?sslrootcert=${folder}/none`)).toThrow(
      /none, sslrootcert .*ENOENT/,
    );
    expect(() => optionsFor(`postgres://db/otp?sslrootcert=${junk}`)).toThrow(/junk.crt, sslrootcert .* PEM/);
    expect(() => optionsFor(`postgres://db/otp?sslmode=require&sslcert=${folder}/none`)).toThrow(/sslcert/);
    expect(() => optionsFor(`postgres://db/otp?sslmode=require&sslkey=${folder}/none`)).toThrow(/sslkey/);
  });

  it.each(['require', 'verify-ca', 'verify-full'])(
    'does not fall back from %s to no encryption',
    async (mode) => {
      const server = await start();
      const error = await connect(urlOf(server, `?sslmode=${mode}`));
      expect(explainFailure(error)).toMatchObject({ reason: expect.stringContaining('does not offer TLS') });
      expect(isTlsMissing(error)).toBe(true);
      expect(server.connections).toEqual([]);
      await expect(openDatabase(optionsFor(urlOf(server, `?sslmode=${mode}`)), 0)).rejects.toThrow(
        'offer TLS',
      );
      expect(server.connections).toEqual([]);
    },
  );

  it.each(['allow', 'prefer'])('falls back from %s to no encryption where there is no TLS', async (mode) => {
    const server = await start({ errors: [WRONG_PASSWORD] });
    await expect(openDatabase(optionsFor(urlOf(server, `?sslmode=${mode}`)), 0)).rejects.toThrow('28P01');
    expect(server.connections).toMatchObject([{ encrypted: 'false' }]);
  });
});

describe('connection options', () => {
  it('keep the plan settings beside the options of the URL', async () => {
    const server = await start();
    await connect(urlOf(server, '?options=-c%20search_path%3Dotp%20-c%20work_mem%3D8MB'));
    expect(server.connections[0]?.options).toBe(
      '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off ' +
        '-c idle_in_transaction_session_timeout=10000 -c search_path=otp -c work_mem=8MB',
    );
  });

  it('let the URL set the parameters of the session and nothing else', async () => {
    const server = await start();
    const query = '?application_name=mine&statement_timeout=5000&replication=true&max=900&query_timeout=1000';
    const { extra } = optionsFor(urlOf(server, query));
    expect(extra).not.toHaveProperty('max');
    await connect(urlOf(server, query));
    expect(server.connections[0]).toMatchObject({
      user: 'ada',
      database: 'otp',
      application_name: 'mine',
      statement_timeout: '5000',
    });
    expect(server.connections[0]).not.toHaveProperty('replication');
  });
});

describe('explainFailure', () => {
  it.each([
    ['28P01', 'password authentication failed for user "ada"', 'refuses the user name or the password'],
    ['28000', 'role "ada" does not exist', 'has no user of the name'],
    [
      '28000',
      'no pg_hba.conf entry for host "10.0.0.1", user "ada", database "otp", no encryption',
      'sslmode=require',
    ],
    [
      '28000',
      'no pg_hba.conf entry for host "10.0.0.1", user "ada", database "otp", SSL off',
      'sslmode=require',
    ],
    [
      '28000',
      'pg_hba.conf rejects connection for host "10.0.0.1", user "ada", SSL encryption',
      'does not admit',
    ],
    ['3D000', 'database "otp" does not exist', 'does not exist. Create it'],
    ['42501', 'permission denied for database "otp"', 'may not connect'],
    ['42501', 'permission denied for schema public', 'may not create tables'],
    ['3F000', 'no schema has been selected to create in', 'search_path'],
    ['42704', 'unrecognized configuration parameter "foo"', 'options in DATABASE_URL'],
    ['22023', 'parameter "jit" requires a Boolean value', 'options in DATABASE_URL'],
    ['42601', 'invalid command-line argument for server process: x', 'options in DATABASE_URL'],
    [
      '08P01',
      'unsupported startup parameter: options',
      'ignore_startup_parameters = statement_timeout,options',
    ],
    ['08P01', 'unsupported startup parameter in options: jit', 'ignore_startup_parameters'],
    ['08P01', 'SASL authentication failed', 'refuses the user name or the password'],
    ['08P01', 'no such user: ada', 'refuses the user name or the password'],
    ['08P01', 'database "otp" does not exist', 'does not exist. Create it'],
    ['08P01', 'no such database: otp', 'does not exist. Create it'],
    ['XX001', 'invalid page in block 0 of relation base/5/16384', 'files are damaged'],
    ['58P01', 'could not open file "base/5/16384"', 'files are damaged'],
  ])('does not retry %s: %s', async (code, message, reason) => {
    const server = await start({ errors: [{ code, message }] });
    const failure = await failToOpen(urlOf(server));
    expect(failure.message).toContain(reason);
    expect(failure.message).toContain(code);
    expect(failure.message).not.toMatch(/hunter|ada|10\.0|\n/);
    expect(failure.lines).toEqual([]);
    expect(server.connections).toHaveLength(1);
  });

  it.each([
    ['57P03', 'the database system is starting up', 'is starting or stopping'],
    ['57P01', 'terminating connection due to administrator command', 'reported an error'],
    ['53300', 'sorry, too many clients already', 'has no free connection'],
    ['25006', 'cannot execute CREATE TABLE in a read-only transaction', 'read-only'],
    ['08P01', 'server login has been failing, try again later', 'reported an error'],
    ['XX000', 'MaxClientsInSessionMode: max clients reached', 'reported an error'],
  ])('retries %s: %s', async (code, message, reason) => {
    const error = { code, message };
    const server = await start({ errors: [error, error, error, WRONG_PASSWORD] });
    const failure = await failToOpen(urlOf(server));
    expect(failure.message).toContain('28P01');
    expect(failure.lines).toHaveLength(3);
    for (const line of failure.lines) {
      expect(line).toContain(reason);
      expect(line).toMatch(/\(\w{5}\)\. Retrying \(\d of 14\)\.$/);
      expect(line).not.toMatch(/hunter|ada/);
    }
  });

  it.each([
    ['ECONNREFUSED', `postgres://ada:${PASSWORD}@127.0.0.1:1/otp`],
    ['ENOENT', `postgres://ada@/otp?host=${folder}`],
  ])('retries %s and then gives up', async (code, url) => {
    const { message, lines } = await failToOpen(url);
    expect(message).toContain(`(${code}). Gave up after 15 attempts.`);
    expect(lines).toHaveLength(14);
    for (const line of lines) expect(line).toContain(code);
  });

  it.each([
    ['ENOTFOUND', 'getaddrinfo ENOTFOUND db', 'host name of DATABASE_URL is unknown'],
    ['EAI_AGAIN', 'getaddrinfo EAI_AGAIN db', 'cannot be looked up now'],
    ['EHOSTUNREACH', 'connect EHOSTUNREACH 10.0.0.1:5432', 'no route'],
    ['ETIMEDOUT', 'connect ETIMEDOUT 10.0.0.1:5432', 'did not answer in time'],
    [undefined, 'timeout expired', 'did not answer in time'],
    [undefined, 'Connection terminated due to connection timeout', 'did not answer in time'],
    [undefined, 'Connection terminated unexpectedly', 'closed the connection'],
    ['ECONNRESET', 'read ECONNRESET', 'closed the connection'],
  ])('calls %s (%s) temporary', (code, message, reason) => {
    const error = Object.assign(new Error(message), code && { code });
    expect(explainFailure(error)).toEqual({ reason: expect.stringContaining(reason), isTemporary: true });
  });

  it('explains that a password is missing', async () => {
    const server = await start({ scram: true });
    const error = await connect(`postgres://ada@localhost:${server.port}/otp`);
    expect(explainFailure(error)).toMatchObject({ reason: expect.stringContaining('DATABASE_URL has none') });
  });

  it('leaves other errors to the caller', () => {
    expect(explainFailure(new TypeError('x is not a function'))).toBeUndefined();
    expect(explainFailure(Object.assign(new Error('exists'), { code: '42P07' }))).toBeUndefined();
  });

  it('ignores an error of a connection that has no other listener', () => {
    const { extra } = connectionOptions({
      DATABASE_URL: databaseUrl.parse('postgres://otp@127.0.0.1/otp'),
      DATABASE_POOL_SIZE: 1,
      DATA_DIR: '',
    }) as { extra: { Client: typeof pg.Client } };
    const client = new extra.Client();
    expect(() => client.emit('error', new Error('terminated by an administrator'))).not.toThrow();
  });
});
