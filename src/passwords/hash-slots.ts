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
/** Of so many freed slots in a row, strangers get at least one, so that they never wait for good. */
const STRANGERS_TURN = 4;

/** Runs a job as soon as a slot is free. */
export type RunInSlot = <T>(job: () => Promise<T>) => Promise<T>;

/** The jobs of one kind of client. */
class Line {
  /** Jobs that were let in and are not done. */
  admitted = 0;
  /** Jobs that wait for a slot. */
  readonly waiting: (() => void)[] = [];
}

/**
 * Limits how many hashes are computed at once, so that a flood of sign-ins slows down only
 * sign-ins. Recognised devices have places of their own and come first, so that a flood by
 * strangers does not keep owners out.
 */
export class HashSlots {
  private running = 0;
  private readonly recognised = new Line();
  private readonly strangers = new Line();
  /** Slots given to recognised devices in a row. */
  private inARow = 0;

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
  run<T>(job: () => Promise<T>, isRecognised = false): Promise<T> {
    return this.admit((runInSlot) => runInSlot(job), isRecognised);
  }

  /**
   * For work of which only a part needs a slot. It is refused before it begins; once admitted, its
   * jobs always get a slot.
   */
  async admit<T>(work: (runInSlot: RunInSlot) => Promise<T>, isRecognised = false): Promise<T> {
    const line = isRecognised ? this.recognised : this.strangers;
    if (line.admitted >= this.slots + this.maxWaiting) {
      await new Promise((resolve) => setTimeout(resolve, this.shedAfterMs));
      throw PasswordError.busy();
    }
    line.admitted++;
    try {
      return await work((job) => this.runInSlot(job, line));
    } finally {
      line.admitted--;
    }
  }

  private async runInSlot<T>(job: () => Promise<T>, line: Line): Promise<T> {
    if (this.running < this.slots) this.running++;
    else await new Promise<void>((resolve) => line.waiting.push(resolve));
    try {
      return await job();
    } finally {
      this.release();
    }
  }

  /** Passes the slot on to a waiting job, so that a new job cannot take it. */
  private release(): void {
    const next = this.next();
    if (next) next();
    else this.running--;
  }

  /** The job that has waited longest: of recognised devices first, but not every time. */
  private next(): (() => void) | undefined {
    const isStrangersTurn = this.inARow >= STRANGERS_TURN - 1 && this.strangers.waiting.length > 0;
    const first = isStrangersTurn ? undefined : this.recognised.waiting.shift();
    this.inARow = first ? this.inARow + 1 : 0;
    return first ?? this.strangers.waiting.shift();
  }
}
