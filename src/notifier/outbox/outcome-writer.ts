import { Injectable } from '@nestjs/common';
import { MessageRepository, type Outcome } from './message.repository.js';

const FLUSH_MS = 25;

/** Writes the outcomes of attempts in small batches, one statement each. */
@Injectable()
export class OutcomeWriter {
  private outcomes: Outcome[] = [];
  private timer?: NodeJS.Timeout;
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly messages: MessageRepository) {}

  add(outcome: Outcome): void {
    this.outcomes.push(outcome);
    this.timer ??= setTimeout(() => void this.flush(), FLUSH_MS);
  }

  /** Resolves when all outcomes added so far are written, or the write failed. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing = this.writing.then(() => this.write());
    return this.writing;
  }

  private async write(): Promise<void> {
    const batch = this.outcomes;
    this.outcomes = [];
    if (batch.length === 0) return;
    try {
      await this.messages.finish(batch);
    } catch {
      // The database is down. The next flush tries again. If this process dies first, the leases
      // end and the messages are sent again.
      this.outcomes.unshift(...batch);
    }
  }
}
