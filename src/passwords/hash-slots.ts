import { availableParallelism } from 'node:os';
import { PasswordError } from './passwords.errors.js';

/** bcrypt works on libuv's four threads, which look up names and read files as well: one stays free for those. */
const THREADS_FOR_HASHES = 3;
const MAX_WAITING = 16;
/**
 * How long the excess waits for its refusal. Clients that try again and again at once, without a look at Retry-After,
 * would keep this process busy with refusals alone.
 */
const SHED_AFTER_MS = 500;

/** Runs a job when its turn comes. */
export type RunInSlot = <T>(job: () => Promise<T>) => Promise<T>;

/** Bounds how many hashes are computed at once, so that a flood of sign-ins stalls nothing but sign-ins. */
export class HashSlots {
  private admitted = 0;
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly slots: number,
    private readonly maxWaiting: number,
    private readonly shedAfterMs = 0,
  ) {}

  /** As many as this machine bears. */
  static forThisMachine(): HashSlots {
    const slots = Math.max(1, Math.min(THREADS_FOR_HASHES, availableParallelism() - 1));
    return new HashSlots(slots, MAX_WAITING, SHED_AFTER_MS);
  }

  /** Runs the job when its turn comes. Throws `passwords_busy` when too many wait already. */
  run<T>(job: () => Promise<T>): Promise<T> {
    return this.admit((runInSlot) => runInSlot(job));
  }

  /** The same for work of which only a part needs a slot: it is refused before it begins, or comes to its turn. */
  async admit<T>(work: (inTurn: RunInSlot) => Promise<T>): Promise<T> {
    if (this.admitted >= this.slots + this.maxWaiting) {
      await new Promise((resolve) => setTimeout(resolve, this.shedAfterMs));
      throw PasswordError.busy();
    }
    this.admitted++;
    try {
      return await work((job) => this.inTurn(job));
    } finally {
      this.admitted--;
    }
  }

  private async inTurn<T>(job: () => Promise<T>): Promise<T> {
    if (this.running < this.slots) this.running++;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await job();
    } finally {
      this.release();
    }
  }

  /** Hands the slot to who waits longest; nobody who comes in between can take it. */
  private release(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.running--;
  }
}
