import { Injectable } from '@nestjs/common';
import { Housekeeping } from '../database/housekeeping.js';
import { BudgetRepository } from './budget.repository.js';

const PAGE = 1_000;
/** Rows that a round examines at most. */
const PAGES = 20;

/** Removes counters whose windows have ended. Each round goes on where the last one stopped. */
@Injectable()
export class BudgetHousekeeping {
  private last = '';

  constructor(
    private readonly counters: BudgetRepository,
    housekeeping: Housekeeping,
  ) {
    housekeeping.add('old counters', (stopping) => this.removeOld(stopping));
  }

  private async removeOld(stopping: AbortSignal): Promise<void> {
    for (let page = 0; page < PAGES && !stopping.aborted; page++) {
      this.last = (await this.counters.removeOld(this.last, PAGE)) ?? '';
      if (this.last === '') return;
    }
  }
}
