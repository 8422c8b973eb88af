import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';

const INTERVAL_MS = 10_000;
const BATCH_SIZE = 1_000;

/**
 * One round of a clean-up. It works in small batches, so that it ends soon after `stopping` is
 * aborted.
 */
type Job = (stopping: AbortSignal) => Promise<void>;

/** Runs the clean-up jobs of all modules, one after the other, in every process. */
@Injectable()
export class Housekeeping implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Housekeeping');
  private readonly jobs = new Map<string, Job>();
  private readonly stop = new AbortController();
  private timer?: NodeJS.Timeout;
  private running: Promise<void> = Promise.resolve();

  /** Call it in a constructor, before the first round. The name appears in the log. */
  add(name: string, job: Job): void {
    if (this.jobs.has(name)) throw new Error(`A housekeeping job named ${name} already exists.`);
    this.jobs.set(name, job);
  }

  /**
   * Adds a job that deletes obsolete rows. `remove` deletes up to `limit` rows and returns the
   * number of deleted ones. After a full batch the next one follows at once, so that the tables can
   * shrink as fast as they grew.
   */
  addRemoval(name: string, remove: (limit: number) => Promise<number>): void {
    this.add(name, async (stopping) => {
      while (!stopping.aborted && (await remove(BATCH_SIZE)) === BATCH_SIZE);
    });
  }

  onApplicationBootstrap(): void {
    this.schedule();
  }

  /**
   * Not in `onApplicationShutdown`, because TypeORM's module closes the database there, possibly
   * earlier.
   */
  async beforeApplicationShutdown(): Promise<void> {
    this.stop.abort();
    clearTimeout(this.timer);
    await this.running;
  }

  private schedule(): void {
    if (this.stop.signal.aborted) return;
    this.timer = setTimeout(() => {
      this.running = this.round().then(() => this.schedule());
    }, INTERVAL_MS).unref();
  }

  private async round(): Promise<void> {
    for (const [job, run] of this.jobs) {
      if (this.stop.signal.aborted) return;
      try {
        await run(this.stop.signal);
      } catch (error) {
        // Only the name is logged, because the message of a database error can quote a row.
        const name = error instanceof Error ? error.name : typeof error;
        this.logger.warn({ msg: 'housekeeping failed', job, error: name });
      }
    }
  }
}
