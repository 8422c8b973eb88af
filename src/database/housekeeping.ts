import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';

const EVERY_MS = 10_000;
const BATCH = 1_000;

/** One round of a clean-up. It ends soon after `stopping` is aborted, so its batches are small. */
type Job = (stopping: AbortSignal) => Promise<void>;

/** Runs what the modules clean up, one job after the other, in every process. */
@Injectable()
export class Housekeeping implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Housekeeping');
  private readonly jobs = new Map<string, Job>();
  private readonly stop = new AbortController();
  private timer?: NodeJS.Timeout;
  private running: Promise<void> = Promise.resolve();

  /** For the constructor of whoever has something to clean up; the name appears in the log. */
  add(name: string, job: Job): void {
    if (this.jobs.has(name)) throw new Error(`There is a housekeeping job named ${name} already.`);
    this.jobs.set(name, job);
  }

  /**
   * For rows that are of no use any more: `remove` takes away so many at most and says how many there were. Full batches
   * follow each other at once, so that the tables shrink as fast as they grew.
   */
  addRemoval(name: string, remove: (limit: number) => Promise<number>): void {
    this.add(name, async (stopping) => {
      while (!stopping.aborted && (await remove(BATCH)) === BATCH);
    });
  }

  onApplicationBootstrap(): void {
    this.schedule();
  }

  /** Not `onApplicationShutdown`: TypeORM's module, as global as ours, closes the database there before our turn. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stop.abort();
    clearTimeout(this.timer);
    await this.running;
  }

  private schedule(): void {
    if (this.stop.signal.aborted) return;
    this.timer = setTimeout(() => {
      this.running = this.round().then(() => this.schedule());
    }, EVERY_MS).unref();
  }

  private async round(): Promise<void> {
    for (const [job, run] of this.jobs) {
      if (this.stop.signal.aborted) return;
      try {
        await run(this.stop.signal);
      } catch (error) {
        // Its message could quote a row.
        const name = error instanceof Error ? error.name : typeof error;
        this.logger.warn({ msg: 'housekeeping failed', job, error: name });
      }
    }
  }
}
