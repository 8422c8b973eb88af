import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakePostgres } from '../support/fake-postgres.js';
import { ServerProcess } from '../support/server.js';
import { until } from '../support/until.js';

const PASSWORD = 'hunter2hunter2';

describe('a server that cannot start', () => {
  const folder = mkdtempSync(join(tmpdir(), 'otp-start-'));
  const servers: ServerProcess[] = [];
  const databases: FakePostgres[] = [];
  afterAll(async () => {
    databases.forEach((database) => database.stop());
    await Promise.all(servers.map((server) => server.stop('SIGKILL')));
    rmSync(folder, { recursive: true });
  });

  async function launch(settings: Record<string, string>): Promise<ServerProcess> {
    const server = await ServerProcess.launch({
      NODE_ENV: 'test',
      DATA_DIR: join(folder, 'data'),
      ...settings,
    });
    servers.push(server);
    return server;
  }

  async function databaseThatRefuses(code: string, message: string): Promise<string> {
    const database = await FakePostgres.start({ errors: [{ code, message }] });
    databases.push(database);
    return `postgres://ada:${PASSWORD}@127.0.0.1:${database.port}/otp`;
  }

  it('names the reason in the only line and does not retry a wrong password', async () => {
    const url = await databaseThatRefuses('28P01', 'password authentication failed for user "ada"');
    const server = await launch({ DATABASE_URL: url });
    expect(await server.ended).toBe(1);
    expect(server.log.trim()).toBe(
      'The server did not start: The database cannot be used: it refuses the user name or the password of ' +
        'DATABASE_URL (28P01).',
    );
    expect(databases.at(-1)?.connections).toHaveLength(1);
  });

  it('names the reason in the first line while it retries', async () => {
    const url = await databaseThatRefuses('57P03', 'the database system is starting up');
    const server = await launch({ DATABASE_URL: url });
    await until('the first line', () => server.log.includes('\n'));
    expect(server.log.split('\n')[0]).toContain('it is starting or stopping (57P03). Retrying (1 of 14).');
    await server.stop('SIGKILL');
    expect(server.log).not.toMatch(/hunter|Unable to connect/);
  });

  it.each(['hunter2#hunter2', 'hunter2?hunter2', '6379?x', '6379#x'])(
    'asks to percent-encode the password %s and does not repeat it',
    async (password) => {
      const server = await launch({ DATABASE_URL: `postgres://ada:${password}@127.0.0.1:1/otp` });
      expect(await server.ended).toBe(1);
      expect(server.log).toMatch(
        /^The configuration is invalid:\n {2}DATABASE_URL must percent-encode .*\n$/,
      );
      expect(server.log).not.toContain(password);
    },
  );

  it('suggests the setting that a misspelt name resembles', async () => {
    const server = await launch({ DATABASE_ULR: `postgres://ada:${PASSWORD}@db/otp`, OTP_LENGTH: '3' });
    expect(await server.ended).toBe(1);
    expect(server.log).toContain('DATABASE_ULR is not a setting. Did you mean DATABASE_URL?');
    expect(server.log).not.toContain('hunter');
  });

  describe('because its embedded database is damaged', () => {
    const intact = join(folder, 'intact');
    beforeAll(async () => {
      const server = await launch({ DATA_DIR: intact });
      await server.ready();
      expect(await server.stop()).toBe(0);
    });

    it.each<[string, (database: string) => void]>([
      ['pg_control is empty', (database) => truncateSync(join(database, 'global', 'pg_control'))],
      ['pg_control is gone', (database) => rmSync(join(database, 'global', 'pg_control'))],
      ['the version is gone', (database) => rmSync(join(database, 'PG_VERSION'))],
      ['the version is another one', (database) => writeFileSync(join(database, 'PG_VERSION'), '12\n')],
      ['the log is gone', (database) => rmSync(join(database, 'pg_wal'), { recursive: true })],
      ['the tables are gone', (database) => rmSync(join(database, 'base'), { recursive: true })],
    ])('says what to do and changes nothing: %s', async (what, damage) => {
      const DATA_DIR = join(folder, what);
      const database = join(DATA_DIR, 'postgres');
      cpSync(intact, DATA_DIR, { recursive: true });
      damage(database);
      const server = await launch({ DATA_DIR });
      expect(await server.ended).toBe(1);
      expect(server.log.trim()).toBe(
        `The server did not start: The embedded database in ${database} cannot be opened, because its files are ` +
          'damaged. Move this folder away and start again: the server then creates an empty database.',
      );
      expect(existsSync(join(DATA_DIR, 'server.lock'))).toBe(false);
      expect(existsSync(join(DATA_DIR, 'postgres.unfinished'))).toBe(false);
      expect(existsSync(join(database, 'pg_xact'))).toBe(true);
    });

    it('starts again when the folder is moved away', async () => {
      const DATA_DIR = join(folder, 'the version is gone');
      rmSync(join(DATA_DIR, 'postgres'), { recursive: true });
      const server = await launch({ DATA_DIR });
      await server.ready();
      expect(readFileSync(join(DATA_DIR, 'app-secret'))).toEqual(readFileSync(join(intact, 'app-secret')));
      expect(await server.stop()).toBe(0);
    });
  });
});

describe('a server with a misspelt setting', () => {
  it('starts with a warning that names the setting', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'otp-start-'));
    const server = await ServerProcess.launch({ DATA_DIR: folder, OTP_TTL_SECOND: '60' });
    try {
      await server.ready();
      await until('the warning', () =>
        server.log.includes('OTP_TTL_SECOND is not a setting and is ignored. Did you mean OTP_TTL_SECONDS?'),
      );
    } finally {
      await server.stop('SIGKILL');
      rmSync(folder, { recursive: true });
    }
  });
});
