import { availableParallelism } from 'node:os';
import { PasswordError } from './passwords.errors.js';

/** bcrypt runs on libuv's four threads. One stays free for DNS look-ups and file access. */
const THREADS_FOR_HASHES = 3;
const MAX_WAITING = 16;
/**
 * Delay before a job is refused. Without it, clients that ignore Retry-After and try again at once
 * would keep this process busy with refusals alone.
 */
const SHED_AFTER_MS = 500;

/** Runs a job as soon as a slot is free. */
export type RunInSlot = <T>(job: () => Promise<T>) => Promise<T>;

/**
 * Limits how many hashes are computed at once, so that a flood of sign-ins slows down only
 * sign-ins.
 */
export class HashSlots {
  private admitted = 0;
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly slots: number,
    private readonly maxWaiting: number,
    private readonly shedAfterMs = 0,
  ) {}

  /** One slot less than there are processors, at least 1 and at most THREADS_FOR_HASHES. */
  static forThisMachine(): HashSlots {
    const slots = Math.max(1, Math.min(THREADS_FOR_HASHES, availableParallelism() - 1));
    return new HashSlots(slots, MAX_WAITING, SHED_AFTER_MS);
  }

  /**
   * Runs the job as soon as a slot is free. Throws `passwords_busy` when too many jobs are waiting.
   */
  run<T>(job: () => Promise<T>): Promise<T> {
    return this.admit((runInSlot) => runInSlot(job));
  }

  /**
   * For work of which only a part needs a slot. It is refused before it begins; once admitted, its
   * jobs always get a slot.
   */
  async admit<T>(work: (runInSlot: RunInSlot) => Promise<T>): Promise<T> {
    if (this.admitted >= this.slots + this.maxWaiting) {
      await new Promise((resolve) => setTimeout(resolve, this.shedAfterMs));
      throw PasswordError.busy();
    }
    this.admitted++;
    try {
      return await work((job) => this.runInSlot(job));
    } finally {
      this.admitted--;
    }
  }

  private async runInSlot<T>(job: () => Promise<T>): Promise<T> {
    if (this.running < this.slots) this.running++;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await job();
    } finally {
      this.release();
    }
  }

  /** Passes the slot on to the job that has waited longest, so that a new job cannot take it. */
  private release(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.running--;
  }
}
