import { DeliveryError } from '../common/delivery.js';

/** Limits how many mails are sent at once. The others wait in their order. */
export class SmtpSlots {
  private readonly waiting = new Set<() => void>();

  constructor(private free: number) {}

  /** Rejects with `throttled` if no slot is free in time. Then `send` is never called. */
  async run<Result>(maxWaitMs: number, send: () => Promise<Result>): Promise<Result> {
    await this.acquire(maxWaitMs);
    try {
      return await send();
    } finally {
      this.release();
    }
  }

  private async acquire(maxWaitMs: number): Promise<void> {
    if (this.free > 0) {
      this.free--;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const start = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.waiting.delete(start);
        reject(new DeliveryError('throttled'));
      }, maxWaitMs);
      this.waiting.add(start);
    });
  }

  /** Hands the slot to the next in line, so that `free` is right without a gap. */
  private release(): void {
    const [next] = this.waiting;
    if (!next) {
      this.free++;
      return;
    }
    this.waiting.delete(next);
    next();
  }
}
