import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Config } from '../config/config.js';
import { MICROS } from '../config/phone-prices.js';
import { Batch, type LockTimeout } from '../database/batch.js';
import { MONEY, verdictKey, type CreditKeys } from './budget-keys.js';
import { BudgetRepository, type Entry } from './budget.repository.js';
import { judgeBatch, type CountedSend, type LedgerOptions, type Verdict } from './send-ledger.js';
import { SpendWarning } from './spend-warning.js';

interface SendCall {
  send: CountedSend;
  isRefund: boolean;
}

/**
 * Counts messages in batches and says what may be sent. The statement counts first and the verdicts
 * follow from the totals, so a message that is refused is given back with the next batch. Until then
 * other processes see it as used, which is too strict for a moment, never too generous.
 */
@Injectable()
export class SendCounter implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Budgets');
  private readonly options: LedgerOptions;
  private readonly refunds = new Set<Promise<unknown>>();
  /** Verdicts that no statement has stored yet, by key. */
  private verdicts = new Map<string, number>();

  private readonly charges = new Batch<SendCall, Verdict>({
    key: ({ send }) => send.keys.recipient,
    run: (calls, lockTimeout) => this.run(calls, lockTimeout),
  });

  private readonly credits = new Batch<CreditKeys, true>({
    key: ({ recipient }) => recipient,
    run: async (calls, lockTimeout) => {
      const credited = await this.repository.credit(calls, lockTimeout);
      return new Map(credited.map((key) => [key, true]));
    },
  });

  constructor(
    private readonly repository: BudgetRepository,
    private readonly warning: SpendWarning,
    config: Config,
  ) {
    const { PHONE_SPEND_PER_HOUR: perHour, PHONE_SPEND_PER_DAY: perDay } = config;
    this.options = {
      spend: {
        perHour: perHour === undefined ? null : perHour * MICROS,
        perDay: perDay === undefined ? null : perDay * MICROS,
      },
      enforcesFraud: config.fraudMode === 'enforce',
    };
  }

  async charge(send: CountedSend): Promise<Verdict> {
    const verdict = await this.charges.row({ send, isRefund: false });
    if (!verdict) throw new Error('a message was not counted');
    return verdict;
  }

  /** Joins the next batch. */
  refund(send: CountedSend): void {
    const refund = this.charges.row({ send, isRefund: true }).catch((error: unknown) => {
      // The message stays counted until its window ends.
      const name = error instanceof Error ? error.name : typeof error;
      this.logger.warn({ msg: 'a refused message was not given back', error: name });
    });
    this.refunds.add(refund);
    void refund.finally(() => this.refunds.delete(refund));
  }

  async credit(keys: CreditKeys): Promise<void> {
    await this.credits.row(keys);
  }

  /** Stores with the next batch that a message got this verdict. */
  record(verdict: string, scope: string, country: string): void {
    const key = verdictKey(verdict, scope, country);
    this.verdicts.set(key, (this.verdicts.get(key) ?? 0) + 1);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.refunds);
  }

  private async run(calls: SendCall[], lockTimeout: LockTimeout): Promise<Map<string, Verdict>> {
    const verdicts = this.verdicts;
    this.verdicts = new Map();
    const counts = calls.map(({ send, isRefund }) => ({
      keys: send.keys,
      isRefund,
      isRecognised: send.evidence.isRecognised,
    }));
    try {
      const counters = await this.repository.charge(counts, entriesOf(calls, verdicts), lockTimeout);
      this.warning.watch(counters.get(MONEY), this.options.spend);
      const charges = calls.filter(({ isRefund }) => !isRefund).map(({ send }) => send);
      const judged = judgeBatch(charges, counters, this.options);
      return new Map(judged.map((verdict, index) => [charges[index]?.keys.recipient ?? '', verdict]));
    } catch (error) {
      for (const [key, count] of verdicts) this.verdicts.set(key, (this.verdicts.get(key) ?? 0) + count);
      throw error;
    }
  }
}

/** What the batch adds to the money, to applications and to the verdicts, one entry per key. */
function entriesOf(calls: SendCall[], verdicts: Map<string, number>): Entry[] {
  const entries = new Map<string, Entry>();
  const add = (key: string, sent: number, spent: number) => {
    const entry = entries.get(key) ?? { key, sent: 0, spent: 0 };
    entries.set(key, { key, sent: entry.sent + sent, spent: entry.spent + spent });
  };
  for (const { send, isRefund } of calls) {
    const sign = isRefund ? -1 : 1;
    if (send.price > 0) add(MONEY, sign, sign * send.price);
    if (send.keys.application) add(send.keys.application, sign, sign * send.price);
  }
  for (const [key, count] of verdicts) add(key, count, 0);
  return [...entries.values()];
}
