import { EventEmitter } from 'node:events';
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import { StartError } from '../common/start-error.js';
import { lockDataDir } from './data-dir-lock.js';

interface QueryConfig {
  text: string;
  values?: unknown[];
}
interface QueryResult {
  rows: unknown[];
  rowCount: number;
  command: string;
}
type Callback<T> = (error: Error | null, value?: T) => void;
type Release = () => void;
interface OpenDatabase {
  database: PGlite;
  releaseLock: Release;
}

/**
 * PGlite (PostgreSQL in WebAssembly, in this process) in the shape of the `pg` package, for TypeORM's `driver`
 * option. PGlite is one session: a connection is handed to one holder at a time, from `connect` to `release`, so
 * that transactions of different requests never mix.
 */
export function embeddedPostgres(dataDir: string): {
  Pool: new () => EmbeddedPool;
  Client: typeof EmbeddedPool;
} {
  return {
    Pool: class extends EmbeddedPool {
      constructor() {
        super(dataDir);
      }
    },
    Client: EmbeddedPool,
  };
}

export class EmbeddedPool extends EventEmitter {
  private readonly opened: Promise<OpenDatabase>;
  private lastRelease: Promise<void> = Promise.resolve();

  constructor(dataDir: string) {
    super();
    this.opened = open(dataDir);
    this.opened.catch(() => undefined); // every query reports it
  }

  connect(done?: (error: Error | null, connection?: EmbeddedConnection, release?: Release) => void): unknown {
    const connection = this.next();
    if (!done) return connection;
    return connection.then(
      (connected) => done(null, connected, () => connected.release()),
      (error: Error) => done(error),
    );
  }

  async query(query: string | QueryConfig, values?: unknown[]): Promise<QueryResult> {
    const connection = await this.next();
    try {
      return await connection.query(query, values);
    } finally {
      connection.release();
    }
  }

  /** Closes once the last holder is done. */
  async end(done?: Callback<void>): Promise<void> {
    const { database, releaseLock } = await this.opened;
    await this.lastRelease;
    await database.close();
    releaseLock();
    done?.(null);
  }

  private async next(): Promise<EmbeddedConnection> {
    const before = this.lastRelease;
    let release: Release = () => undefined;
    this.lastRelease = new Promise((resolve) => (release = resolve));
    try {
      const { database } = await this.opened;
      await before;
      return new EmbeddedConnection(database, release);
    } catch (error) {
      release();
      throw error;
    }
  }
}

export class EmbeddedConnection extends EventEmitter {
  constructor(
    private readonly database: PGlite,
    readonly release: Release,
  ) {
    super();
  }

  async query(
    query: string | QueryConfig,
    values?: unknown[] | Callback<QueryResult>,
    done?: Callback<QueryResult>,
  ): Promise<QueryResult> {
    const callback = typeof values === 'function' ? values : done;
    const parameters = typeof values === 'function' ? undefined : values;
    const { text, values: bound = parameters } = typeof query === 'string' ? { text: query } : query;
    try {
      const result = await this.run(text, bound ?? []);
      callback?.(null, result);
      return result;
    } catch (error) {
      if (!callback) throw error;
      callback(error as Error);
      return { rows: [], rowCount: 0, command: '' };
    }
  }

  private async run(text: string, values: unknown[]): Promise<QueryResult> {
    const { rows, affectedRows } =
      values.length > 0
        ? await this.database.query(text, values)
        : ((await this.database.exec(text)).at(-1) ?? { rows: [] });
    return {
      rows,
      rowCount: affectedRows ?? rows.length,
      command: /^\s*(\w+)/.exec(text)?.[1]?.toUpperCase() ?? '',
    };
  }
}

async function open(dataDir: string): Promise<OpenDatabase> {
  const releaseLock = await lockDataDir(dataDir);
  const folder = join(dataDir, 'postgres');
  const unfinished = `${folder}.unfinished`;
  try {
    // Loaded where it is used: production does without it.
    const { PGlite, types } = await import('@electric-sql/pglite');
    // A first start that was killed may have left half a folder.
    if (existsSync(unfinished)) rmSync(folder, { recursive: true, force: true });
    const isNew = isAbsentOrEmpty(folder);
    // PGlite would put an empty database over the files that are left.
    if (!isNew && !existsSync(join(folder, 'PG_VERSION'))) throw damaged(folder);
    if (isNew) writeFileSync(unfinished, '');
    const options = {
      dataDir: folder,
      // What initdb leaves, in place of four seconds and 900 MiB for running it.
      ...(isNew && {
        loadDataDir: await (await import('@electric-sql/pglite-prepopulatedfs')).dataDir(),
      }),
      // What pg returns for these types, so that no other code can tell the databases apart.
      parsers: {
        [types.BYTEA]: (value: string) => Buffer.from(value.slice(2), 'hex'),
        [types.INT8]: (value: string) => value,
      },
    };
    const database = await PGlite.create(options).catch((error: Error) => {
      // A full disk or too little memory is no damage, and neither is a failure to create.
      const { code } = error as NodeJS.ErrnoException;
      throw isNew || code || error instanceof RangeError ? error : damaged(folder);
    });
    rmSync(unfinished, { force: true });
    return { database, releaseLock };
  } catch (error) {
    releaseLock();
    throw error;
  }
}

function isAbsentOrEmpty(folder: string): boolean {
  return !existsSync(folder) || (statSync(folder).isDirectory() && readdirSync(folder).length === 0);
}

function damaged(folder: string): StartError {
  return new StartError(
    `The embedded database in ${folder} cannot be opened, because its files are damaged. Move this folder ` +
      'away and start again: the server then creates an empty database.',
  );
}
