// A server under measurement: a process of its own and a database of its own.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import pg from 'pg';
import { costs, postmasterOf, residentMiB } from './costs.js';
import { freePort } from './process.js';

/** Logs are written, and kept nowhere. */
const log = openSync('/dev/null', 'w');

export class TargetProcess {
  constructor(target, databaseUrl) {
    this.target = target;
    this.databaseUrl = databaseUrl;
  }

  async start(execArgv = []) {
    const { script, env } = this.target;
    this.port = await freePort();
    const { PATH } = process.env;
    this.child = fork(script, {
      env: { PATH, NODE_ENV: 'production', ...env, DATABASE_URL: this.databaseUrl, PORT: this.port },
      execArgv,
      stdio: ['ignore', log, 'inherit', 'ipc'],
    });
    // An error here is one of the server's start.
    const failed = once(this.child, 'exit').then(([code]) => {
      throw new Error(`${script} ended with ${code}`);
    });
    failed.catch(() => undefined);
    await Promise.race([once(this.child, 'message'), failed]);
    this.db = new pg.Client({ connectionString: this.databaseUrl });
    await this.db.connect();
    this.postmaster = await postmasterOf(this.db);
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  costs() {
    return costs(this.db, this.child.pid, this.postmaster);
  }

  /** A profile begins now. */
  warmedUp() {
    this.child.send('warm');
  }

  /** Statements so far. */
  async statements() {
    this.child.send('count');
    const [{ statements }] = await once(this.child, 'message');
    return statements;
  }

  residentMiB() {
    return residentMiB(this.child.pid);
  }

  /** Every target ends when its parent lets go, by its own exit, which writes a profile if one was asked for. */
  async stop() {
    if (!this.child || this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    if (this.child.connected) this.child.disconnect();
    await ended;
  }
}
