import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { until } from './until.js';

/** The built server in a process of its own, as `pnpm start:prod` runs it. */
export class ServerProcess {
  /** Settles with the exit code once it has ended and said all it had to say. */
  readonly ended: Promise<number | null>;
  private output = '';

  private constructor(
    readonly child: ChildProcess,
    readonly url: string,
  ) {
    const keep = (chunk: Buffer) => (this.output += chunk.toString());
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    this.ended = once(child, 'close').then(([code]) => code as number | null);
  }

  /** Starts one and waits until it is ready. `environment` replaces this process's own settings. */
  static async start(environment: Record<string, string>): Promise<ServerProcess> {
    for (let tries = 1; ; tries++) {
      const server = await ServerProcess.launch(environment);
      try {
        await server.ready();
        return server;
      } catch (error) {
        // Another program may take the port between our look at it and the server's.
        if (environment.PORT || tries === 3 || !server.log.includes('EADDRINUSE')) throw error;
      }
    }
  }

  /** Starts one without waiting for anything, for those that are meant to refuse. */
  static async launch(environment: Record<string, string>): Promise<ServerProcess> {
    const { PATH = '', HOME = '' } = process.env;
    const port = environment.PORT ?? String(await freePort());
    const child = spawn(process.execPath, ['dist/main.js'], {
      env: { PATH, HOME, IP_RATE_LIMIT: '0', ...environment, PORT: port },
    });
    return new ServerProcess(child, `http://127.0.0.1:${port}`);
  }

  /** Waits until it takes requests. */
  async ready(): Promise<void> {
    try {
      await until(
        'it answers',
        async () => {
          if (!this.isRunning) throw new Error('it ended');
          return (await fetch(`${this.url}/health/ready`).catch(() => null))?.ok;
        },
        60,
      );
    } catch (cause) {
      await this.stop('SIGKILL');
      throw new Error(`the server did not start:\n${this.log}`, { cause });
    }
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Everything written to stdout and stderr so far. */
  get log(): string {
    return this.output;
  }

  /** Sends a signal and waits for the end; returns the exit code, or null if a signal ended it. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.isRunning) this.child.kill(signal);
    return this.ended;
  }
}

/** Below the range that outgoing connections take theirs from, so that none has it before the server listens. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const probe = createServer().listen(port, '127.0.0.1');
    const isFree = await once(probe, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    probe.close();
    await once(probe, 'close');
    return port;
  }
}
