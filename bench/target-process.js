// A server under measurement, in its own process and with its own database.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { freePort } from '../test/support/free-port.js';
import { findPostmaster, readUsage, residentMiB } from './resource-usage.js';

/** The server pays for writing its log, but the log is not kept. */
const log = openSync('/dev/null', 'w');
const ROOT = new URL('../', import.meta.url);

export class TargetProcess {
  constructor(target, databaseUrl) {
    this.target = target;
    this.databaseUrl = databaseUrl;
  }

  async start(execArgv = []) {
    const { script, env } = this.target;
    this.port = await freePort();
    const { PATH } = process.env;
    this.child = fork(fileURLToPath(new URL(script, ROOT)), {
      env: {
        PATH,
        NODE_ENV: 'production',
        PHONE_SPEND_PER_HOUR: '1000000',
        PHONE_SPEND_PER_DAY: '1000000',
        FRAUD_MODE: 'observe',
        ...env,
        DATABASE_URL: this.databaseUrl,
        PORT: this.port,
      },
      execArgv,
      stdio: ['ignore', log, 'inherit', 'ipc'],
    });
    const failed = once(this.child, 'exit').then(([code]) => {
      throw new Error(`${script} exited with ${code}`);
    });
    // An exit after the start is not an error.
    failed.catch(() => undefined);
    await Promise.race([once(this.child, 'message'), failed]);
    this.db = new pg.Client({ connectionString: this.databaseUrl });
    await this.db.connect();
    this.postmaster = await findPostmaster(this.db);
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  get databaseName() {
    return new URL(this.databaseUrl).pathname.slice(1);
  }

  usage() {
    return readUsage(this.db, this.child.pid, this.postmaster);
  }

  /** Starts the profile, if one was asked for. */
  warmedUp() {
    this.child.send('warm');
  }

  /** The number of statements sent so far. */
  async statements() {
    this.child.send('count');
    const [{ statements }] = await once(this.child, 'message');
    return statements;
  }

  residentMiB() {
    return residentMiB(this.child.pid);
  }

  /** Disconnects, upon which every target exits by itself. A signal would lose the profile. */
  async stop() {
    if (!this.child || this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    if (this.child.connected) this.child.disconnect();
    await ended;
  }
}
