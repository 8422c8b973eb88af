import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ChallengeRepository } from './challenge.repository.js';

const EVERY_MS = 10_000;
const BATCH = 1_000;

/** Wipes codes soon after they expired and removes rows that no limit needs, in small batches, in every process. */
@Injectable()
export class OtpHousekeeping implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('OtpHousekeeping');
  private timer?: NodeJS.Timeout;
  private running: Promise<void> = Promise.resolve();
  private stopping = false;
  private wipedTo = new Date(0);

  constructor(private readonly challenges: ChallengeRepository) {}

  onApplicationBootstrap(): void {
    this.schedule();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private schedule(): void {
    if (this.stopping) return;
    this.timer = setTimeout(() => {
      this.running = this.run().then(() => this.schedule());
    }, EVERY_MS).unref();
  }

  /** One round: every code that expired so far, and one batch of old rows. */
  async run(): Promise<void> {
    try {
      for (;;) {
        const { wipedTo, seen } = (await this.challenges.wipeExpired(this.wipedTo, BATCH)) ?? {
          wipedTo: null,
          seen: 0,
        };
        if (wipedTo) this.wipedTo = wipedTo;
        if (seen < BATCH || this.stopping) break;
      }
      await this.challenges.removeOld(BATCH);
    } catch (error) {
      this.logger.warn({
        msg: 'housekeeping failed',
        error: error instanceof Error ? error.name : typeof error,
      });
    }
  }
}
