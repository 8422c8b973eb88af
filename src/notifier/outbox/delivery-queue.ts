import { oncePerTick } from '../../common/once-per-tick.js';
import { LEASE_SECONDS, type LeasedMessage } from '../notifier.js';

/** Concurrent attempts per channel. */
const CONCURRENCY = 64;
/** Messages that may wait in memory. Any more are left to the sweep. */
const MAX_WAITING = 5_000;
/** An attempt that starts later than this after the lease might outlive the lease. */
const START_WITHIN_SECONDS = LEASE_SECONDS / 2;

interface WaitingMessage {
  message: LeasedMessage;
  /** Monotonic, so that a step of the system clock does not change the life of a message. */
  queuedAt: number;
}

/**
 * Runs the attempts of one channel in this process, a limited number at a time. Each channel has
 * its own queue, so that an outage of one vendor does not delay the messages of another.
 */
export class DeliveryQueue {
  private readonly waiting: WaitingMessage[] = [];
  private readonly running = new Set<Promise<void>>();
  /**
   * Lets ready responses go out first, so that a client does not wait while its message is
   * rendered.
   */
  private readonly startSoon = oncePerTick(() => this.startNext());
  private stopped = false;

  /** `attempt` receives a message and its remaining life. It must not reject. */
  constructor(private readonly attempt: (message: LeasedMessage, secondsLeft: number) => Promise<void>) {}

  /** How many more messages could start immediately. */
  get free(): number {
    return this.stopped ? 0 : CONCURRENCY - this.running.size - this.waiting.length;
  }

  /**
   * How many of those may be notices. Half of the places are reserved for codes, because people
   * wait for them.
   */
  get freeForNotices(): number {
    return Math.max(0, this.free - CONCURRENCY / 2);
  }

  add(message: LeasedMessage): void {
    if (this.waiting.length >= MAX_WAITING) return;
    this.waiting.push({ message, queuedAt: performance.now() });
    this.startSoon();
  }

  /** Starts no more attempts. Returns the waiting messages. */
  stop(): LeasedMessage[] {
    this.stopped = true;
    return this.waiting.splice(0).map(({ message }) => message);
  }

  /** Resolves when all running attempts have ended. */
  async drain(): Promise<void> {
    await Promise.all(this.running);
  }

  private startNext(): void {
    while (this.running.size < CONCURRENCY && !this.stopped) {
      const next = this.waiting.shift();
      if (!next) return;
      const age = (performance.now() - next.queuedAt) / 1000;
      // A sweep takes the message when the lease is over.
      if (age > START_WITHIN_SECONDS) continue;
      const run = this.attempt(next.message, next.message.secondsLeft - age).then(() => {
        this.running.delete(run);
        this.startNext();
      });
      this.running.add(run);
    }
  }
}
