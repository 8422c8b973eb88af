import pg from 'pg';

export const ADMIN_URL = process.env.BENCH_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';

/** The URL of another database of the same cluster. */
export function databaseUrl(name) {
  const url = new URL(ADMIN_URL);
  url.pathname = `/${name}`;
  return url.href;
}

/** Creates an empty database. The process id in its name keeps parallel runs apart. */
export async function createDatabase(name) {
  const database = `${name}_${process.pid}`;
  const admin = new pg.Client({ connectionString: ADMIN_URL });
  await admin.connect();
  await admin.query(`create database ${database}`);
  return {
    url: databaseUrl(database),
    async drop() {
      await admin.query(`drop database ${database} with (force)`);
      await admin.end();
    },
  };
}
