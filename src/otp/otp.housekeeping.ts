import { Injectable } from '@nestjs/common';
import { Housekeeping } from '../database/housekeeping.js';
import { ChallengeRepository } from './challenge.repository.js';

const BATCH = 1_000;

/** Wipes codes soon after they expired and removes rows that no limit needs, in small batches. */
@Injectable()
export class OtpHousekeeping {
  private wipedTo = '-infinity';

  constructor(
    private readonly challenges: ChallengeRepository,
    housekeeping: Housekeeping,
  ) {
    housekeeping.add('codes', (stopping) => this.wipe(stopping));
    housekeeping.addRemoval('old codes', (limit) => this.challenges.removeOld(limit));
  }

  /** Every code that expired since the last round; in the first round of a process, every code on record. */
  private async wipe(stopping: AbortSignal): Promise<void> {
    for (;;) {
      const { wipedTo, seen } = (await this.challenges.wipeExpired(this.wipedTo, BATCH)) ?? {
        wipedTo: null,
        seen: 0,
      };
      if (wipedTo) this.wipedTo = wipedTo;
      if (stopping.aborted || seen < BATCH) return;
    }
  }
}
