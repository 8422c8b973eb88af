// Starts HAProxy and PgBouncer with the configuration files of docs/scale. JavaScript, because the
// benchmarks import it without a build.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from './free-port.js';

const documentedConfig = (name) => readFileSync(new URL(`../../docs/scale/${name}`, import.meta.url), 'utf8');

/** Starts HAProxy in front of these servers. */
export async function startHaproxy(serverUrls) {
  const port = await freePort();
  const serverLines = (_match, name, options) =>
    serverUrls.map((url, i) => `  server ${name}${i} ${new URL(url).host}${options}\n`).join('');
  const config = documentedConfig('haproxy.cfg')
    .replace('127.0.0.1:8080', `127.0.0.1:${port}`)
    .replace(/(?: {2}server (\w+)\d \S+(.*)\n)+/g, serverLines);
  const haproxy = await startProxy(['haproxy', '-db', '-f'], config, port);
  return { url: `http://127.0.0.1:${port}`, ...haproxy };
}

/** Starts PgBouncer in front of this database. `PGBOUNCER` is its path if it is not on `PATH`. */
export async function startPgbouncer(databaseUrl) {
  const config = documentedConfig('pgbouncer.ini');
  const url = new URL(databaseUrl);
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  for (const [, setting] of config.matchAll(/alter database otp (set .*;)/g))
    await db.query(`alter database ${url.pathname.slice(1)} ${setting}`);
  await db.end();

  const port = await freePort();
  const adaptedConfig = config
    .replace('host=127.0.0.1 port=5432', `host=${url.hostname} port=${url.port || 5432} user=${url.username}`)
    .replace('listen_port = 6432', `listen_port = ${port}`)
    .replace(/auth_type = .*\nauth_file = .*/, 'auth_type = any');
  // PgBouncer refuses to run as root.
  const asNobody = process.getuid() === 0 ? ['setpriv', '--reuid=65534', '--clear-groups', '--'] : [];
  const command = [...asNobody, process.env.PGBOUNCER ?? 'pgbouncer', '-q'];
  const pgbouncer = await startProxy(command, adaptedConfig, port);
  url.host = `127.0.0.1:${port}`;
  return { url: url.href, ...pgbouncer };
}

async function startProxy(command, config, port) {
  const folder = mkdtempSync(join(tmpdir(), 'otp-proxy-'));
  chmodSync(folder, 0o755);
  const file = join(folder, 'config');
  writeFileSync(file, config);
  const [program, ...args] = [...command, file];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  for (let tries = 0; !(await isListening(port)); tries++) {
    if (tries === 200 || child.exitCode !== null) throw new Error(`${command.join(' ')} did not start`);
    await wait(20);
  }
  return {
    pid: child.pid,
    async stop() {
      child.kill('SIGKILL');
      await once(child, 'close');
      rmSync(folder, { recursive: true });
    },
  };
}

function isListening(port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}
