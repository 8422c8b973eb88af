import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Config } from '../config/config.js';
import { MICROS } from '../config/phone-prices.js';
import { Batch, type LockTimeout } from '../database/batch.js';
import type { Usage } from './budget-rules.js';
import { MONEY, verdictKey, type CreditKeys } from './budget-keys.js';
import { BudgetRepository, type Entry, type SendCount } from './budget.repository.js';
import {
  isAccepted,
  judgeBatch,
  type CountedSend,
  type Counter,
  type LedgerCall,
  type LedgerOptions,
  type Verdict,
} from './send-ledger.js';
import { SpendWarning } from './spend-warning.js';

interface SendCall {
  send: CountedSend;
  /** `try` counts only a message that will probably be accepted. */
  kind: 'try' | 'charge' | 'refund';
}

interface Answer {
  verdict: Verdict;
  isCounted: boolean;
  /** What the application that asks has used, with the messages of the batch that are sent. */
  application?: Usage;
}

const NOTHING: Counter = {
  hourSent: 0,
  hourVerified: 0,
  hourSpent: 0,
  daySent: 0,
  dayVerified: 0,
  daySpent: 0,
  recognised: 0,
  fresh: 0,
  hourAge: 0,
  dayAge: 0,
};
const NOTHING_OF_RECIPIENT: Counter = { ...NOTHING, fresh: 15 };

/**
 * Counts messages in batches and says what may be sent. A message is counted before the verdict, so
 * that no limit can be passed, and given back with the next batch if it is refused. What other
 * processes see meanwhile is too strict. So that a flood of refused requests does not keep it so, a
 * message that the last known totals refuse is not counted: the statement only reads for it. If the
 * totals have become lower, it is counted with the next batch.
 */
