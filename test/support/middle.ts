import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from './server.js';
import { until } from './until.js';

/** A program of others between the parts of a cluster. */
export interface Middle {
  url: string;
  stop: () => Promise<void>;
}

/** HAProxy as the documentation sets it up, before these processes. */
export async function balancer(urls: string[]): Promise<Middle> {
  const port = await freePort();
  const servers = urls.map((url, i) => `  server otp${i} ${new URL(url).host}`);
  const config = readFileSync('docs/scale/haproxy.cfg', 'utf8')
    .replace('127.0.0.1:8080', `127.0.0.1:${port}`)
    .replace(/(^ {2}server .*\n?)+/m, `${servers.join('\n')}\n`);
  const stop = await start(['haproxy', '-db', '-f'], config, port);
  return { url: `http://127.0.0.1:${port}`, stop };
}

/** PgBouncer as the documentation sets it up, before this database. */
export async function pooler(databaseUrl: string): Promise<Middle> {
  const url = new URL(databaseUrl);
  await prepare(databaseUrl, url.pathname.slice(1));
  const port = await freePort();
  const config = readFileSync('docs/scale/pgbouncer.ini', 'utf8')
    .replace('host=127.0.0.1 port=5432', `host=${url.hostname} port=${url.port || 5432} user=${url.username}`)
    .replace('listen_port = 6432', `listen_port = ${port}`)
    .replace(/auth_type = trust\nauth_file = .*/, 'auth_type = any');
  // It refuses to run as root.
  const asUser = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--clear-groups', '--'] : [];
  const stop = await start([...asUser, process.env.PGBOUNCER ?? 'pgbouncer', '-q'], config, port);
  url.host = `127.0.0.1:${port}`;
  return { url: url.href, stop };
}

/** What the configuration says to say in the database. */
async function prepare(databaseUrl: string, name: string): Promise<void> {
  const settings = [
    ...readFileSync('docs/scale/pgbouncer.ini', 'utf8').matchAll(/alter database otp (set .*;)/g),
  ];
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  for (const [, setting] of settings) await db.query(`alter database ${name} ${setting}`);
  await db.end();
}

async function start(command: string[], config: string, port: number): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'otp-middle-'));
  chmodSync(folder, 0o755);
  const file = join(folder, 'config');
  writeFileSync(file, config);
  const [program = '', ...args] = [...command, file];
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const ended = once(child, 'close');
  await until(`${program} listens`, () => listens(port));
  return async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true });
  };
}

async function listens(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  const is = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return is;
}
