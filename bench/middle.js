// Programs of others that stand between the parts of a deployment, set up as docs/scale says.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from './process.js';

const documented = (name) => readFileSync(new URL(`../docs/scale/${name}`, import.meta.url), 'utf8');

/** HAProxy before these processes. */
export async function balancer(urls) {
  const port = await freePort();
  const servers = (_found, name, rest) =>
    urls.map((url, i) => `  server ${name}${i} ${new URL(url).host}${rest}\n`).join('');
  const config = documented('haproxy.cfg')
    .replace('127.0.0.1:8080', `127.0.0.1:${port}`)
    .replace(/(?: {2}server (\w+)\d \S+(.*)\n)+/g, servers);
  return { url: `http://127.0.0.1:${port}`, ...(await start(['haproxy', '-db', '-f'], config, port)) };
}

/** PgBouncer (`PGBOUNCER`, where it is not on the path) before this database. */
export async function pooler(databaseUrl) {
  const config = documented('pgbouncer.ini');
  const url = new URL(databaseUrl);
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  for (const [, setting] of config.matchAll(/alter database otp (set .*;)/g))
    await db.query(`alter database ${url.pathname.slice(1)} ${setting}`);
  await db.end();

  const port = await freePort();
  const own = config
    .replace('host=127.0.0.1 port=5432', `host=${url.hostname} port=${url.port || 5432} user=${url.username}`)
    .replace('listen_port = 6432', `listen_port = ${port}`)
    .replace(/auth_type = .*\nauth_file = .*/, 'auth_type = any');
  // It does not run as root.
  const asNobody = process.getuid() === 0 ? ['setpriv', '--reuid=65534', '--clear-groups', '--'] : [];
  const middle = await start([...asNobody, process.env.PGBOUNCER ?? 'pgbouncer', '-q'], own, port);
  url.host = `127.0.0.1:${port}`;
  return { url: url.href, ...middle };
}

async function start(command, config, port) {
  const folder = mkdtempSync(join(tmpdir(), 'otp-middle-'));
  chmodSync(folder, 0o755);
  const file = join(folder, 'config');
  writeFileSync(file, config);
  const [program, ...args] = [...command, file];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  for (let tries = 0; !(await listens(port)); tries++) {
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

function listens(port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}
