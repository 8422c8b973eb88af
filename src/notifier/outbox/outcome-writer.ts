import { Injectable } from '@nestjs/common';
import { MessageRepository, type Outcome } from './message.repository.js';

const FLUSH_MS = 25;

/** Writes outcomes in small batches: one statement for what ended in the last moment. */
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

  /** Resolves when everything added so far is written, or could not be. */
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
      // The database is away. Kept for the next flush; if this process dies first, the lease ends and they go again.
      this.outcomes.unshift(...batch);
    }
  }
}
