import { oncePerTick } from '../../common/once-per-tick.js';
import { addressOf, countryOf, isPhone } from '../../common/recipient.js';
import { LEASE_SECONDS, type LeasedMessage } from '../notifier.js';
import { FairQueue } from './fair-queue.js';

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
  /** Messages that nobody can ask for without a device that the account knows. */
  private readonly urgent = new FairQueue<WaitingMessage>();
  private readonly ordinary = new FairQueue<WaitingMessage>();
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
    return this.stopped ? 0 : CONCURRENCY - this.running.size - this.waiting;
  }

  /**
   * How many of those may be notices. Half of the places are reserved for codes, because people
   * wait for them.
   */
  get freeForNotices(): number {
    return Math.max(0, this.free - CONCURRENCY / 2);
  }

  /** If too many messages wait, the flood makes room: its newest message is left to the sweep. */
  add(message: LeasedMessage): void {
    const queue = isUrgent(message) ? this.urgent : this.ordinary;
    queue.add({ message, queuedAt: performance.now() }, turnOf(message));
    if (this.waiting > MAX_WAITING && !this.ordinary.dropFromLargest()) this.urgent.dropFromLargest();
    this.startSoon();
  }

  /** Starts no more attempts. Returns the waiting messages. */
  stop(): LeasedMessage[] {
    this.stopped = true;
    return [...this.urgent.clear(), ...this.ordinary.clear()].map(({ message }) => message);
  }

  /** Resolves when all running attempts have ended. */
  async drain(): Promise<void> {
    await Promise.all(this.running);
  }

  private get waiting(): number {
    return this.urgent.size + this.ordinary.size;
  }

  private startNext(): void {
    while (this.running.size < CONCURRENCY && !this.stopped) {
      const next = this.urgent.take() ?? this.ordinary.take();
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

/** The lane of a recognised device. */
function isUrgent({ lane }: LeasedMessage): boolean {
  return lane !== '';
}

/** Pumped numbers share their first digits, so they wait for each other and not for other people. */
function turnOf({ recipient }: LeasedMessage): string[] {
  return isPhone(recipient) ? [countryOf(recipient) ?? '', addressOf(recipient).slice(0, -4)] : [];
}
