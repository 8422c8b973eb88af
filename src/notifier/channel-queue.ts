import { oncePerTick } from '../common/once-per-tick.js';
import { LEASE_SECONDS, type LeasedMessage } from './notifier.js';

/** Calls of a channel's vendor at the same time. */
const CONCURRENCY = 64;
/** Messages that may wait in memory for one of those calls; more are left to the sweep. */
const MAX_WAITING = 5_000;
/** An attempt that starts later than this after its lease could still run when the lease ends. */
const START_WITHIN_SECONDS = LEASE_SECONDS / 2;

interface Waiting {
  message: LeasedMessage;
  /** Monotonic, so that a step of this machine's clock changes no message's life. */
  since: number;
}

/**
 * One channel's messages in this process: those at the vendor, and those that wait for a place there. Each channel
 * has its own queue, so that the outage of one vendor does not hold up the other's messages.
 */
export class ChannelQueue {
  private readonly waiting: Waiting[] = [];
  private readonly running = new Set<Promise<void>>();
  /** After the replies that are ready: whoever asked for a code need not wait while its message is written. */
  private readonly startSoon = oncePerTick(() => this.startNext());
  private stopped = false;

  /** `attempt` gets a message and what is left of its life; it must not reject. */
  constructor(private readonly attempt: (message: LeasedMessage, secondsLeft: number) => Promise<void>) {}

  /** How many more messages could start at once. */
  get free(): number {
    return this.stopped ? 0 : CONCURRENCY - this.running.size - this.waiting.length;
  }

  /** How many of those may be notices: the other half of the places is for codes, which people are waiting for. */
  get freeForNotices(): number {
    return Math.max(0, this.free - CONCURRENCY / 2);
  }

  add(message: LeasedMessage): void {
    if (this.waiting.length >= MAX_WAITING) return;
    this.waiting.push({ message, since: performance.now() });
    this.startSoon();
  }

  /** Starts nothing more; returns what was waiting. */
  stop(): LeasedMessage[] {
    this.stopped = true;
    return this.waiting.splice(0).map(({ message }) => message);
  }

  /** Resolves when what was running has ended. */
  async ended(): Promise<void> {
    await Promise.all(this.running);
  }

  private startNext(): void {
    while (this.running.size < CONCURRENCY && !this.stopped) {
      const next = this.waiting.shift();
      if (!next) return;
      const age = (performance.now() - next.since) / 1000;
      // The sweep of some process takes it when the lease is over.
      if (age > START_WITHIN_SECONDS) continue;
      const run = this.attempt(next.message, next.message.secondsLeft - age).then(() => {
        this.running.delete(run);
        this.startNext();
      });
      this.running.add(run);
    }
  }
}
