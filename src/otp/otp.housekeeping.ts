import { Injectable } from '@nestjs/common';
import { Housekeeping } from '../database/housekeeping.js';
import { ChallengeRepository } from './challenge.repository.js';

const BATCH = 1_000;

/** Wipes expired codes and removes rows that no limit needs any more, in small batches. */
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

  /** Continues where the last run stopped. The first run of a process covers all expired codes. */
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
