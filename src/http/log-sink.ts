import { writeSync } from 'node:fs';

/** A line waits at most this long for others to be written with it. */
const FLUSH_MS = 250;
const RETRY_MS = 50;
/** In characters. A line that does not fit is dropped. */
const MAX_BUFFERED = 1024 * 1024;
/** Added to the time limit of a graceful stop, so it must stay short. */
const EXIT_FLUSH_MS = 150;

interface LogSinkOptions {
  /** Characters that are written together; 0 writes each line at once. */
  batchLength: number;
  /** Called when the output works again after lines were dropped. */
  onRecovery: (dropped: number) => void;
  /** Writes a part of the bytes and returns how many, or throws. */
  output?: (bytes: Buffer) => number;
}

/**
 * Writes log lines to standard output. When the output fails (disk full, reader gone) or takes no
 * more (a pipe that is not read), lines wait in a bounded buffer and are then dropped and counted.
 * A broken log therefore neither stops the server nor keeps it from ending.
 *
 * sonic-boom, pino's own destination, cannot do this: its `flushSync` repeats a write that fails
 * with ENOSPC or EPIPE for ever, and its asynchronous write to a full pipe blocks a thread that Node
 * waits for when it exits.
 */
export class LogSink {
  private buffered = '';
  /** The rest of a batch that the output did not take. */
  private unwritten = Buffer.alloc(0);
  private dropped = 0;
  private timer?: NodeJS.Timeout;
  private readonly output: (bytes: Buffer) => number;

  constructor(private readonly options: LogSinkOptions) {
    this.output = options.output ?? standardOutput();
  }

  write(line: string): void {
    if (this.unwritten.length + this.buffered.length + line.length > MAX_BUFFERED) {
      this.dropped++;
      return;
    }
    this.buffered += line;
    const isBlocked = this.unwritten.length > 0;
    if (!isBlocked && this.buffered.length >= this.options.batchLength) this.flush();
    else this.flushIn(FLUSH_MS);
  }

  /** Writes what is buffered before the process exits, but gives up soon if the output is stuck. */
  flushAtExit(): void {
    const sleeper = new Int32Array(new SharedArrayBuffer(4));
    const deadline = performance.now() + EXIT_FLUSH_MS;
    while (!this.writeAll() && performance.now() < deadline) Atomics.wait(sleeper, 0, 0, 5);
  }

  private flushIn(milliseconds: number): void {
    this.timer ??= setTimeout(() => this.flush(), milliseconds).unref();
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!this.writeAll()) return this.flushIn(RETRY_MS);
    const { dropped } = this;
    this.dropped = 0;
    if (dropped > 0) this.options.onRecovery(dropped);
  }

  /** Returns false if the output failed or is full. */
  private writeAll(): boolean {
    try {
      while (this.unwritten.length > 0 || this.buffered) {
        if (this.unwritten.length === 0) {
          this.unwritten = Buffer.from(this.buffered);
          this.buffered = '';
        }
        this.unwritten = this.unwritten.subarray(this.output(this.unwritten));
      }
      return true;
    } catch {
      return false;
    }
  }
}

/**
 * Node makes a pipe or socket non-blocking when `process.stdout` is first read. A write to a full
 * one then throws EAGAIN instead of blocking the event loop.
 */
function standardOutput(): (bytes: Buffer) => number {
  const { fd } = process.stdout;
  return (bytes) => writeSync(fd, bytes);
}
