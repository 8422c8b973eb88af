import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { until } from './until.js';

/** The built server in its own process, as `pnpm start:prod` runs it. */
export class ServerProcess {
  /** Resolves to the exit code when the process has ended and its output is complete. */
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

  /** Starts a server and waits until it is ready. It does not inherit this process's settings. */
  static async start(environment: Record<string, string>): Promise<ServerProcess> {
    for (let tries = 1; ; tries++) {
      const server = await ServerProcess.launch(environment);
      try {
        await server.ready();
        return server;
      } catch (error) {
        // Another program may take the port between the check and the start of the server.
        if (environment.PORT || tries === 3 || !server.log.includes('EADDRINUSE')) throw error;
      }
    }
  }

  /** Starts a server without waiting for it. Use this for servers that should fail to start. */
  static async launch(environment: Record<string, string>): Promise<ServerProcess> {
    const { PATH = '', HOME = '' } = process.env;
    const port = environment.PORT ?? String(await freePort());
    const child = spawn(process.execPath, ['dist/main.js'], {
      env: { PATH, HOME, IP_RATE_LIMIT: '0', ACCEPT_RISKS: 'no-ip-limit', ...environment, PORT: port },
    });
    return new ServerProcess(child, `http://127.0.0.1:${port}`);
  }

  /** Waits until the server accepts requests. */
  async ready(): Promise<void> {
    try {
      await until(
        'the server answers',
        async () => {
          if (!this.isRunning) throw new Error('the server ended');
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

  /** Sends a signal and waits. Returns the exit code, or null if the signal ended the process. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.isRunning) this.child.kill(signal);
    return this.ended;
  }
}

/** A port below the ephemeral range, so no outgoing connection takes it first. */
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