@Injectable()
export class SendCounter implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Budgets');
  private readonly options: LedgerOptions;
  private readonly refunds = new Set<Promise<unknown>>();
  /**
   * The last known totals, of recipients only after a refusal. They decide nothing but which messages
   * are counted at once.
   */
  private readonly known = new LRUCache<string, Counter>({ max: 20_000, ttl: 60_000 });
  /** Verdicts that no statement has stored yet, by key. */
  private verdicts = new Map<string, number>();

  private readonly charges = new Batch<SendCall, Answer>({
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

  /** What `isAccepted` says is sent stays counted, nothing else. */
  async charge(send: CountedSend): Promise<Omit<Answer, 'isCounted'>> {
    let answer = await this.ask(send, 'try');
    if (!answer.isCounted && isAccepted(answer.verdict, send)) answer = await this.ask(send, 'charge');
    if (answer.isCounted && !isAccepted(answer.verdict, send)) this.refund(send);
    return answer;
  }

  /** Joins the next batch. */
  refund(send: CountedSend): void {
    const refund = this.charges.row({ send, kind: 'refund' }).catch((error: unknown) => {
      // The message stays counted until its window ends.
      const name = error instanceof Error ? error.name : typeof error;
      this.logger.warn({ msg: 'a refused message was not given back', error: name });
    });
    this.refunds.add(refund);
    void refund.finally(() => this.refunds.delete(refund));
  }

  /** Never fails, because the code that earns the credit is used up already. */
  async credit(keys: CreditKeys): Promise<void> {
    try {
      await this.credits.row(keys);
    } catch (error) {
      const name = error instanceof Error ? error.name : typeof error;
      this.logger.warn({ msg: 'a right code was not credited', error: name });
    }
  }

  /** Stores with the next batch that a message got this verdict. */
  record(verdict: string, scope: string, country: string): void {
    const key = verdictKey(verdict, scope, country);
    this.verdicts.set(key, (this.verdicts.get(key) ?? 0) + 1);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.refunds);
  }

  private async ask(send: CountedSend, kind: 'try' | 'charge'): Promise<Answer> {
    const answer = await this.charges.row({ send, kind });
    if (!answer) throw new Error('a message was not judged');
    return answer;
  }

  private async run(calls: SendCall[], lockTimeout: LockTimeout): Promise<Map<string, Answer>> {
    const verdicts = this.verdicts;
    this.verdicts = new Map();
    const weighed = this.weigh(calls);
    try {
      const counters = await this.repository.charge(weighed, entriesOf(weighed, verdicts), lockTimeout);
      this.warning.watch(counters.get(MONEY), this.options.spend);
      const asked = weighed.flatMap(({ send, weight }) =>
        weight < 0 ? [] : { send, isCounted: weight === 1 },
      );
      const judged = judgeBatch(asked, counters, this.options);
      this.remember(asked, judged, counters);
      return new Map(
        asked.flatMap(({ send, isCounted }, index) => {
          const verdict = judged[index];
          const application = counters.get(send.keys.application ?? '');
          return verdict ? [[send.keys.recipient, { verdict, isCounted, application }]] : [];
        }),
      );
    } catch (error) {
      for (const [key, count] of verdicts) this.verdicts.set(key, (this.verdicts.get(key) ?? 0) + count);
      throw error;
    }
  }

  private remember(asked: LedgerCall[], judged: Verdict[], counters: Map<string, Counter>): void {
    const accepted = asked.filter(({ send }, index) => isAccepted(judged[index] as Verdict, send));
    const forgettable = new Set(accepted.map(({ send }) => send.keys.recipient));
    for (const [key, counter] of counters)
      if (!forgettable.has(key) || this.known.has(key)) this.known.set(key, { ...counter, fresh: 0 });
  }

  /** Tries count if the last known totals accept them, in the order of the batch. */
  private weigh(calls: SendCall[]): (SendCount & { send: CountedSend })[] {
    const tries = calls.filter(({ kind }) => kind === 'try');
    const refused = this.expectRefused(tries.map(({ send }) => send));
    return calls.map(({ send, kind }) => ({
      send,
      keys: send.keys,
      isRecognised: send.evidence.isRecognised,
      weight: kind === 'refund' ? -1 : refused.has(send) ? 0 : 1,
    }));
  }

  private expectRefused(sends: CountedSend[]): Set<CountedSend> {
    const counters = new Map<string, Counter>();
    for (const send of sends) {
      for (const key of keysOf(send)) {
        const unknown = key === send.keys.recipient ? NOTHING_OF_RECIPIENT : NOTHING;
        counters.set(key, { ...(this.known.get(key) ?? unknown) });
      }
    }
    const calls = sends.map((send) => ({ send, isCounted: false }));
    const expected = judgeBatch(calls, counters, this.options);
    return new Set(sends.filter((send, index) => !isAccepted(expected[index] as Verdict, send)));
  }
}

function keysOf({ keys }: CountedSend): string[] {
  const { recipient, network, wideNetwork, prefix, country, application } = keys;
  return [recipient, MONEY, network, wideNetwork, prefix, country, application].filter((key) => key !== null);
}

/** What the batch adds to rows that do not depend on the recipient, one entry per key. */
function entriesOf(counts: (SendCount & { send: CountedSend })[], verdicts: Map<string, number>): Entry[] {
  const entries = new Map<string, Entry>();
  const add = (key: string, sent: number, spent: number) => {
    const entry = entries.get(key) ?? { key, sent: 0, spent: 0 };
    entries.set(key, { key, sent: entry.sent + sent, spent: entry.spent + spent });
  };
  for (const { send, weight } of counts) {
    // Also with the weight 0, because the verdict needs the totals.
    const spent = weight * send.price;
    if (send.price > 0) add(MONEY, weight, spent);
    if (send.keys.application) add(send.keys.application, weight, spent);
    // The statement counts the recipients of these rows, each once. The price is of every message.
    for (const key of [send.keys.prefix, send.keys.country]) if (key && spent !== 0) add(key, 0, spent);
  }
  for (const [key, count] of verdicts) add(key, count, 0);
  return [...entries.values()];
}
