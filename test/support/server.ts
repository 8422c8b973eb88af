import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** The built server in a process of its own, as `pnpm start:prod` runs it. */
export class ServerProcess {
  private output = '';

  private constructor(
    readonly child: ChildProcess,
    readonly url: string,
  ) {
    const keep = (chunk: Buffer) => (this.output += chunk.toString());
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
  }

  /** Starts one and waits until it is ready. `environment` replaces this process's own settings. */
  static async start(environment: Record<string, string>): Promise<ServerProcess> {
    const port = environment.PORT ?? String(await freePort());
    const server = ServerProcess.launch({ IP_RATE_LIMIT: '0', ...environment, PORT: port });
    for (let tries = 0; tries < 600; tries++) {
      if (server.child.exitCode !== null) break;
      const ready = await fetch(`${server.url}/health/ready`).catch(() => null);
      if (ready?.ok) return server;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    server.child.kill('SIGKILL');
    throw new Error(`the server did not start:\n${server.log}`);
  }

  /** Starts one without waiting for anything, for those that are meant to refuse. */
  static launch(environment: Record<string, string>): ServerProcess {
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(process.execPath, ['dist/main.js'], { env: { PATH, HOME, ...environment } });
    return new ServerProcess(child, `http://127.0.0.1:${environment.PORT}`);
  }

  /** Everything written to stdout and stderr so far. */
  get log(): string {
    return this.output;
  }

  /** Sends a signal and waits for the end; returns the exit code, or null if a signal ended it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const end = once(this.child, 'exit');
      this.child.kill(signal);
      await end;
    }
    return this.child.exitCode;
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
